"""An API key is stored as a hash, shown once, and works only while it and its tenant hold."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from citizenapp.tenants import access
from citizenapp.tenants.models import APIKey
from tests.factories import make_key, make_tenant, make_user

pytestmark = pytest.mark.django_db


def test_a_key_acts_for_its_tenant_in_its_role() -> None:
    tenant = make_tenant()
    found = access.of_key(make_key(tenant, "viewer"))
    assert found
    assert (found.tenant, found.role) == (tenant, "viewer")
    assert found.actor.startswith("key ")


def test_a_key_is_stored_as_a_hash() -> None:
    key = make_key(make_tenant())
    [stored] = APIKey.objects.values()
    secret = key.partition(".")[2]
    assert len(secret) >= 32
    assert not any(secret in str(value) for value in stored.values())


@pytest.mark.parametrize(
    "key",
    ["", "x", ".", "no.key", "a\0b.c", "\ud800.x", "é.ü", "a" * 10_000],
)
def test_what_is_no_key_is_refused(key: str) -> None:
    make_key(make_tenant())
    assert access.of_key(key) is None


def test_a_key_with_another_secret_is_refused() -> None:
    prefix, _, secret = make_key(make_tenant()).partition(".")
    assert access.of_key(f"{prefix}.{secret[::-1]}") is None
    assert access.of_key(prefix) is None


def test_a_revoked_key_is_refused() -> None:
    key = make_key(make_tenant())
    APIKey.objects.update(revoked=True)
    assert access.of_key(key) is None


def test_a_key_is_refused_once_it_has_expired() -> None:
    key = make_key(make_tenant())
    APIKey.objects.update(expiry_date=timezone.now() + timedelta(minutes=1))
    assert access.of_key(key)
    APIKey.objects.update(expiry_date=timezone.now() - timedelta(seconds=1))
    assert access.of_key(key) is None


def test_the_key_of_a_tenant_that_is_no_customer_any_more_is_refused() -> None:
    tenant = make_tenant()
    key = make_key(tenant)
    tenant.is_active = False
    tenant.save()
    assert access.of_key(key) is None


def test_the_key_of_the_demo_tenant_works_in_local_mode_only(settings: Any) -> None:
    key = make_key(make_tenant(is_demo=True))
    settings.LOCAL = True
    assert access.of_key(key)
    settings.LOCAL = False
    assert access.of_key(key) is None


@pytest.mark.parametrize("header", ["Bearer no.key", "Bearer ", "bearer x"])
def test_a_key_that_does_not_hold_is_an_error_even_for_who_is_signed_in(header: str) -> None:
    client = Client()
    client.force_login(make_user("ann", make_tenant()), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/ai/jobs").status_code == 200
    answer = client.get("/api/ai/jobs", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_strangers_have_no_access() -> None:
    assert access.of_user(AnonymousUser(), {}) is None
