"""Passkeys: signing in by one, proving oneself again, adding, naming and removing them."""

import json
from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import views as passkeys
from allauth.mfa.webauthn.internal import auth
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy

from aijobs.web.refusing import Refusing
from citizenapp.tenants import second_factor
from citizenapp.tenants.adapters import LAST_OF_STAFF
from citizenapp.tenants.models import User


def plain(options: Any) -> Any:
    """Dicts and lists: the library that makes the questions has mappings of its own."""
    if isinstance(options, list | tuple):
        return [plain(one) for one in options]
    if hasattr(options, "keys"):
        return {key: plain(options[key]) for key in options}
    return options


def as_json(options: Any) -> str:
    """For an attribute of an element, where the script reads it: a page holds no inline script."""
    return json.dumps(plain(options))


class SignInByPasskey(passkeys.LoginWebAuthnView):
    """The script of the sign-in page asks it for a question, and posts what the passkey says."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        return JsonResponse(plain(auth.begin_authentication(user=None)))

    def form_invalid(self, form: Any) -> HttpResponse:  # noqa: ARG002
        messages.error(
            self.request,
            "This passkey is not known here. Sign in by your password, then add the passkey anew.",
        )
        return HttpResponseRedirect(_with_next(self.request, "sign-in"))


class AgainByPasskey(passkeys.ReauthenticateWebAuthnView):
    """Shows that it is still the same person."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"options": as_json(context["js_data"]["request_options"])}

    def form_invalid(self, form: Any) -> HttpResponse:  # noqa: ARG002
        messages.error(self.request, "This passkey does not belong to your account.")
        return HttpResponseRedirect(_with_next(self.request, "mfa_reauthenticate_webauthn"))


class NewPasskey(Refusing, passkeys.AddWebAuthnView):
    """A passkey more."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super(passkeys.AddWebAuthnView, self).get_context_data(**kwargs)
        # One that lets its owner in alone, for which allauth would have one tick a box.
        options = auth.begin_registration(self.request.user, passwordless=True)
        return context | {"options": as_json(options)}


class OfOneself:
    """A passkey of somebody else is not there, whether one has proved oneself or not."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, User):
            mine = Authenticator.objects.filter(user=request.user)
            get_object_or_404(mine, pk=kwargs["pk"], type=Authenticator.Type.WEBAUTHN)
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


class PasskeyName(OfOneself, Refusing, passkeys.EditWebAuthnView):
    success_url = reverse_lazy("security")


class WithoutPasskey(OfOneself, Refusing, passkeys.RemoveWebAuthnView):
    success_url = reverse_lazy("security")
    # Django's own answer to DELETE would ask nothing of what is asked below, and tell nobody.
    http_method_names = ("get", "head", "post")

    def form_valid(self, form: Any) -> HttpResponse:
        if not second_factor.may_remove(self.get_object()):
            messages.error(self.request, LAST_OF_STAFF)
            return HttpResponseRedirect(reverse("security"))
        response: HttpResponse = super().form_valid(form)
        return response


def _with_next(request: HttpRequest, name: str) -> str:
    onward = request.POST.get("next") or request.GET.get("next")
    return reverse(name) + (f"?{urlencode({'next': onward})}" if onward else "")
