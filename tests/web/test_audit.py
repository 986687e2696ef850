"""Settings › Audit: who did what, filtered, paged, and handed out."""

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from aijobs.models import Webhook, new_id
from citizenapp.ids import ids_from
from citizenapp.tenants.models import AuditEntry, Tenant
from tests.factories import (
    NOW,
    make_entry,
    make_job,
    make_key,
    make_tenant,
    make_user,
    make_webhook,
)
from tests.live.test_waiting import make_collection

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant("Acme")


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def acts() -> list[tuple[str, str, dict[str, str]]]:
    rows = AuditEntry.objects.exclude(action__startswith="person.").order_by("pk")
    return list(rows.values_list("action", "subject", "details"))


def shown(response: Any) -> list[str]:
    return [line.entry.actor for line in response.context["page"].rows]


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403)])
def test_only_administrators_see_it(client: Client, tenant: Tenant, role: str, status: int) -> None:
    client.force_login(make_user("max", tenant, role))
    for path in ("/settings/audit", "/settings/audit/download"):
        assert client.get(path).status_code == status


def test_it_is_filtered_by_person_action_and_day(owner: Client, tenant: Tenant) -> None:
    Tenant.objects.update(time_zone="Europe/Zurich")
    late = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)  # In Zurich the 2nd already.
    make_entry(tenant, id=new_id(late), at=late, actor="ann", action="key.made")
    make_entry(tenant, id=new_id(NOW), at=NOW, actor="bob", action="key.revoked")
    for query, found in (
        ({"who": "ann"}, ["ann"]),
        ({"action": "key.revoked"}, ["bob"]),
        ({"from": "2026-11-02", "to": "2026-11-02"}, ["bob", "ann"]),
        ({"from": "2026-11-01", "to": "2026-11-01"}, []),
        ({"to": "2026-11-02", "who": "ann", "action": "key.made"}, ["ann"]),
    ):
        assert shown(owner.get("/settings/audit", query)) == found, query
        told = b"".join(owner.get("/settings/audit/download", query | {"as": "ndjson"}))
        assert [json.loads(one)["who"] for one in told.splitlines()] == found


def test_who_has_left_can_still_be_asked_for(owner: Client, tenant: Tenant) -> None:
    make_entry(tenant, actor="long-gone")
    page = owner.get("/settings/audit", {"who": "long-gone"}).content.decode()
    assert '<option value="long-gone" selected>' in page


