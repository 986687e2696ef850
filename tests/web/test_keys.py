"""API keys, made and revoked by administrators."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from citizenapp.tenants import access, keys
from citizenapp.tenants.api_versions import FIRST, NEWEST
from citizenapp.tenants.models import APIKey, AuditEntry, Role, Tenant
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
    assert f"API {FIRST}<" in made.content.decode()


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


def test_a_key_may_be_limited_to_job_types_and_expire(owner: Client, tenant: Tenant) -> None:
    fields = {"name": "Import", "role": "member", "job_types": ["summarize", "classify"]}
    before = timezone.now()
    page = owner.post("/settings/keys", fields | {"expires": "30"}, follow=True).content.decode()
    key = APIKey.objects.get()
    assert (key.job_types, key.made_by) == (["classify", "summarize"], "olga")
    assert key.expiry_date
    assert timedelta(0) <= key.expiry_date - before - timedelta(days=30) < timedelta(minutes=1)
    assert "Queue Classification, Summary; read" in page
    entry = AuditEntry.objects.get(action="key.made")
    assert entry.subject == f"key {key.prefix}"
    assert entry.details["job types"] == "classify, summarize"


def test_the_last_day_of_a_key_ends_where_the_workspace_is(owner: Client, tenant: Tenant) -> None:
    Tenant.objects.update(time_zone="Europe/Zurich")
    fields = {"name": "Import", "role": "member", "expires": "day", "expires_on": "2099-07-01"}
    owner.post("/settings/keys", fields)
    assert APIKey.objects.get().expiry_date == datetime(2099, 7, 1, 22, tzinfo=UTC)


@pytest.mark.parametrize("day", ["", "2020-01-01", "nonsense", "0001-01-01"])
def test_a_day_that_a_key_cannot_expire_on_is_refused(owner: Client, day: str) -> None:
    fields = {"name": "Import", "role": "member", "expires": "day", "expires_on": day}
    response = owner.post("/settings/keys", fields)
    assert list(response.context["form"].errors) == ["expires_on"]
    assert not APIKey.objects.exists()


def test_the_end_of_time_is_a_day_too(owner: Client) -> None:
    fields = {"name": "Import", "role": "member", "expires": "day", "expires_on": "9999-12-31"}
    assert owner.post("/settings/keys", fields).status_code == 302


def test_a_key_that_only_reads_queues_nothing_of_any_type(owner: Client) -> None:
    owner.post("/settings/keys", {"name": "R", "role": "viewer", "job_types": ["summarize"]})
    assert APIKey.objects.get().job_types is None


def test_a_key_is_rolled_over_with_an_overlap(owner: Client, tenant: Tenant) -> None:
    expires = timezone.now() + timedelta(days=30)
    old, secret = keys.make(
        tenant, "Import", Role.MEMBER, job_types=["classify"], expires_at=expires, made_by="max"
    )
    assert owner.get(f"/settings/keys/{old.pk}/roll").status_code == 200
    page = owner.post(f"/settings/keys/{old.pk}/roll", {"hours": "24"}, follow=True)
    found = access.of_key(page.context["made"])
    assert found
    assert (found.tenant, found.role) == (tenant, "member")
    assert found.job_types == frozenset({"classify"})
    assert access.of_key(secret)
    old.refresh_from_db()
    new = APIKey.objects.get(replaces=old)
    assert old.expiry_date
    assert new.expiry_date
    left = old.expiry_date - timezone.now()
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert new.expiry_date - timezone.now() > timedelta(days=29)
    assert f"{old.prefix}…, ends <time" in page.content.decode()
    assert AuditEntry.objects.filter(action="key.rolled_over").count() == 1


def test_a_key_is_rolled_over_once(owner: Client, tenant: Tenant) -> None:
    old, secret = APIKey.objects.create_key(name="Import", tenant=tenant)
    for _ in range(2):
        page = owner.post(f"/settings/keys/{old.pk}/roll", {"hours": "0"}, follow=True)
    assert "rolled over already" in page.content.decode() or "does not hold" in str(page.content)
    assert APIKey.objects.count() == 2
    assert access.of_key(secret) is None


def test_a_revoked_key_is_not_rolled_over(owner: Client, tenant: Tenant) -> None:
    old, _ = APIKey.objects.create_key(name="Import", tenant=tenant, revoked=True)
    owner.post(f"/settings/keys/{old.pk}/roll", {"hours": "1"})
    assert APIKey.objects.count() == 1


def test_the_page_of_keys_takes_few_queries(
    owner: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        key, _ = APIKey.objects.create_key(name=f"k{number}", tenant=tenant)
        if number % 2:
            keys.roll_over(key, timedelta(days=1), made_by="olga", now=timezone.now())
    with django_assert_max_num_queries(10):
        assert owner.get("/settings/keys").status_code == 200
