"""The account of a person: how they sign in, and where they are signed in."""

from typing import Any, cast

from allauth.account import views as account
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from aijobs.web.refusing import Refusing
from citizenapp.tenants import audit, mailbox, sessions
from citizenapp.tenants.audit import Action
from citizenapp.tenants.demo import is_of_demo
from citizenapp.tenants.models import User


class Address(Refusing, account.EmailView):
    """The e-mail address; a new one counts once the link that is sent there was opened."""

    def _action_send(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super()._action_send(request, *args, **kwargs)
        if not self._did_send_verification_email:
            messages.warning(
                request, "A link was sent there just now. Look for it, or ask again in 3 minutes."
            )


class ConfirmedAddress(account.ConfirmEmailView):
    """Where the link leads to that was sent to a new address."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().post(*args, **kwargs)
        except Http404:  # It was pressed twice.
            self.object = None
            response = self.render_to_response(self.get_context_data(), status=409)
        return response


class Password(Refusing, account.PasswordChangeView):
    """A new password."""


class FirstPassword(Refusing, account.PasswordSetView):
    """A password for who has none."""


@method_decorator(never_cache, name="dispatch")
class App(Refusing, totp.ActivateTOTPView):
    """Set up an authenticator app."""


class WithoutApp(Refusing, totp.DeactivateTOTPView):
    """Do without the authenticator app."""


class NewCodes(Refusing, recovery_codes.GenerateRecoveryCodesView):
    """Other recovery codes in the place of those there are."""


@require_safe
@never_cache
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """How somebody signs in: address, password, second factors."""
    user = cast(User, request.user)
    found = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    by_type = {one.type: one for one in found}
    address = EmailAddress.objects.get_verified(user)
    context = {
        "app": by_type.get(Authenticator.Type.TOTP),
        "passkeys": [one for one in found if one.type == Authenticator.Type.WEBAUTHN],
        "codes": by_type.get(Authenticator.Type.RECOVERY_CODES),
        "address": address.email if address else user.email,
        "is_confirmed": address is not None,
        "is_of_demo": is_of_demo(user),
        "must_have_factor": settings.STAFF_SECOND_FACTOR and user.is_staff,
    }
    return render(request, "account/security.html", context)


@require_safe
@never_cache
@login_required
def where_signed_in(request: HttpRequest) -> HttpResponse:
    """The sessions of a person: from where, by what, since when."""
    found = sessions.of(cast(User, request.user), request)
    context = {"sessions": found, "here": request.session.session_key}
    return render(request, "account/sessions.html", context)


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign out elsewhere; here too, where it is this session."""
    session = get_object_or_404(UserSession, pk=session_id, user=cast(User, request.user))
    if session.session_key == request.session.session_key:
        logout(request)
        return redirect("sign-in")
    with transaction.atomic():
        sessions.end([session])
        audit.of_person(request, session.user, Action.SIGNED_OUT, subject="another session")
    messages.success(request, "This session is signed out. Its open pages show nothing new.")
    return redirect("sessions")


@require_POST
@login_required
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere."""
    sessions.end_all(cast(User, request.user), timezone.now())
    logout(request)
    messages.success(request, "You are signed out everywhere.")
    return redirect("sign-in")


@require_safe
@never_cache
def mails(request: HttpRequest) -> HttpResponse:
    """What local mode would have sent. Who is signed out needs it too, to set a password anew."""
    if not settings.MAILBOX:
        raise Http404
    return render(request, "mailbox.html", {"mails": mailbox.latest()})
