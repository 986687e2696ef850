"""What a person may do is said by the membership, in the tenant that was chosen."""

from typing import Any

import pytest

from citizenapp.tenants import access
from citizenapp.tenants.models import Membership, Role
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "writes", "administers"),
    [
        ("owner", True, True),
        ("admin", True, True),
        ("member", True, False),
        ("viewer", False, False),
    ],
)
def test_each_role_may_do_so_much(role: str, writes: bool, administers: bool) -> None:
    user = make_user("ann", make_tenant(), role)
    found = access.of_user(user, {})
    assert found
    assert (found.role, found.actor) == (role, "ann")
    assert (found.can_write, found.can_administer) == (writes, administers)


def test_these_are_all_the_roles() -> None:
    assert set(Role.values) == {"owner", "admin", "member", "viewer"}


def test_who_belongs_to_several_tenants_acts_in_the_chosen_one() -> None:
    first, second, other = make_tenant("Alpha"), make_tenant("Beta"), make_tenant("Gamma")
    user = make_user("ann", second, "viewer")
    Membership.objects.create(user=user, tenant=first, role="owner")

    def tenant_of(session: dict[str, Any]) -> Any:
        found = access.of_user(user, session)
        assert found
        return found.tenant

    assert tenant_of({}) == first
    assert tenant_of({access.SESSION_TENANT: second.pk}) == second
    # A choice that is not theirs is no choice.
    assert tenant_of({access.SESSION_TENANT: other.pk}) == first


def test_nobody_acts_without_a_tenant() -> None:
    assert access.of_user(make_user("ann"), {}) is None


def test_a_person_who_left_has_no_access() -> None:
    user = make_user("ann", make_tenant())
    user.is_active = False
    assert access.of_user(user, {}) is None


def test_a_tenant_that_is_no_customer_any_more_gives_none() -> None:
    user = make_user("ann", make_tenant(is_active=False))
    assert access.of_user(user, {}) is None
    Membership.objects.create(user=user, tenant=make_tenant("Other"))
    found = access.of_user(user, {})
    assert found
    assert found.tenant.name == "Other"
