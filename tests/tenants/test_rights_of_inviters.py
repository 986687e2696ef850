"""Who may invite is looked at when it is stored, not when the request began."""

from collections.abc import Callable

import pytest
from django.test import Client

from citizenapp.tenants import invitations, people
from citizenapp.tenants.access import Access
from citizenapp.tenants.invitations import Letter
from citizenapp.tenants.models import Invitation, Membership, Role, Tenant, User
from citizenapp.tenants.people import Refused
from tests.factories import NOW, make_invitation, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def olga(tenant: Tenant) -> User:
    return make_user("olga", tenant, "owner")


@pytest.fixture
def otto(tenant: Tenant) -> User:
    return make_user("otto", tenant, "owner")


def access_of(tenant: Tenant, user: User) -> Access:
    """As it was when the request began."""
    role = Membership.objects.get(tenant=tenant, user=user).role
    return Access(tenant, Role(role), user.username, user_id=user.pk)


def invite(access: Access, by: User, role: Role) -> list[Letter]:
    return invitations.invite(access, by, ["friend@example.com"], role, 7, now=NOW)


def demoted(tenant: Tenant, olga: User, otto: User) -> None:
    member = Membership.objects.get(tenant=tenant, user=otto)
    people.change_role(tenant, member.pk, Role.MEMBER, by=olga, now=NOW)


def removed(tenant: Tenant, olga: User, otto: User) -> None:
    member = Membership.objects.get(tenant=tenant, user=otto)
    people.remove(tenant, member.pk, by=olga, now=NOW)


@pytest.mark.parametrize("ends", [demoted, removed])
def test_who_lost_the_role_meanwhile_invites_nobody(
    tenant: Tenant, olga: User, otto: User, ends: Callable[[Tenant, User, User], None]
) -> None:
    before = access_of(tenant, otto)
    open_ = make_invitation(tenant, "guest@example.com")
    ends(tenant, olga, otto)
    for act in (
        lambda: invite(before, otto, Role.OWNER),
        lambda: invite(before, otto, Role.VIEWER),
        lambda: invitations.again(before, otto, open_, now=NOW),
        lambda: invitations.withdraw(before, open_, now=NOW),
    ):
        with pytest.raises(Refused):
            act()
    assert Invitation.objects.unanswered().get() == open_


def test_who_is_an_admin_by_now_invites_no_owner(tenant: Tenant, olga: User, otto: User) -> None:
    before = access_of(tenant, otto)
    member = Membership.objects.get(tenant=tenant, user=otto)
    people.change_role(tenant, member.pk, Role.ADMIN, by=olga, now=NOW)
    with pytest.raises(Refused, match="above your own"):
        invite(before, otto, Role.OWNER)
    assert len(invite(before, otto, Role.ADMIN)) == 1


def test_whom_staff_take_out_brings_nobody_in_any_more(
    tenant: Tenant, olga: User, otto: User, admin_client: Client
) -> None:
    """The admin is a road as well."""
    his = make_invitation(tenant, "friend@example.com", invited_by=otto, role="owner")
    above = make_invitation(tenant, "b@example.com", invited_by=olga, role="owner")
    member = Membership.objects.get(tenant=tenant, user=otto)
    admin_client.post(f"/admin/tenants/membership/{member.pk}/delete/", {"post": "yes"})
    hers = Membership.objects.get(tenant=tenant, user=olga)
    form = {"tenant": tenant.pk, "user": olga.pk, "role": "member"}
    admin_client.post(f"/admin/tenants/membership/{hers.pk}/change/", form)
    assert not Membership.objects.filter(user=otto).exists()
    assert Membership.objects.get(user=olga).role == "member"
    for one in (his, above):
        assert Invitation.objects.get(pk=one.pk).withdrawn_at is not None
