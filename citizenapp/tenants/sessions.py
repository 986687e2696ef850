"""Where and since when somebody is signed in, and the one place where sessions end.

Whoever holds a socket or an answer open for a session is told by PostgreSQL when it ends: ends.py.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.signals import (
    password_changed,
    password_reset,
    password_set,
    user_logged_in,
)
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from citizenapp.tenants.models import User

_SEEN = "seen_at"
# How exact “last seen” is: writing it with each request would cost more than answering many.
SEEN_EVERY = timedelta(minutes=10)


def seen(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: notes now and then that a session is used, and from where."""

    def respond(request: HttpRequest) -> HttpResponse:
        # Who has no session, such as a program with a key, is not asked for one.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return get_response(request)
        noted = request.session.get(_SEEN)
        now = timezone.now()
        if noted is not None and now.timestamp() - noted > SEEN_EVERY.total_seconds():
            if request.user.is_authenticated:
                UserSession.objects.create_from_request(request)
            request.session[_SEEN] = now.timestamp()
        return get_response(request)

    return respond


def of(user: User, request: HttpRequest) -> list[UserSession]:
    """The sessions in which somebody is signed in, the one of this request first."""
    if _SEEN not in request.session:  # It began before sessions were listed.
        begin(request)
    _forget_expired(user)
    here = request.session.session_key
    found = UserSession.objects.filter(user=user)
    return sorted(found, key=lambda one: (one.session_key != here, -one.last_seen_at.timestamp()))


@transaction.atomic
def end(sessions: Iterable[UserSession]) -> None:
    """End these."""
    for session in sessions:
        session.end()


@transaction.atomic
def end_all(user: User, now: datetime) -> None:
    """Sign somebody out everywhere, also where no list knows it."""
    # What began before this moment is not good any more, found or not.
    user.sessions_since = now
    user.save(update_fields=["sessions_since"])
    end(UserSession.objects.filter(user=user))


def end_others(request: HttpRequest, user: User) -> None:
    """End all sessions of somebody but the one of this request."""
    key = request.session.session_key
    end(UserSession.objects.filter(user=user).exclude(session_key=key))


def begin(request: HttpRequest) -> None:
    """List the session of this request, in which somebody was signed in just now."""
    UserSession.objects.create_from_request(request)
    request.session[_SEEN] = timezone.now().timestamp()


def _forget_expired(user: User) -> None:
    good = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(
        ~Exists(good.filter(expire_date__gt=timezone.now())), user=user
    ).delete()


@transaction.atomic
def _clear_expired(now: datetime) -> None:
    """Delete sessions of anybody that are over: nothing else does. A thousand at a time, so that
    nobody who signs in waits for long, and none that somebody else is deleting.
    """
    expired = Session.objects.filter(expire_date__lt=now).select_for_update(skip_locked=True)
    keys = list(expired.values_list("session_key", flat=True)[:1_000])
    if keys:
        UserSession.objects.filter(session_key__in=keys).delete()
        Session.objects.filter(session_key__in=keys).delete()


@receiver(user_logged_in)
def _began(sender: object, request: HttpRequest, user: User, **_: object) -> None:  # noqa: ARG001
    _clear_expired(timezone.now())
    _forget_expired(user)
    begin(request)


@receiver(user_logged_out)
def _signed_out(sender: object, request: HttpRequest, **_: object) -> None:  # noqa: ARG001
    # The session is still there: Django empties it after this.
    if key := request.session.session_key:
        UserSession.objects.filter(session_key=key).delete()


@receiver([password_changed, password_set])
def _password_is_new(sender: object, request: HttpRequest, user: User, **_: object) -> None:  # noqa: ARG001
    # Django lets no other session in with the old password, and gave this one a new key.
    begin(request)
    end_others(request, user)


@receiver(password_reset)
def _password_was_set_anew(
    sender: object,  # noqa: ARG001
    request: HttpRequest,
    user: User,
    **_: object,
) -> None:
    end_others(request, user)
