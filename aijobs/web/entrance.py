"""Coming in, going out, and changing from one tenant to another."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from aijobs.web.guards import MemberRequest, for_members
from citizenapp.tenants.access import SESSION_TENANT
from citizenapp.tenants.models import Tenant


class SignIn(auth.LoginView):
    template_name = "sign_in.html"
    redirect_authenticated_user = True

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        refused = self.request.method == "POST"
        return super().render_to_response(context, status=422 if refused else 200, **kwargs)


sign_in = SignIn.as_view()
sign_out = auth.LogoutView.as_view()


@require_POST
@for_members
def switch(request: MemberRequest) -> HttpResponseBase:
    """Work in another of one's tenants from now on."""
    tenant = get_object_or_404(
        Tenant.objects.served(),
        pk=_number(request.POST.get("tenant", "")),
        memberships__user=request.user,
    )
    request.session[SESSION_TENANT] = tenant.pk
    messages.success(request, f"You work in {tenant.name} now.")
    return redirect("dashboard")


def _number(raw: str) -> int:
    return int(raw) if raw.isdecimal() and len(raw) < 19 else 0
