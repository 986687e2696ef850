"""A tenant keeps an owner, whatever is asked of it, and whoever asks at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction

from citizenapp.tenants import people
from citizenapp.tenants.models import Invitation, Membership, Role, Tenant, User
from citizenapp.tenants.people import Refused
from tests.factories import NOW, make_invitation, make_tenant, make_user

pytestmark = pytest.mark.django_db


def member(user: User, tenant: Tenant) -> Membership:
    return Membership.objects.get(user=user, tenant=tenant)


def remove(tenant: Tenant, user: User, by: User) -> None:
    people.remove(tenant, member(user, tenant).pk, by=by, now=NOW)


def change(tenant: Tenant, user: User, role: str, by: User) -> Membership | None:
    return people.change_role(tenant, member(user, tenant).pk, Role(role), by=by, now=NOW)


def roles(tenant: Tenant) -> dict[str, str]:
    return dict(Membership.objects.filter(tenant=tenant).values_list("user__username", "role"))


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def olga(tenant: Tenant) -> User:
    return make_user("olga", tenant, "owner")


@pytest.fixture
def adam(tenant: Tenant) -> User:
    return make_user("adam", tenant, "admin")


def test_the_last_owner_stays(tenant: Tenant, olga: User) -> None:
    attempts: tuple[Callable[[], object], ...] = (
        lambda: remove(tenant, olga, olga),
        lambda: change(tenant, olga, "admin", olga),
        lambda: people.leave(tenant, olga, now=NOW),
    )
    for attempt in attempts:
        with pytest.raises(Refused, match="last owner"):
            attempt()
    assert roles(tenant) == {"olga": "owner"}


def test_one_of_two_owners_may_go(tenant: Tenant, olga: User) -> None:
    otto = make_user("otto", tenant, "owner")
    people.leave(tenant, olga, now=NOW)
    assert roles(tenant) == {"otto": "owner"}
    with pytest.raises(Refused, match="last owner"):
        people.leave(tenant, otto, now=NOW)


def test_an_owner_who_cannot_sign_in_counts_for_none(tenant: Tenant, olga: User) -> None:
    otto = make_user("otto", tenant, "owner")
    User.objects.filter(pk=otto.pk).update(is_active=False)
    with pytest.raises(Refused, match="last owner"):
        people.leave(tenant, olga, now=NOW)


def test_an_admin_does_not_touch_owners_nor_makes_them(
    tenant: Tenant, olga: User, adam: User
) -> None:
    make_user("otto", tenant, "owner")
    max_ = make_user("max", tenant)
    with pytest.raises(Refused, match="Only an owner"):
        remove(tenant, olga, adam)
    with pytest.raises(Refused, match="Only an owner"):
        change(tenant, olga, "viewer", adam)
    with pytest.raises(Refused, match="above your own"):
        change(tenant, max_, "owner", adam)
    with pytest.raises(Refused, match="above your own"):
        change(tenant, adam, "owner", adam)
    assert change(tenant, max_, "admin", adam)
    assert roles(tenant) == {"olga": "owner", "otto": "owner", "adam": "admin", "max": "admin"}


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_who_does_not_administer_changes_nobody(tenant: Tenant, olga: User, role: str) -> None:
    max_, vera = make_user("max", tenant, role), make_user("vera", tenant, "viewer")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: remove(tenant, vera, max_),
        lambda: change(tenant, vera, "viewer", max_),
    )
    for attempt in attempts:
        with pytest.raises(Refused, match="owners and admins"):
            attempt()
    people.leave(tenant, max_, now=NOW)
    assert roles(tenant) == {"olga": "owner", "vera": "viewer"}


def test_a_role_that_is_there_already_is_no_change(tenant: Tenant, olga: User, adam: User) -> None:
    assert change(tenant, adam, "admin", olga) is None


def test_nobody_reaches_into_another_tenant(tenant: Tenant, olga: User) -> None:
    other = make_tenant()
    stranger = make_user("stranger", other, "owner")
    with pytest.raises(Membership.DoesNotExist):
        people.remove(tenant, member(stranger, other).pk, by=olga, now=NOW)
    with pytest.raises(Refused):
        people.remove(other, member(stranger, other).pk, by=olga, now=NOW)


def test_who_has_left_brings_nobody_in_any_more(tenant: Tenant, olga: User, adam: User) -> None:
    his = make_invitation(tenant, "friend@example.com", invited_by=adam, role="admin")
    hers = make_invitation(tenant, "other@example.com", invited_by=olga)
    remove(tenant, adam, olga)
    assert Invitation.objects.get(pk=his.pk).withdrawn_at == NOW
    assert Invitation.objects.get(pk=hers.pk).withdrawn_at is None


def test_a_lower_role_withdraws_invitations_above_it(tenant: Tenant, olga: User) -> None:
    otto = make_user("otto", tenant, "owner")
    above = make_invitation(tenant, "a@example.com", invited_by=otto, role="owner")
    below = make_invitation(tenant, "b@example.com", invited_by=otto, role="admin")
    change(tenant, otto, "admin", olga)
    assert Invitation.objects.get(pk=above.pk).withdrawn_at == NOW
    assert Invitation.objects.get(pk=below.pk).withdrawn_at is None
    change(tenant, otto, "member", olga)
    assert Invitation.objects.get(pk=below.pk).withdrawn_at == NOW


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "act",
    [
        lambda tenant, one, other: remove(tenant, other, one),
        lambda tenant, one, other: change(tenant, other, "viewer", one),
        lambda tenant, one, _: people.leave(tenant, one, now=NOW),
    ],
    ids=["remove each other", "demote each other", "both leave"],
)
def test_of_two_owners_who_act_at_once_one_stays_an_owner(
    act: Callable[[Tenant, User, User], Any],
) -> None:
    tenant = make_tenant()
    olga, otto = make_user("olga", tenant, "owner"), make_user("otto", tenant, "owner")
    both_began = threading.Barrier(2, timeout=10)
    refused: list[str] = []

    def run(one: User, other: User) -> None:
        try:
            with transaction.atomic():
                # Each transaction is open, and sees the other as an owner.
                assert member(other, tenant).role == "owner"
                both_began.wait()
                act(tenant, one, other)
        except (Refused, Membership.DoesNotExist) as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in ((olga, otto), (otto, olga))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(refused) == 1
    owners = Membership.objects.filter(tenant=tenant, role="owner")
    assert owners.count() == 1


def test_who_is_gone_comes_back_by_no_second_invitation(tenant: Tenant, olga: User) -> None:
    """Invited at work and at home, and joined by one of the two."""
    ann = make_user("ann@work.example", tenant)
    User.objects.filter(pk=ann.pk).update(email="Ann@work.example")
    EmailAddress.objects.create(user=ann, email="ann@home.example", verified=True)
    theirs = [make_invitation(tenant, email) for email in ("ann@work.example", "ann@home.example")]
    other, elsewhere = (
        make_invitation(tenant, "bob@example.com"),
        make_invitation(make_tenant(), "ann@home.example"),
    )
    remove(tenant, User.objects.get(pk=ann.pk), olga)
    for one in theirs:
        assert Invitation.objects.get(pk=one.pk).withdrawn_at == NOW
    for one in (other, elsewhere):
        assert Invitation.objects.get(pk=one.pk).withdrawn_at is None
