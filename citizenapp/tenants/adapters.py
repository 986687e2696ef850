"""What django-allauth asks us: who may sign up, which addresses are ours, how mails are written."""

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from citizenapp.tenants import mail, reader, remembering, second_factor, sessions
from citizenapp.tenants.access import of_user
from citizenapp.tenants.models import User
from citizenapp.tenants.throttle import full_address

NO_MATCH = (
    "Enter a correct username and password, or e-mail address and password. Upper and lower case "
    "count."
)
WRONG_CODE = "This code is not right, or not any more. Enter the one that is shown now."
LAST_OF_STAFF = "Staff keep at least one second factor. Set up another one before you remove this."
_UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - of a client that came by a Unix socket


class AccountAdapter(DefaultAccountAdapter):
    """Signing in, passwords and addresses."""

    error_messages = DefaultAccountAdapter.error_messages | {
        # The same for every name: nobody learns here who has an account.
        "username_password_mismatch": NO_MATCH,
        "email_password_mismatch": NO_MATCH,
        "incorrect_code": WRONG_CODE,
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your password.",
        "too_many_login_attempts": "Too many wrong codes. Try again in five minutes.",
        "rate_limited": "Too many tries. Try again in five minutes.",
        "duplicate_email": "This is your address already.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody signs up: people come by invitation."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only what is at this very host, not at all that ALLOWED_HOSTS has."""
        request = allauth_context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def is_ajax(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """No page answers as JSON because a header asks for it."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return full_address(request) or _UNKNOWN_ADDRESS

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: django-axes counts wrong passwords (throttle.py), in Django's `authenticate`."""

    def reauthenticate(self, user: User, password: str) -> bool:
        """Whether it is this person's password. Wrong ones are counted as at the door."""
        found = self.authenticate(self.request, username=user.username, password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not of people who have nothing to prove themselves by, such as those of the demo."""
        if not get_reauthentication_flows(self.request.user):
            return False
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return reverse("security")

    def get_email_verification_redirect_url(self, email_address: object) -> str:  # noqa: ARG002
        return reverse("security" if self.request.user.is_authenticated else "sign-in")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """`key` begins with whose it is."""
        whose, _, secret = key.partition("-")
        path = reverse("account_reset_password_from_key", args=[whose, secret])
        return str(allauth_context.request.build_absolute_uri(path))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: Any = None, email: str | None = None
    ) -> None:
        about = {"user": user} | (context or {})
        super().send_notification_mail(template_prefix, user, about, email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """By a template of ours, of the same name. A mail that fails fails nothing else."""
        name = template_prefix.rpartition("/")[2]
        request = allauth_context.request
        with reader.reading(lambda: _who_gets(context, request)):
            message = mail.write(name, email, {"request": request, "email": email} | context)

        def tell() -> None:
            messages.error(
                request, "The mail server does not answer, so no e-mail was sent. Try again later."
            )

        mail.send(message, tell)


def _who_gets(context: dict[str, Any], request: HttpRequest) -> reader.Reader:
    """Dates in an e-mail are those of its owner, whoever made the request that it tells of."""
    person = context.get("user")
    if not isinstance(person, User):
        return reader.of_request(request)
    access = of_user(person, {})
    return reader.of_person(person, access.tenant if access else None)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Authenticator apps, passkeys and recovery codes."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": WRONG_CODE,
        "cannot_delete_authenticator": LAST_OF_STAFF,
    }

    def encrypt(self, text: str) -> str:
        return second_factor.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Where SECRET_KEY was changed, a page says so."""
        try:
            return second_factor.decrypt(encrypted_text)
        except second_factor.SecretLost:
            page = render(allauth_context.request, "mfa/lost.html", status=409)
            raise ImmediateHttpResponse(page) from None

    def is_mfa_enabled(self, user: User, types: Iterable[str] | None = None) -> bool:
        """Pages of allauth ask it again and again."""
        wanted = None if types is None else tuple(types)
        find = super().is_mfa_enabled
        return remembering.once((user.pk, wanted), lambda: bool(find(user, wanted)))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return second_factor.may_remove(authenticator)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": allauth_context.request.get_host().partition(":")[0], "name": "CitizenApp"}


class SessionsAdapter(DefaultUserSessionsAdapter):
    """The list of sessions."""

    def end_sessions(self, ended: Iterable[UserSession]) -> None:
        sessions.end(ended)
