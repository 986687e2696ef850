"""The audit only grows, holds what can be stored, and tells who signs in."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory

from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import AuditEntry, Membership, Tenant
from tests.factories import NOW, make_entry, make_tenant, make_user

pytestmark = pytest.mark.django_db


def entries() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("tenant__slug", "actor", "action"))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE tenants_auditentry SET actor = 'x'", "DELETE FROM tenants_auditentry"],
)
def test_an_entry_is_never_changed_or_deleted(statement: str) -> None:
    make_entry(make_tenant())
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEntry.objects.count() == 1


def test_the_audit_of_a_tenant_goes_with_it_and_no_other_does() -> None:
    gone, stays = make_tenant(), make_tenant()
    for tenant in (gone, gone, stays):
        make_entry(tenant)
    Tenant.objects.get(pk=gone.pk).delete()
    assert [one.tenant for one in AuditEntry.objects.all()] == [stays]


def test_the_audit_of_a_closed_tenant_stays() -> None:
    tenant = make_tenant()
    make_entry(tenant)
    Tenant.objects.update(is_active=False)
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": ""}, {"a": None}, {}),
        ({"a": 0}, {"a": None}, {"a": "0 → –"}),
        ({"a": False}, {"a": True}, {"a": "False → True"}),
        ({}, {"a": ["x", "y"]}, {"a": "– → x, y"}),
        ({"a": ["x"], "b": "c"}, {"b": "d"}, {"a": "x → –", "b": "c → d"}),
    ],
)
def test_of_settings_the_old_and_the_new_are_told_where_they_differ(
    before: dict[str, object], after: dict[str, object], told: dict[str, str]
) -> None:
    assert audit.differences(before, after) == told


def test_what_is_recorded_is_rolled_back_with_its_act() -> None:
    with transaction.atomic():
        audit.record(make_tenant(), "ann", Action.KEY_MADE)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_only_known_actions_are_recorded() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        audit.record(make_tenant(), "ann", "nonsense")


def test_whatever_comes_from_outside_can_be_stored() -> None:
    audit.record(
        make_tenant(),
        "ann",
        Action.INVITED,
        subject="a\0b\ud800 " + "x" * 400,
        details={"name": "two\nlines \ud800\0", "long": "y" * 400},
        agent="Mozilla/\0 \ud800" + "z" * 300,
        now=NOW,
    )
    entry = AuditEntry.objects.get()
    assert entry.subject.startswith("ab? x")
    assert len(entry.subject) == 300
    assert entry.details["name"] == "two lines ?"
    assert len(entry.details["long"]) == audit.LONGEST
    assert entry.at == NOW


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36",
            "Chrome 142, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; rv:144.0) Gecko/20100101 Firefox/144.0",
            "Firefox 144, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari 18, iOS",
        ),
        ("python-httpx/0.28 and more", "python-httpx/0.28"),
        ("Mozilla/5.0", "A browser"),
        ("", ""),
    ],
)  # fmt: skip
def test_programs_are_named_in_few_words(agent: str, told: str) -> None:
    assert audit.program(agent) == told


def test_who_signs_in_and_out_is_told_to_each_of_their_tenants() -> None:
    user = make_user("ann", make_tenant("Acme"))
    Membership.objects.create(user=user, tenant=make_tenant("Beta"), role="viewer")
    make_user("bob", make_tenant("Other"))
    client = Client(headers={"user-agent": "curl/8"})
    client.post("/sign-in", {"username": "ann", "password": "ann"}, REMOTE_ADDR="192.0.2.7")
    client.post("/sign-out")
    # Those of one moment stand in any order.
    assert sorted(entries()) == sorted(
        [
            (tenant, "ann", action)
            for action in ("person.signed_in", "person.signed_out")
            for tenant in ("acme", "beta")
        ]
    )
    first = AuditEntry.objects.earliest("pk")
    assert (first.address, first.agent) == ("192.0.2.7", "curl/8")


def test_a_wrong_password_of_a_member_is_recorded_and_never_what_was_typed() -> None:
    make_user("ann", make_tenant("Acme"))
    client = Client()
    for name in ("ann", "nobody", "\0"):
        client.post("/sign-in", {"username": name, "password": "open sesame"})
    assert entries() == [("acme", "ann", "person.sign_in_failed")]
    assert "sesame" not in str(AuditEntry.objects.values().get())


def test_who_is_kept_out_fills_no_audit() -> None:
    make_user("ann", make_tenant("Acme"))
    client = Client()
    for _ in range(12):
        client.post("/sign-in", {"username": "ann", "password": "wrong"})
    assert len(entries()) == 5


def test_the_address_is_what_the_proxies_heard(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    tenant = make_tenant()
    user = make_user("ann", tenant)
    request = RequestFactory().post("/", headers={"x-forwarded-for": "1.1.1.1, 2001:db8::9"})
    assert authenticate(request, username=user.username, password="wrong") is None
    assert AuditEntry.objects.get().address == "2001:db8::"


def test_staff_acts_on_a_tenant_are_told_to_it(admin_client: Client) -> None:
    tenant: Tenant = make_tenant("Acme")
    user = make_user("ann")
    admin_client.post(
        "/admin/tenants/membership/add/",
        {"user": user.pk, "tenant": tenant.pk, "role": "viewer"},
    )
    membership = Membership.objects.get(tenant=tenant)
    admin_client.post(f"/admin/tenants/membership/{membership.pk}/delete/", {"post": "yes"})
    told = AuditEntry.objects.filter(tenant=tenant).order_by("pk")
    assert [(one.actor, one.action) for one in told] == [("staff admin", "staff.changed")] * 2
    assert "ann in Acme" in told[0].subject
