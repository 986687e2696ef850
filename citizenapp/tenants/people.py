"""The people of a tenant: whose role changes, who is removed, who leaves, who is made.

A tenant keeps an owner, whatever is asked at once: whoever changes its people locks it, and only
then looks who there is. So two owners who remove each other do it one after the other, and the
second is no owner any more.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q

from citizenapp.tenants.models import Invitation, Membership, Role, Tenant, User


class Refused(Exception):
    """Nothing was changed; the message says why, to the person who asked."""


def change_role(
    tenant: Tenant, member_id: int, role: Role, *, by: User, now: datetime
) -> Membership | None:
    """Give a member another role; None where it has that role already.

    Raises Membership.DoesNotExist, and Refused.
    """
    with transaction.atomic():
        acting, member = _both(tenant, member_id, by)
        if member.role == role:
            return None
        if role not in acting.up_to_it:
            raise Refused("You cannot give a role above your own.")
        _may_touch(acting, member)
        if member.role == Role.OWNER:
            _keep_an_owner(tenant, member)
        member.role = role
        member.save(update_fields=["role"])
        withdraw_above(member, role, now)
    return member


def remove(tenant: Tenant, member_id: int, *, by: User, now: datetime) -> Membership:
    """Take a member out of the tenant. Raises Membership.DoesNotExist, and Refused."""
    with transaction.atomic():
        acting, member = _both(tenant, member_id, by)
        _may_touch(acting, member)
        _take_out(tenant, member, now)
    return member


def leave(tenant: Tenant, user: User, *, now: datetime) -> None:
    """Leave a tenant; who has left already stays away. Raises Refused."""
    with transaction.atomic():
        lock(tenant)
        member = Membership.objects.filter(tenant=tenant, user=user).first()
        if member is not None:
            _take_out(tenant, member, now)


def make_person(email: str, name: str, password: str, *, has_proven: bool) -> User:
    """A new person, who signs in by e-mail address and this password.

    `has_proven`: a letter to this address brought the person here, so that it need not be proven
    again; an address that is not proven is none of the person's, only the name to sign in with.
    Raises IntegrityError where the address, as a user's name, is taken at this moment.
    """
    user: User = User.objects.create_user(
        username=email[:150], email=email if has_proven else "", password=password, first_name=name
    )
    if has_proven:
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return user


def with_address(email: str) -> User | None:
    """Who signs in with this e-mail address."""
    confirmed = EmailAddress.objects.filter(email=email.lower(), verified=True).values("user")
    named = Q(email__iexact=email) | Q(username__iexact=email) | Q(pk__in=confirmed)
    return User.objects.filter(named).first()


def has_proven(user: User, email: str) -> bool:
    """Whether the person is known to read what is sent to this address."""
    if not email or not user.is_active:
        return False
    confirmed = EmailAddress.objects.filter(user=user, email=email, verified=True)
    return user.email.lower() == email or confirmed.exists()


def role_now(tenant: Tenant, user_id: int | None) -> Role:
    """The role of whoever asks; nobody changes it until the transaction ends.

    Raises Refused where the person does not look after the tenant, or not any more.
    """
    lock(tenant)
    own = Membership.objects.filter(tenant=tenant, user=user_id).first()
    if own is None or not Role(own.role).can_administer:
        raise Refused("Only owners and admins of this workspace may do this.")
    return Role(own.role)


def withdraw_above(member: Membership, role: Role | None, now: datetime) -> None:
    """Withdraw a member's open invitations to roles that the member cannot give any more.

    With None, for who is gone: all of them, and those by which the person could come back.
    """
    given = role.up_to_it if role is not None and role.can_administer else []
    open_ = Invitation.objects.unanswered().filter(tenant=member.tenant_id)
    above = open_.filter(invited_by=member.user_id).exclude(role__in=given)
    above.update(withdrawn_at=now)
    if role is None:
        open_.filter(email__in=_addresses_of(member.user)).update(withdrawn_at=now)


def _addresses_of(user: User) -> set[str]:
    """All by which a person may have been invited, in lower case."""
    proven = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {one.lower() for one in (user.username, user.email, *proven) if one}


def lock(tenant: Tenant) -> None:
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _both(tenant: Tenant, member_id: int, by: User) -> tuple[Role, Membership]:
    """The role of whoever asks, as it is now, and the member that it is about."""
    acting = role_now(tenant, by.pk)
    return acting, Membership.objects.select_related("user").get(tenant=tenant, pk=member_id)


def _may_touch(acting: Role, member: Membership) -> None:
    if member.role == Role.OWNER and acting != Role.OWNER:
        raise Refused("Only an owner may change or remove an owner.")


def _take_out(tenant: Tenant, member: Membership, now: datetime) -> None:
    if member.role == Role.OWNER:
        _keep_an_owner(tenant, member)
    # Who is gone shall not come back, or bring others, by an open invitation.
    withdraw_above(member, None, now)
    member.delete()


def _keep_an_owner(tenant: Tenant, member: Membership) -> None:
    owners = Membership.objects.filter(tenant=tenant, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=member.pk).exists():
        raise Refused(
            "This is the last owner. Make somebody else an owner first: a workspace needs one."
        )
