"""Every address there is."""

import importlib

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from aijobs.api import health, problems
from aijobs.web import entrance

admin.autodiscover()
# After allauth's, which it replaces.
importlib.import_module("citizenapp.tenants.door_admin")

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("api/", include("aijobs.api.urls")),
    path("v1/", include("aijobs.api.anthropic.urls")),
    path("problems/", include("aijobs.api.problem_pages")),
    # Staff come and go by the door of everybody.
    path("admin/login/", entrance.staff_sign_in),
    path("admin/logout/", entrance.sign_out),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("", include("aijobs.web.urls")),
]

# Under /api/ errors are problem documents, under /v1/ Anthropic's, elsewhere pages.
handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.not_found
handler429 = "aijobs.web.entrance.too_often"  # allauth's: it looks for it here.
handler500 = problems.server_error
