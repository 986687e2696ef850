"""Invitations by e-mail: made, sent, sent again, withdrawn, accepted.

The link of an invitation holds a token, which is stored as a hash and works once. Letters are sent
after the invitations are stored: no mail server is waited for inside a transaction. Where one
cannot be sent, whoever invites gets the link, and hands it over in another way.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any
from uuid import UUID

from django.core import mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string

from citizenapp.ids import ids_from
from citizenapp.tenants import people, reader
from citizenapp.tenants.access import Access
from citizenapp.tenants.models import Invitation, Membership, Role, Tenant, User
from citizenapp.tenants.people import Refused

logger = logging.getLogger(__name__)

LASTS_DAYS = 7
LONGEST_DAYS = 30
MOST_AT_ONCE = 20
MOST_OPEN = 200  # of a tenant


@dataclass(frozen=True, slots=True)
class Letter:
    """An invitation with its token, which nobody knows afterwards."""

    invitation: Invitation
    token: str


class AddressTaken(Exception):
    """Somebody signs in with this e-mail address already."""


def invite(
    access: Access, by: User, emails: Sequence[str], role: Role, days: int, *, now: datetime
) -> list[Letter]:
    """Invite these addresses, or renew what they were sent before.

    Raises Refused: for a role above the own, for who is a member already, and for too many.
    """
    with transaction.atomic():
        own = people.role_now(access.tenant, access.user_id)
        _may_give(own, role)
        return _store(access.tenant, by, own, emails, role, days, now)


def invite_owner(tenant: Tenant, staff: User, email: str, *, now: datetime) -> list[Letter]:
    """The same by staff, whom no role in the tenant binds. Raises Refused."""
    with transaction.atomic():
        people.lock(tenant)
        return _store(tenant, staff, Role.OWNER, [email], Role.OWNER, LASTS_DAYS, now)


def _store(
    tenant: Tenant,
    by: User,
    own: Role,
    emails: Sequence[str],
    role: Role,
    days: int,
    now: datetime,
) -> list[Letter]:
    # One at a time holds the tenant: nobody is invited twice, and none is one too many.
    wanted = list(dict.fromkeys(email.lower() for email in emails))
    refuse_members(tenant, wanted)
    unanswered = Invitation.objects.unanswered().filter(tenant=tenant)
    sent_before = {one.email: one for one in unanswered.filter(email__in=wanted)}
    more = len(wanted) - len(sent_before)
    if unanswered.count() + more > MOST_OPEN:
        # Those that have expired make room.
        expired = unanswered.filter(expires_at__lte=now).exclude(email__in=wanted)
        expired.update(withdrawn_at=now)
    if unanswered.count() + more > MOST_OPEN:
        raise Refused(f"A workspace has at most {MOST_OPEN} open invitations. Withdraw some.")
    letters = []
    for id_, email in zip(ids_from(now), wanted, strict=False):
        one = sent_before.get(email) or Invitation(
            id=id_, tenant=tenant, email=email, created_at=now
        )
        if one.role:
            _may_give(own, Role(one.role))
        one.role = role
        one.invited_by, one.inviter = by, _name(by)
        letters.append(_renew(one, now + timedelta(days=days)))
    return letters


def refuse_members(tenant: Tenant, emails: Sequence[str]) -> None:
    """Raises Refused where one of these addresses, in lower case, is of a member."""
    members = Membership.objects.filter(tenant=tenant, user__is_active=True)
    names = members.values_list("user__email", "user__username")
    known = {name.lower() for both in names for name in both}
    if there := [email for email in emails if email in known]:
        raise Refused(f"{', '.join(there)}: a member already.")


def again(access: Access, by: User, invitation: Invitation, *, now: datetime) -> Letter:
    """A new link for an unanswered invitation; the one before is void. Raises Refused."""
    with transaction.atomic():
        own = people.role_now(access.tenant, access.user_id)
        found = _unanswered(invitation)
        _may_give(own, Role(found.role))
        lasts = max(found.expires_at - found.created_at, timedelta(days=1))
        found.created_at = now
        found.invited_by, found.inviter = by, _name(by)
        return _renew(found, now + min(lasts, timedelta(days=LONGEST_DAYS)))


def withdraw(access: Access, invitation: Invitation, *, now: datetime) -> bool:
    """Whether it was open until now. Raises Refused for one to a role above the own."""
    with transaction.atomic():
        own = people.role_now(access.tenant, access.user_id)
        found = Invitation.objects.unanswered().filter(pk=invitation.pk)
        for one in found.select_for_update():
            _may_give(own, Role(one.role))
        return bool(found.update(withdrawn_at=now))


def send(
    letters: Sequence[Letter], address_of: Callable[[str], str], *, now: datetime
) -> list[Letter]:
    """Send letters by one connection; returns those that could not be sent.

    `address_of` makes the link of a token. To be called outside of transactions.
    """
    sent: set[UUID] = set()
    connection = mail.get_connection()
    try:
        connection.open()
        for letter in letters:
            # What is wrong with one letter keeps no other back; a server that is away does.
            with suppress(SMTPResponseException, SMTPRecipientsRefused):
                _message(letter, address_of(letter.token), connection).send()
                sent.add(letter.invitation.pk)
    except OSError as error:  # Those of SMTP are such, too.
        logger.warning("Invitations cannot be sent (%s).", type(error).__name__)
    finally:
        connection.close()
    Invitation.objects.filter(pk__in=sent).update(sent_at=now)
    failed = [letter for letter in letters if letter.invitation.pk not in sent]
    shown = [letter.invitation.pk for letter in failed]
    Invitation.objects.filter(pk__in=shown).update(is_link_shown=True)
    return failed


def by_token(token: str, *, now: datetime) -> Invitation | None:
    """The open invitation with this token."""
    found = Invitation.objects.open(now).filter(token_hash=_hash(token))
    return found.select_related("tenant").first()


def invitations_for(user: User, *, now: datetime) -> list[Invitation]:
    """Open invitations to an address that the person has proven to read, newest first."""
    if not people.has_proven(user, user.email.lower()):
        return []
    found = Invitation.objects.open(now).filter(email=user.email.lower())
    belongs = Membership.objects.filter(user=user).values("tenant")
    return list(found.exclude(tenant__in=belongs).select_related("tenant").order_by("-pk"))


def accept(invitation: Invitation, user: User, *, now: datetime) -> Membership | None:
    """Join the tenant; None where the invitation is open no more.

    Who is a member already stays what they are: the invitation is used up all the same.
    """
    with transaction.atomic():
        Tenant.objects.select_for_update(no_key=True).get(pk=invitation.tenant_id)
        # Its token too: one that was sent again has another.
        found = Invitation.objects.open(now).filter(
            pk=invitation.pk, token_hash=invitation.token_hash
        )
        if not found.update(accepted_at=now, accepted_by=user.get_username()):
            return None
        return Membership.objects.get_or_create(
            tenant_id=invitation.tenant_id, user=user, defaults={"role": invitation.role}
        )[0]


def accept_as_new(
    invitation: Invitation, name: str, password: str, *, now: datetime
) -> Membership | None:
    """Make the person who was invited, and let them join; None where it is open no more.

    Raises AddressTaken.
    """
    if people.with_address(invitation.email):
        raise AddressTaken
    try:
        with transaction.atomic():
            has_proven = not invitation.is_link_shown
            user = people.make_person(invitation.email, name, password, has_proven=has_proven)
            membership = accept(invitation, user, now=now)
            if membership is None:
                transaction.set_rollback(True)
            return membership
    except IntegrityError:
        raise AddressTaken from None


def _unanswered(invitation: Invitation) -> Invitation:
    found = Invitation.objects.unanswered().select_for_update().filter(pk=invitation.pk).first()
    if found is None:
        raise Refused("It was accepted or withdrawn meanwhile.")
    return found


def _may_give(own: Role, role: Role) -> None:
    if role not in own.up_to_it:
        raise Refused("You cannot invite to a role above your own.")


def _name(person: User) -> str:
    """Who invites, as they are known to people; by a name alone anybody could come."""
    full, own = person.get_full_name(), person.get_username()
    return (f"{full} ({own})" if full else own)[:150]


def _renew(invitation: Invitation, expires_at: datetime) -> Letter:
    token = secrets.token_urlsafe(32)
    invitation.token_hash = _hash(token)
    invitation.expires_at = expires_at
    invitation.sent_at = None
    invitation.is_link_shown = False
    invitation.save()
    return Letter(invitation, token)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _message(letter: Letter, link: str, connection: Any) -> mail.EmailMessage:
    invitation = letter.invitation
    workspace = " ".join(invitation.tenant.name.split())
    context = {"invitation": invitation, "workspace": workspace, "link": link}
    # Who has an account already has said how dates are to be written.
    guest = User.objects.filter(email__iexact=invitation.email, is_active=True).first()
    with reader.reading(lambda: reader.of_person(guest, invitation.tenant)):
        text = render_to_string("mail/invitation.txt", context)
    return mail.EmailMessage(
        f"{invitation.inviter} invites you to {workspace} on CitizenApp",
        text,
        to=[invitation.email],
        connection=connection,
    )
