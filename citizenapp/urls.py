"""Every address there is."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from aijobs.api import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("api/", include("aijobs.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("aijobs.web.urls")),
]
