"""Second factors: who must have one, and how their secrets are kept."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from citizenapp.tenants.models import User

_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecretLost(Exception):
    """No key that is known opens it: SECRET_KEY was changed."""


def may_remove(authenticator: Authenticator) -> bool:
    """Staff who must have a second factor keep their last one."""
    if not (settings.STAFF_SECOND_FACTOR and authenticator.user.is_staff):
        return True
    others = Authenticator.objects.filter(user=authenticator.user, type__in=_FACTORS)
    left: bool = others.exclude(pk=authenticator.pk).exists()
    return left


def was_shown(request: HttpRequest) -> bool:
    """Whether this session began, or was confirmed, with a second factor."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def required_of_staff(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: staff see the admin only after a second factor, where the settings say so."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not settings.STAFF_SECOND_FACTOR or not _is_admins(request.path):
            return get_response(request)
        user = request.user
        if not isinstance(user, User) or not user.is_staff or was_shown(request):
            return get_response(request)
        types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        if not types & {*_FACTORS}:
            messages.warning(
                request,
                "Staff need a second factor before they see the admin. Set up an authenticator app "
                "or a passkey here.",
            )
            return redirect("security")
        has_app = Authenticator.Type.TOTP in types
        again = reverse("mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn")
        return redirect(f"{again}?{urlencode({'next': request.get_full_path()})}")

    return respond


def _is_admins(path: str) -> bool:
    doors = (reverse("admin:login"), reverse("admin:logout"))
    return path.startswith(reverse("admin:index")) and path not in doors


@receiver(authenticator_added)
def _was_set_up(
    sender: object,  # noqa: ARG001
    request: HttpRequest,
    user: User,
    authenticator: Authenticator,
    **_: object,
) -> None:
    # Who has just set one up has shown it: the session need not ask for it again.
    if authenticator.type in _FACTORS:
        record_authentication(request, user, "mfa", type=authenticator.type, reauthenticated=True)


def encrypt(text: str) -> str:
    """What the database keeps of a secret: nothing that helps without SECRET_KEY."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """The secret. Raises SecretLost where neither SECRET_KEY nor a fallback has made it."""
    try:
        return _keys().decrypt(text.encode()).decode()
    except InvalidToken:
        raise SecretLost from None


def _keys() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    made = (hashlib.sha256(f"second factors {secret}".encode()).digest() for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])
