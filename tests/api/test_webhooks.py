"""Endpoints are made, changed, tested, rotated and sent to again over the API."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from aijobs.api.webhook_events import BODIES
from aijobs.models import AIJob, EventType, Webhook, WebhookDelivery
from aijobs.webhooks import endpoints
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import NOW, make_job, make_tenant, make_user, make_webhook

HOOK: dict[str, Any] = {"url": "https://example.com/hook", "events": ["job.completed"]}


def change(caller: Caller, webhook: str, **fields: Any) -> Any:
    return caller.patch(f"/api/ai/webhooks/{webhook}", fields, content_type="application/json")


def end(*jobs: AIJob) -> None:
    AIJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        status="completed", finished_at=NOW
    )


def test_a_secret_is_shown_when_it_is_made_and_never_again(caller: Caller) -> None:
    made = caller.send("webhooks", HOOK | {"description": "Claims"})
    assert made.status_code == 201
    secret, webhook = made.json()["secret"], made.json()["webhook_id"]
    assert secret.startswith("whsec_")
    assert caller.read(f"webhooks/{webhook}").json() == {
        name: value for name, value in made.json().items() if name != "secret"
    }
    rotated = caller.send(f"webhooks/{webhook}/rotate").json()
    assert rotated["secret"] != secret
    assert rotated["previous_secret_until"]
    for path in ("webhooks", f"webhooks/{webhook}", f"webhooks/{webhook}/deliveries"):
        told = caller.read(path).content.decode()
        assert "whsec_" not in told
    row = Webhook.objects.get()
    assert (row.secret, row.previous_secret) == (rotated["secret"], secret)
    assert row.root == "http://testserver/"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"events": ["job.failed"]}, "url"),
        ({"url": "https://example.com/"}, "events"),
        (HOOK | {"url": "http://127.0.0.1/"}, ""),  # Local mode allows this machine.
        (HOOK | {"url": "http://169.254.169.254/latest/meta-data"}, "url"),
        (HOOK | {"url": "http://10.0.0.1/"}, "url"),
        (HOOK | {"url": "http://[::ffff:10.0.0.1]/"}, "url"),
        (HOOK | {"url": "ftp://example.com/"}, "url"),
        (HOOK | {"url": 7}, "url"),
        (HOOK | {"url": "https://u:p@example.com/"}, "url"),
        (HOOK | {"events": []}, "events"),
        (HOOK | {"events": ["job.started"]}, "events"),
        (HOOK | {"events": ["job.failed", "job.failed"]}, "events"),
        (HOOK | {"events": [["job.failed"]]}, "events"),
        (HOOK | {"events": "job.failed"}, "events"),
        (HOOK | {"description": "x" * 201}, "description"),
        (HOOK | {"description": "\0"}, "description"),
        (HOOK | {"description": "\ud800"}, "description"),
        (HOOK | {"description": None}, "description"),
        (HOOK | {"includes_result": "yes"}, "includes_result"),
        (HOOK | {"secret": "whsec_mine"}, "secret"),
        (HOOK | {"state": "on"}, "state"),
    ],
)
def test_bad_input_is_named_and_nothing_is_stored(
    caller: Caller, body: dict[str, Any], field: str
) -> None:
    answer = caller.send("webhooks", body)
    if not field:
        assert answer.status_code == 201
        return
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Webhook.objects.exists()


def test_it_is_changed_and_switched_off_and_on(caller: Caller) -> None:
    webhook = make_webhook(caller.tenant, failures=4, failing_since=NOW, last_error="timeout")
    changed = change(caller, str(webhook.pk), url="https://example.com/new", state="off").json()
    assert (changed["url"], changed["state"]) == ("https://example.com/new", "off")
    assert changed["failing_since"] is None
    end(make_job(caller.tenant))
    assert not WebhookDelivery.objects.exists()
    assert caller.send(f"webhooks/{webhook.pk}/test").status_code == 409
    assert change(caller, str(webhook.pk), state="on").json()["state"] == "on"
    assert change(caller, str(webhook.pk), state="failed").status_code == 400
    assert change(caller, str(webhook.pk)).status_code == 200
    assert caller.delete(f"/api/ai/webhooks/{webhook.pk}").status_code == 204
    assert caller.read(f"webhooks/{webhook.pk}").status_code == 404


def test_a_workspace_has_so_many_and_no_more(caller: Caller) -> None:
    for _ in range(Webhook.MOST_OF_A_TENANT):
        make_webhook(caller.tenant)
    refused = caller.send("webhooks", HOOK)
    assert refused.status_code == 409
    assert "at most 20" in refused.json()["detail"]


def test_the_log_comes_in_pages_and_shows_what_was_sent(caller: Caller) -> None:
    webhook = make_webhook(caller.tenant, events=["job.completed"])
    jobs = [make_job(caller.tenant, reference=f"POL-{number}") for number in range(5)]
    for job in jobs:
        end(job)
    first = caller.read(f"webhooks/{webhook.pk}/deliveries", page_size=2).json()
    second = caller.get(first["next"]).json()
    third = caller.get(second["next"]).json()
    assert [len(one["results"]) for one in (first, second, third)] == [2, 2, 1]
    assert third["next"] is None
    assert first["previous"] is None
    assert caller.get(second["previous"]).json()["results"] == first["results"]
    ids = [one["delivery_id"] for page in (first, second, third) for one in page["results"]]
    assert len({*ids}) == 5
    newest = first["results"][0]
    assert (newest["status"], newest["type"], newest["attempts"]) == ("pending", "job.completed", 0)
    sent = caller.read(f"webhooks/{webhook.pk}/deliveries/{newest['delivery_id']}").json()
    assert sent["body"]["data"]["jobs"][0]["reference"] == "POL-4"


def test_a_test_a_delivery_and_a_span_are_sent_again(caller: Caller) -> None:
    webhook = make_webhook(caller.tenant, events=["job.completed"])
    other = make_webhook(caller.tenant, events=["job.failed"])
    end(make_job(caller.tenant))
    end(make_job(caller.tenant))
    WebhookDelivery.objects.update(status="delivered")
    path = f"webhooks/{webhook.pk}"
    tested = caller.send(f"{path}/test")
    assert (tested.status_code, tested.json()["type"]) == (202, "webhook.test")
    [*_, delivered] = caller.read(f"{path}/deliveries").json()["results"]
    again = caller.send(f"{path}/deliveries/{delivered['delivery_id']}/replay").json()
    assert again["event_id"] == delivered["event_id"]
    assert again["delivery_id"] != delivered["delivery_id"]
    # What waits is not doubled.
    twice = caller.send(f"{path}/deliveries/{delivered['delivery_id']}/replay").json()
    assert twice["delivery_id"] == again["delivery_id"]
    span = {"from": NOW.isoformat(), "to": (NOW + timedelta(hours=1)).isoformat()}
    assert caller.send(f"{path}/replay", span).json()["replayed"] == 1
    assert caller.send(f"{path}/replay", span).json()["replayed"] == 0
    assert caller.send(f"webhooks/{other.pk}/replay", span).json()["replayed"] == 0
    late = {"from": (NOW + timedelta(hours=1)).isoformat()}
    assert caller.send(f"{path}/replay", late).json()["replayed"] == 0


@pytest.mark.parametrize(
    ("span", "field"),
    [
        ({}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-02T09:00:00"}, "from"),
        ({"from": "9999-99-99T00:00:00Z"}, "from"),
        ({"from": 7}, "from"),
        ({"from": "2026-11-02T09:00:00Z", "to": "later"}, "to"),
        ({"from": "2026-11-02T09:00:00Z", "until": "later"}, "until"),
        ({"from": "2026-11-02T09:00:00Z", "to": "2026-11-01T09:00:00Z"}, "from"),
    ],
)
def test_a_span_that_is_none_is_named(caller: Caller, span: dict[str, Any], field: str) -> None:
    webhook = make_webhook(caller.tenant)
    answer = caller.send(f"webhooks/{webhook.pk}/replay", span)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_request_with_a_key_that_comes_twice_makes_one(caller: Caller) -> None:
    headers = {"Idempotency-Key": "one"}
    first = caller.send("webhooks", HOOK, headers=headers)
    second = caller.send("webhooks", HOOK, headers=headers)
    assert (second.status_code, second.json()) == (201, first.json())
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(("role", "status"), [("owner", 201), ("admin", 201), ("member", 403)])
def test_of_people_owners_and_admins_alone_see_and_set_one_up(
    tenant: Tenant, role: str, status: int
) -> None:
    browser = Client()
    browser.force_login(make_user("ann", tenant, role))
    made = browser.post("/api/ai/webhooks", HOOK, content_type="application/json")
    assert made.status_code == status
    assert browser.get("/api/ai/webhooks").status_code == (200 if status == 201 else 403)


def test_each_event_is_documented_as_it_is_sent(caller: Caller) -> None:
    """The body of an event, made of real rows, is what OpenAPI describes."""
    webhook = make_webhook(caller.tenant, includes_result=True)
    now = NOW
    job = make_job(caller.tenant, reference="POL-1")
    end(job)
    for kind in (EventType.JOB_FAILED, EventType.JOB_CANCELED):
        other = make_job(caller.tenant)
        AIJob.objects.filter(pk=other.pk).update(status=kind.partition(".")[2], finished_at=now)
    endpoints.test(webhook, now)
    told = {one.event.type: endpoints.body(one) for one in webhook.deliveries.all()}
    assert set(told) == {*list(EventType)[:3], "webhook.test"}
    assert set(BODIES) == {*EventType.values, "webhook.test"}
    for name, body in told.items():
        BODIES[name].model_validate_json(json.dumps(body))


def test_another_tenant_has_its_own(caller: Caller) -> None:
    theirs = make_webhook(make_tenant())
    assert caller.read("webhooks").json() == {"results": []}
    assert caller.read(f"webhooks/{theirs.pk}").status_code == 404
    assert change(caller, str(theirs.pk), state="off").status_code == 404
