"""Every address there is."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from aijobs.api import health, problems

admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("api/", include("aijobs.api.urls")),
    path("v1/", include("aijobs.api.anthropic.urls")),
    path("problems/", include("aijobs.api.problem_pages")),
    path("admin/", admin.site.urls),
    path("", include("aijobs.web.urls")),
]

# Under /api/ errors are problem documents, under /v1/ Anthropic's, elsewhere pages.
handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.not_found
handler500 = problems.server_error
