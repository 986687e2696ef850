"""API keys, made and revoked by administrators."""

import pytest
from django.test import Client

from citizenapp.tenants import access
from citizenapp.tenants.api_versions import FIRST, NEWEST
from citizenapp.tenants.models import APIKey, Tenant
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def test_a_key_is_shown_once_and_opens_the_tenant(owner: Client, tenant: Tenant) -> None:
    response = owner.post("/settings/keys", {"name": "Import", "role": "viewer"}, follow=True)
    key = response.context["made"]
    assert key in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    found = access.of_key(key)
    assert found is not None
    assert (found.tenant, found.role) == (tenant, "viewer")
    assert key not in owner.get("/settings/keys").content.decode()


def test_the_page_says_which_version_of_the_api_a_key_speaks(owner: Client, tenant: Tenant) -> None:
    APIKey.objects.create_key(name="old", tenant=tenant, version=FIRST)
    made = owner.post("/settings/keys", {"name": "Import", "role": "viewer"}, follow=True)
    assert APIKey.objects.get(name="Import").version == NEWEST
    assert f"speak {NEWEST}" in made.content.decode()
    assert f">{FIRST}</td>" in made.content.decode()


def test_loading_the_page_again_makes_no_other_key(owner: Client) -> None:
    response = owner.post("/settings/keys", {"name": "Import", "role": "viewer"})
    # What a browser repeats is the last request, the one that the redirect led to.
    assert (response.status_code, response["Location"]) == (302, "/settings/keys")
    assert not response.content
    owner.get("/settings/keys")
    owner.get("/settings/keys")
    assert APIKey.objects.count() == 1


def test_a_key_is_neither_in_an_address_nor_in_a_cookie(owner: Client) -> None:
    response = owner.post("/settings/keys", {"name": "Import", "role": "viewer"}, follow=True)
    key = response.context["made"]
    assert key not in str(owner.cookies)
    assert key not in str(response.redirect_chain)


def test_a_head_does_not_use_up_the_one_time_that_a_key_is_shown(owner: Client) -> None:
    owner.post("/settings/keys", {"name": "Import", "role": "viewer"})
    owner.head("/settings/keys")
    assert owner.get("/settings/keys").context["made"]


def test_a_key_is_gone_from_the_session_when_it_was_shown(owner: Client) -> None:
    owner.post("/settings/keys", {"name": "Import", "role": "viewer"})
    key = owner.get("/settings/keys").context["made"]
    assert key not in str(dict(owner.session))


def test_a_form_without_fields_says_what_is_missing(owner: Client) -> None:
    assert owner.post("/settings/keys").status_code == 422


def test_a_revoked_key_opens_nothing(owner: Client, tenant: Tenant) -> None:
    made, key = APIKey.objects.create_key(name="Import", tenant=tenant)
    response = owner.post(f"/settings/keys/{made.pk}/revoke", follow=True)
    assert "is revoked" in response.content.decode()
    assert access.of_key(key) is None
    again = owner.post(f"/settings/keys/{made.pk}/revoke", follow=True)
    assert "was revoked already" in again.content.decode()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "", "role": "member"}, "name"),
        ({"name": "x" * 51, "role": "member"}, "name"),
        ({"name": "Import", "role": "owner"}, "role"),
    ],
)
def test_a_key_needs_a_name_and_a_role_that_keys_may_have(
    owner: Client, fields: dict[str, str], field: str
) -> None:
    response = owner.post("/settings/keys", fields)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not APIKey.objects.exists()
