"""Who gets in, and where strangers end up."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db

MEMBERS_ONLY = [
    "dashboard",
    "new-job",
    "collections",
    "new-collection",
    "usage",
    "whatif",
    "members",
    "keys",
]


@pytest.mark.parametrize("name", MEMBERS_ONLY)
def test_strangers_are_led_to_the_sign_in_page(client: Client, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in?next={reverse(name)}"


def test_a_member_signs_in_and_arrives_where_they_wanted(client: Client) -> None:
    make_user("ada", make_tenant())
    response = client.post(
        "/sign-in", {"username": "ada", "password": "ada", "next": "/usage"}, follow=True
    )
    assert response.redirect_chain == [("/usage", 302)]
    assert response.status_code == 200


def test_a_wrong_password_is_said_and_the_name_is_kept(client: Client) -> None:
    make_user("ada", make_tenant())
    response = client.post("/sign-in", {"username": "ada", "password": "wrong"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "correct username and password" in page
    assert 'value="ada"' in page
    assert "wrong" not in page.replace('class="field wrong"', "")


def test_signing_in_leads_to_no_other_site(client: Client) -> None:
    make_user("ada", make_tenant())
    response = client.post(
        "/sign-in", {"username": "ada", "password": "ada", "next": "https://evil.example/"}
    )
    assert response["Location"] == "/"


def test_the_demo_is_offered_in_local_mode_only(client: Client, settings: Settings) -> None:
    settings.LOCAL = True
    assert "Continue as demo" in client.get("/sign-in").content.decode()
    settings.LOCAL = False
    assert "demo" not in client.get("/sign-in").content.decode()


def test_signing_out_takes_a_post(client: Client) -> None:
    client.force_login(make_user("ada", make_tenant()))
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("name", MEMBERS_ONLY)
def test_a_person_without_a_tenant_reads_so(client: Client, name: str) -> None:
    client.force_login(make_user("ada"))
    response = client.get(reverse(name))
    assert response.status_code == 403
    assert "no workspace" in response.content.decode()


def test_who_has_no_tenant_reads_what_helps(client: Client) -> None:
    ada = make_user("ada")
    client.force_login(ada)
    page = client.get("/").content.decode()
    assert "add yours" in page
    assert "Sign in as somebody else" in page
    assert "/admin/" not in page
    ada.email, ada.is_staff = "ada@example.com", True
    ada.save()
    page = client.get("/").content.decode()
    assert "ada@example.com" in page
    assert 'href="/admin/tenants/tenant/add/"' in page


@pytest.mark.parametrize("path", ["security", "sessions", "security/address", "security/app"])
def test_an_account_needs_no_tenant(client: Client, path: str) -> None:
    client.force_login(make_user("ada"))
    assert client.get(f"/settings/{path}", follow=True).status_code == 200


@pytest.mark.parametrize("path", ["/settings/security", "/settings/sessions"])
def test_pages_of_an_account_ask_few_questions(
    client: Client, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.post("/sign-in", {"username": make_user("ada", make_tenant()), "password": "ada"})
    with django_assert_max_num_queries(10):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "https://evil.example/", "http:///evil.example", "/\\evil.example"],
)
def test_no_door_leads_to_another_site(client: Client, settings: Settings, elsewhere: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "evil.example"]
    staff = make_user("ada", make_tenant())
    staff.is_staff = True
    staff.save()
    door = client.get("/admin/login/", {"next": elsewhere})["Location"]
    fields = {"username": "ada", "password": "ada", "next": elsewhere}
    for path in (door, "/sign-in"):
        assert client.post(path, fields)["Location"] == "/"
        assert client.get("/sign-in", {"next": elsewhere})["Location"] == "/"
        client.post("/sign-out")


def test_the_admin_is_closed_to_members_and_says_so(client: Client) -> None:
    client.force_login(make_user("ada", make_tenant()))
    page = client.get("/admin/", follow=True)
    assert page.status_code == 403
    assert "Only staff" in page.content.decode()


def test_staff_go_by_the_same_door_in_and_out(client: Client) -> None:
    staff = make_user("ada", make_tenant())
    staff.is_staff = True
    staff.save()
    page = client.get("/admin/aijobs/", follow=True)
    assert page.redirect_chain[-1][0] == "/sign-in?next=%2Fadmin%2Faijobs%2F"
    fields = {"username": "ada", "password": "ada", "next": "/admin/"}
    assert client.post("/sign-in", fields)["Location"] == "/admin/"
    assert client.get("/admin/password_change/", follow=True).templates[0].name == (
        "account/password_change.html"
    )
    assert client.post("/admin/logout/")["Location"] == "/sign-in"


def test_members_of_a_closed_tenant_are_kept_out(client: Client) -> None:
    client.force_login(make_user("ada", make_tenant(is_active=False)))
    assert client.get("/").status_code == 403


def test_one_person_can_change_between_their_tenants(client: Client) -> None:
    first, second = make_tenant("First"), make_tenant("Second")
    ada = make_user("ada", first)
    second.memberships.create(user=ada, role="viewer")
    client.force_login(ada)
    assert "First" in client.get("/").content.decode()
    client.post("/switch", {"tenant": second.pk})
    page = client.get("/")
    assert page.context["access"].tenant == second


@pytest.mark.parametrize("tenant", ["", "x", "0", "9" * 30])
def test_nobody_changes_into_a_tenant_that_is_not_there(client: Client, tenant: str) -> None:
    client.force_login(make_user("ada", make_tenant()))
    assert client.post("/switch", {"tenant": tenant}).status_code == 404


def test_nobody_changes_into_a_tenant_of_others(client: Client) -> None:
    client.force_login(make_user("ada", make_tenant()))
    assert client.post("/switch", {"tenant": make_tenant().pk}).status_code == 404
