"""The audit: who did what in a tenant, when and from where. It only grows.

An entry is written in the transaction of what it tells of, by whoever takes the request: below the
entry points nobody knows who asked. It names things by their ids, and holds no text of a document.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from allauth.account.signals import (
    email_changed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import models
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from citizenapp.ids import ids_from
from citizenapp.tenants.access import Access
from citizenapp.tenants.models import AuditEntry, Tenant, User
from citizenapp.tenants.throttle import client_address

LONGEST = 200  # characters of a single detail
_FACTORS = {"totp": "authenticator app", "webauthn": "passkey", "recovery_codes": "recovery codes"}


class Action(models.TextChoices):
    """All that is recorded."""

    SIGNED_IN = "person.signed_in", "Signed in"
    SIGN_IN_FAILED = "person.sign_in_failed", "Failed to sign in"
    SIGNED_OUT = "person.signed_out", "Signed out"
    PASSWORD_CHANGED = "person.password_changed", "Changed the password"
    ADDRESS_CHANGED = "person.address_changed", "Changed the e-mail address"
    FACTOR_ADDED = "person.factor_added", "Added a second factor"
    FACTOR_REMOVED = "person.factor_removed", "Removed a second factor"
    INVITED = "invitation.made", "Invited"
    INVITED_AGAIN = "invitation.sent_again", "Sent an invitation again"
    INVITATION_WITHDRAWN = "invitation.withdrawn", "Withdrew an invitation"
    JOINED = "member.joined", "Joined"
    ROLE_CHANGED = "member.role_changed", "Changed a role"
    REMOVED = "member.removed", "Removed a member"
    LEFT = "member.left", "Left"
    KEY_MADE = "key.made", "Made a key"
    KEY_ROLLED_OVER = "key.rolled_over", "Rolled a key over"
    KEY_REVOKED = "key.revoked", "Revoked a key"
    WEBHOOK_MADE = "webhook.made", "Made a webhook"
    WEBHOOK_CHANGED = "webhook.changed", "Changed a webhook"
    WEBHOOK_ROTATED = "webhook.rotated", "Made a new secret of a webhook"
    WEBHOOK_DELETED = "webhook.deleted", "Deleted a webhook"
    SETTINGS_CHANGED = "settings.changed", "Changed settings"
    DOWNLOADED = "results.downloaded", "Downloaded results"
    EXPORTED = "workspace.exported", "Exported everything"
    AUDIT_EXPORTED = "audit.exported", "Exported the audit"
    CANCELED = "jobs.canceled", "Canceled jobs"
    RETRIED = "jobs.retried", "Queued jobs again"
    ERASED = "jobs.erased", "Erased jobs"
    CONTINUED = "jobs.continued", "Let jobs go on"
    TAGGED = "jobs.tagged", "Tagged jobs"
    UNTAGGED = "jobs.untagged", "Took a tag from jobs"
    RUN_AGAIN = "jobs.run_again", "Ran jobs again with changes"
    SENT_NOW = "jobs.sent_now", "Sent now what waits"
    STAFF_CHANGED = "staff.changed", "Changed by staff"


def record(
    tenant: Tenant | int,
    actor: str,
    action: str,
    *,
    subject: str = "",
    address: str | None = None,
    agent: str = "",
    details: Mapping[str, object] | None = None,
    now: datetime | None = None,
) -> None:
    """Write an entry in the current transaction. Raises ValueError for an unknown action."""
    at = now or timezone.now()
    entry = AuditEntry(
        id=next(ids_from(at)),
        tenant_id=tenant if isinstance(tenant, int) else tenant.pk,
        actor=_plain(actor, 160),
        action=Action(action).value,
        subject=_plain(subject, 300),
        details={name: _plain(str(value), LONGEST) for name, value in (details or {}).items()},
        address=address,
        agent=_plain(program(agent), 120),
        at=at,
    )
    entry.save(force_insert=True)


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    """What became of settings: the old value and the new one, by field; nothing of the others."""
    return {
        name: f"{_shown(before.get(name))} → {_shown(after.get(name))}"
        for name in dict.fromkeys([*before, *after])
        if _shown(before.get(name)) != _shown(after.get(name))
    }


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)


# As browsers name themselves, each before those that it also claims to be.
_BROWSERS = (
    *(("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox")),
    *(
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("HeadlessChrome", "Chrome"),
        ("Version", "Safari"),
    ),
)
_SYSTEMS = (
    *(("iPhone", "iOS"), ("iPad", "iOS"), ("Android", "Android"), ("Windows", "Windows")),
    *(("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)


def program(agent: str) -> str:
    """A User-Agent in few words: “Firefox 142, Linux”, “python-httpx/0.28”."""
    if not agent.startswith("Mozilla/"):
        return agent.partition(" ")[0]
    versions = dict(re.findall(r"(\w+)/(\d+)", agent))
    found = [f"{name} {versions[mark]}" for mark, name in _BROWSERS if mark in versions]
    systems = [name for mark, name in _SYSTEMS if mark in agent]
    return ", ".join([*(found[:1] or ["A browser"]), *systems[:1]])


def of_request(
    request: HttpRequest,
    access: Access,
    action: Action,
    *,
    subject: object = "",
    details: Mapping[str, object] | None = None,
) -> None:
    """Write what a person or a key has asked for by this request."""
    record(
        access.tenant,
        access.actor,
        action,
        subject=str(subject),
        details=details,
        address=client_address(request),
        agent=request.headers.get("User-Agent", ""),
    )


def of_staff(
    request: HttpRequest,
    tenant: Tenant | int,
    action: Action,
    *,
    subject: object = "",
    details: Mapping[str, object] | None = None,
) -> None:
    """Write what staff have done to a tenant, in the admin."""
    record(
        tenant,
        f"staff {request.user.get_username()}",
        action,
        subject=str(subject),
        details=details,
        address=client_address(request),
        agent=request.headers.get("User-Agent", ""),
    )


def _plain(text: str, length: int) -> str:
    """What PostgreSQL can store, on one line, cut to a length."""
    stored = text.encode("utf-8", "replace").decode().replace("\0", "")
    one_line = " ".join(stored.split())
    return one_line if len(one_line) <= length else f"{one_line[: length - 1]}…"


@receiver(user_logged_in)
def _signed_in(request: HttpRequest | None, user: User, **_: object) -> None:
    of_person(request, user, Action.SIGNED_IN)


@receiver(user_logged_out)
def _signed_out(request: HttpRequest | None, user: User | None, **_: object) -> None:
    if user is not None:
        of_person(request, user, Action.SIGNED_OUT)


@receiver(user_login_failed)
def _sign_in_failed(
    credentials: Mapping[str, object], request: HttpRequest | None = None, **_: object
) -> None:
    """Of people who are members somewhere: to others it says nothing.

    Who is kept out for too many wrong passwords is not recorded: nobody looks at what they send.
    """
    if request is None or getattr(request, "is_kept_out", False):
        return
    named = {str(credentials.get(name) or "") for name in ("username", "email", "login")} - {""}
    for name in named:
        if "\0" in name:
            continue
        for user in User.objects.filter(Q(username=name) | Q(email__iexact=name))[:3]:
            of_person(request, user, Action.SIGN_IN_FAILED)


@receiver([password_changed, password_set, password_reset])
def _password_changed(request: HttpRequest, user: User, **_: object) -> None:
    of_person(request, user, Action.PASSWORD_CHANGED)


@receiver(email_changed)
def _address_changed(request: HttpRequest, user: User, **_: object) -> None:
    of_person(request, user, Action.ADDRESS_CHANGED)


@receiver([authenticator_added, authenticator_reset])
def _factor_added(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: object
) -> None:
    of_person(request, user, Action.FACTOR_ADDED, subject=_FACTORS[authenticator.type])


@receiver(authenticator_removed)
def _factor_removed(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: object
) -> None:
    of_person(request, user, Action.FACTOR_REMOVED, subject=_FACTORS[authenticator.type])


def of_person(
    request: HttpRequest | None, user: User, action: Action, *, subject: str = ""
) -> None:
    """In each of the person's tenants: who looks after one wants to know."""
    for tenant_id in user.memberships.order_by("pk").values_list("tenant_id", flat=True):
        record(
            tenant_id,
            user.get_username(),
            action,
            subject=subject,
            address=client_address(request) if request else None,
            agent=request.headers.get("User-Agent", "") if request else "",
        )