def test_it_is_paged_by_key(
    owner: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    ids = ids_from(NOW)
    AuditEntry.objects.bulk_create(
        AuditEntry(id=next(ids), tenant=tenant, actor=f"a{n}", action="key.made", at=NOW)
        for n in range(120)
    )
    with django_assert_max_num_queries(10):
        first = owner.get("/settings/audit", {"action": "key.made"})
    page = first.context["page"]
    assert shown(first) == [f"a{n}" for n in range(119, 69, -1)]
    second = owner.get("/settings/audit", {"action": "key.made", "before": page.older})
    assert shown(second)[0] == "a69"
    back = owner.get(
        "/settings/audit", {"action": "key.made", "after": second.context["page"].newer}
    )
    assert shown(back) == shown(first)


def test_what_is_handed_out_is_safe_in_a_spreadsheet(owner: Client, tenant: Tenant) -> None:
    make_entry(tenant, subject="=HYPERLINK(1)", details={"name": 'x, "y"'}, agent="+1")
    response = owner.get("/settings/audit/download", {"as": "csv", "action": "key.made"})
    rows = list(csv.reader(io.StringIO(b"".join(response).decode())))
    assert rows[0] == ["at", "who", "action", "subject", "details", "address", "program", "id"]
    assert rows[1][3:7] == ["'=HYPERLINK(1)", 'name: x, "y"', "192.0.2.1", "'+1"]
    assert acts()[-1][0] == "audit.exported"


def test_settings_are_told_with_the_old_and_the_new(owner: Client, tenant: Tenant) -> None:
    owner.post("/settings/repeats", {"repeat_days": "30"})
    owner.post("/settings/repeats", {"repeat_days": "30"})
    owner.post("/settings/budget", {"budget_usd": "50", "limit_usd": "", "time_zone": "UTC"})
    assert acts() == [
        ("settings.changed", "repeats", {"repeat_days": "0 → 30"}),
        ("settings.changed", "budget", {"budget_usd": "– → 50"}),
    ]


def test_webhooks_are_told_without_their_addresses(owner: Client, tenant: Tenant) -> None:
    form = {"url": "https://hooks.example.com/secret-path", "events": ["job.failed"]}
    owner.post("/settings/webhooks", form)
    webhook = Webhook.objects.get()
    path = f"/settings/webhooks/{webhook.pk}"
    owner.post(f"{path}/change", form | {"events": ["job.completed"]})
    owner.post(f"{path}/change", form | {"events": ["job.completed"]})
    for act in ("switch", "rotate", "delete"):
        owner.post(f"{path}/{act}")
    told = [action for action, *_ in acts()]
    assert told == [
        *("webhook.made", "webhook.changed", "webhook.changed", "webhook.rotated"),
        "webhook.deleted",
    ]
    assert acts()[0][2]["host"] == "hooks.example.com"
    assert acts()[1][2] == {"events": "job.completed"}
    whole = str(AuditEntry.objects.values())
    assert "secret-path" not in whole
    assert webhook.secret not in whole


def the_api(tenant: Tenant) -> Client:
    return Client(headers={"authorization": f"Bearer {make_key(tenant)}"})


@pytest.mark.parametrize(
    ("act", "actions"),
    [
        (lambda api, job, _: api.post(f"/api/ai/jobs/{job}/cancel"), ["jobs.canceled"]),
        (lambda api, job, _: api.delete(f"/api/ai/jobs/{job}"), ["jobs.erased"]),
        (lambda api, _, key: api.post(f"/api/ai/collections/{key}/cancel"), ["jobs.canceled"]),
        (lambda api, _, key: api.post(f"/api/ai/collections/{key}/retry"), ["jobs.retried"]),
        (lambda api, _, key: api.delete(f"/api/ai/collections/{key}"), ["jobs.erased"]),
        (lambda api, _, key: api.get(f"/api/ai/collections/{key}/results"), ["results.downloaded"]),
        (lambda api, _, key: api.head(f"/api/ai/collections/{key}/results"), []),
        (
            lambda api, _, key: api.post(
                "/api/ai/jobs/cancel", {"filter": {"collection": str(key)}}, "application/json"
            ),
            ["jobs.canceled"],
        ),
    ],
)  # fmt: skip
def test_acts_of_keys_are_told_a_line_each(
    tenant: Tenant, act: Callable[[Client, Any, Any], Any], actions: list[str]
) -> None:
    collection, _ = make_collection(tenant, 3)
    act(the_api(tenant), make_job(tenant).pk, collection.pk)
    found = AuditEntry.objects.order_by("pk")
    assert [one.action for one in found] == actions
    assert all(one.actor.startswith("key ") for one in found)


def test_what_is_queued_again_is_told(tenant: Tenant) -> None:
    job = make_job(tenant, status="failed", finished_at=NOW)
    the_api(tenant).post(f"/api/ai/jobs/{job.pk}/retry")
    assert acts() == [("jobs.retried", f"job {job.pk}", {})]


def test_what_is_sent_again_with_its_key_is_told_once(tenant: Tenant) -> None:
    api, job = the_api(tenant), make_job(tenant)
    for _ in range(2):
        api.post(f"/api/ai/jobs/{job.pk}/cancel", headers={"idempotency-key": "one"})
    assert [action for action, *_ in acts()] == ["jobs.canceled"]


def test_what_is_refused_is_not_told(tenant: Tenant) -> None:
    job = make_job(tenant, status="completed", finished_at=NOW)
    assert the_api(tenant).post(f"/api/ai/jobs/{job.pk}/cancel").status_code == 409
    assert not acts()


def test_webhooks_set_by_a_key_are_told(tenant: Tenant) -> None:
    api, webhook = the_api(tenant), make_webhook(tenant)
    path = f"/api/ai/webhooks/{webhook.pk}"
    api.patch(path, {"state": "off"}, "application/json")
    api.post(f"{path}/rotate")
    api.delete(path)
    assert [(action, told) for action, _, told in acts()] == [
        ("webhook.changed", {"state": "off"}),
        ("webhook.rotated", {}),
        ("webhook.deleted", {}),
    ]


def test_a_page_of_a_hundred_thousand_entries_is_as_quick_as_one_of_ten(
    owner: Client, tenant: Tenant
) -> None:
    """It reads the page and nothing else; docs/decisions/0053 has the times at a million."""
    fill(tenant, 100_000)
    plans = []
    for query in ({}, {"who": "person-7"}, {"action": "key.revoked"}, {"to": "2026-10-01"}):
        owner.get("/settings/audit", query)
        began = time.perf_counter()
        response = owner.get("/settings/audit", query)
        plans.append(time.perf_counter() - began)
        assert len(response.context["page"].rows) == 50
    assert max(plans) < 0.5


def fill(tenant: Tenant, count: int) -> None:
    """So many entries of a year, of fifty people; one in a thousand is the revoking of a key."""
    begin = int((NOW - timedelta(days=365)).timestamp() * 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO tenants_auditentry
                (id, tenant_id, actor, action, subject, details, address, agent, at)
            SELECT (lpad(to_hex(ms), 12, '0') || '70008000000000000000')::uuid, %(tenant)s,
                'person-' || n %% 50,
                CASE WHEN n %% 1000 = 0 THEN 'key.revoked' ELSE 'results.downloaded' END,
                'collection ' || n, '{"as": "csv"}', '192.0.2.1', 'Chrome 142, Linux',
                to_timestamp(ms / 1000.0)
            FROM (SELECT n, %(begin)s + n * (31536000000 / %(count)s) AS ms
                  FROM generate_series(1, %(count)s) AS n) AS moments
            """,
            {"tenant": tenant.pk, "begin": begin, "count": count},
        )
        cursor.execute("ANALYZE tenants_auditentry")
