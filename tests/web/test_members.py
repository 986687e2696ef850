"""Members: seen by all, changed by owners and admins, left by whoever likes."""

from typing import Any

import pytest
from django.test import Client

from citizenapp.tenants import access
from citizenapp.tenants.models import AuditEntry, Membership, Tenant, User
from tests.factories import make_invitation, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant("Acme")


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def member(name: str, tenant: Tenant, role: str = "member") -> Membership:
    return Membership.objects.get(user=make_user(name, tenant, role))


def told(response: Any) -> str:
    return " ".join(str(one) for one in response.context["messages"])


def audited() -> list[tuple[str, str, str, dict[str, str]]]:
    rows = AuditEntry.objects.exclude(action__startswith="person.").order_by("pk")
    return list(rows.values_list("actor", "action", "subject", "details"))


def test_a_role_is_changed_and_recorded(owner: Client, tenant: Tenant) -> None:
    max_ = member("max", tenant)
    path = f"/settings/people/{max_.pk}/role"
    assert told(owner.post(path, {"role": "admin"}, follow=True)) == "max is now an admin."
    assert "already an admin" in told(owner.post(path, {"role": "admin"}, follow=True))
    assert Membership.objects.get(pk=max_.pk).role == "admin"
    assert audited() == [("olga", "member.role_changed", "max", {"role": "member → admin"})]


def test_a_role_that_there_is_not_changes_nothing(owner: Client, tenant: Tenant) -> None:
    max_ = member("max", tenant)
    for body in ({}, {"role": "king"}):
        answer = owner.post(f"/settings/people/{max_.pk}/role", body, follow=True)
        assert told(answer) == "There is no such role."
    assert Membership.objects.get(pk=max_.pk).role == "member"
    assert not audited()


def test_a_member_is_removed_and_recorded(owner: Client, tenant: Tenant) -> None:
    max_ = member("max", tenant, "viewer")
    answer = owner.post(f"/settings/people/{max_.pk}/remove", follow=True)
    assert "max is removed" in told(answer)
    assert access.of_user(User.objects.get(username="max"), {}) is None
    assert audited() == [("olga", "member.removed", "max", {"role": "viewer"})]
    assert owner.post(f"/settings/people/{max_.pk}/remove").status_code == 404


def test_the_page_says_why_the_last_owner_stays(owner: Client, tenant: Tenant) -> None:
    own = Membership.objects.get(user__username="olga")
    for path in (f"/settings/people/{own.pk}/remove", "/settings/people/leave"):
        assert "This is the last owner" in told(owner.post(path, follow=True))
    assert Membership.objects.filter(pk=own.pk).exists()
    assert not audited()


def test_admins_are_offered_no_owner_to_change(client: Client, tenant: Tenant) -> None:
    olga = member("olga", tenant, "owner")
    client.force_login(make_user("adam", tenant, "admin"))
    page = client.get("/settings/people").content.decode()
    assert f"/{olga.pk}/role" not in page
    assert f"/{olga.pk}/remove" not in page
    answer = client.post(f"/settings/people/{olga.pk}/remove", follow=True)
    assert "Only an owner" in told(answer)


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_others_see_who_works_here_and_change_nothing(
    client: Client, tenant: Tenant, role: str
) -> None:
    olga = member("olga", tenant, "owner")
    make_invitation(tenant, "guest@example.com")
    client.force_login(make_user("max", tenant, role))
    page = client.get("/settings/people").content.decode()
    assert "olga" in page
    assert "guest@example.com" not in page
    assert "Invite people" not in page
    for path in (f"{olga.pk}/role", f"{olga.pk}/remove", "invitations"):
        assert client.post(f"/settings/people/{path}").status_code == 403


def test_who_leaves_works_in_the_next_workspace(client: Client, tenant: Tenant) -> None:
    max_ = make_user("max", tenant)
    member("olga", tenant, "owner")
    Membership.objects.create(user=max_, tenant=make_tenant("Beta"), role="viewer")
    client.force_login(max_)
    client.post("/switch", {"tenant": tenant.pk}, follow=True)
    answer = client.post("/settings/people/leave", follow=True)
    assert told(answer) == "You have left Acme."
    assert answer.context["access"].tenant.name == "Beta"
    assert audited() == [("max", "member.left", "max", {})]


def test_who_leaves_the_only_workspace_is_told_so(client: Client, tenant: Tenant) -> None:
    member("olga", tenant, "owner")
    client.force_login(make_user("max", tenant))
    answer = client.post("/settings/people/leave", follow=True)
    assert (answer.status_code, answer.templates[0].name) == (403, "no_tenant.html")


def test_the_switch_says_which_role_one_has_where(client: Client, tenant: Tenant) -> None:
    max_ = make_user("max", tenant, "viewer")
    Membership.objects.create(user=max_, tenant=make_tenant("Beta"), role="admin")
    client.force_login(max_)
    page = client.get("/settings/people").content.decode()
    assert "Acme · Viewer" in page
    assert "Beta · Admin" in page


def test_the_page_takes_few_queries_however_many_work_there(
    owner: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    for number in range(120):
        member(f"person-{number}", tenant)
        make_invitation(tenant, f"guest-{number}@example.com")
    with django_assert_max_num_queries(10):
        first = owner.get("/settings/people")
    assert len(first.context["rows"]) == 100
    rest = owner.get("/settings/people", {"after": first.context["next_page"]})
    assert len(rest.context["rows"]) == 21
    assert rest.context["next_page"] is None
