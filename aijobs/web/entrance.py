"""Coming in, going out, and changing from one tenant to another."""

from typing import Any, cast
from urllib.parse import urlencode

from allauth.account import views as account
from allauth.account.internal.flows.logout import logout
from allauth.mfa.base import views as factors
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from aijobs.web.passkeys import as_json
from aijobs.web.refusing import Refusing
from citizenapp.tenants.access import SESSION_TENANT
from citizenapp.tenants.models import Tenant, User


class SignIn(Refusing, account.LoginView):
    template_name = "sign_in.html"


class SecondStep(Refusing, factors.AuthenticateView):
    """The code or the passkey that follows the password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super(factors.AuthenticateView, self).get_context_data(**kwargs)
        user = self.stage.login.user
        types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        context |= {"form": self.auth_form, "has_app": Authenticator.Type.TOTP in types}
        if Authenticator.Type.WEBAUTHN in types:
            context["options"] = as_json(webauthn.begin_authentication(user))
        return context | {"refused": self.webauthn_form and self.webauthn_form.errors}


class Forgotten(Refusing, account.PasswordResetView):
    """Sends a link by which a password can be set anew."""


class NewPassword(Refusing, account.PasswordResetFromKeyView):
    """Where that link leads to."""


class AgainByPassword(Refusing, account.ReauthenticateView):
    """Shows that it is still the same person, before something about the account is changed."""


class AgainByCode(Refusing, factors.ReauthenticateView):
    """The same, by a code."""


@require_POST
@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    logout(request, show_message=False)
    return redirect("sign-in")


@never_cache
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin has no door of its own: who comes here signs in where everybody does."""
    if request.user.is_authenticated:
        if not request.user.is_staff:
            raise PermissionDenied("Only staff of CitizenApp see the admin.")
        return redirect("admin:index")
    onward = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('sign-in')}?{urlencode({'next': onward})}")


def too_often(request: HttpRequest) -> HttpResponse:
    """What allauth refuses by its limits: too many mails, codes, or changes of an account."""
    response = render(request, "account/too_often.html", status=429)
    response["Retry-After"] = "300"
    return response


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponseBase:
    """Work in another of one's tenants from now on."""
    tenant = get_object_or_404(
        Tenant.objects.served(),
        pk=_number(request.POST.get("tenant", "")),
        memberships__user=cast(User, request.user),
    )
    request.session[SESSION_TENANT] = tenant.pk
    messages.success(request, f"You work in {tenant.name} now.")
    return redirect("dashboard")


def _number(raw: str) -> int:
    return int(raw) if raw.isdecimal() and len(raw) < 19 else 0
