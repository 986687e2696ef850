"""What is stored when something happens is sent, signed, at least once, in order."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from standardwebhooks import WebhookVerificationError

from aijobs.models import AIJob, Collection, Webhook, WebhookDelivery, WebhookEvent, new_id
from aijobs.webhooks import deliver, endpoints, outbox, signatures
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_output, make_tenant, make_webhook
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


def end(*jobs: AIJob, status: str = "completed", at: datetime = NOW) -> None:
    AIJob.objects.filter(pk__in=[job.pk for job in jobs]).update(status=status, finished_at=at)


def again(*jobs: AIJob) -> None:
    AIJob.objects.filter(pk__in=[job.pk for job in jobs]).update(status="queued", finished_at=None)


def run(at: datetime = NOW) -> int:
    return deliver.run(at, lambda: at)


def statuses(webhook: Webhook) -> list[str]:
    return list(webhook.deliveries.order_by("pk").values_list("status", flat=True))


def test_a_job_that_ends_is_told_with_a_signature_that_the_reference_library_takes(
    receiver: Receiver,
) -> None:
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/takes")
    job = make_job(tenant, reference="POL-7")
    now = datetime.now(tz=NOW.tzinfo)
    end(job, at=now)
    assert deliver.due(now)
    assert run(now) == 1
    [got] = receiver.got
    got.verify(webhook.secret)
    with pytest.raises(WebhookVerificationError):
        got.verify(signatures.new_secret())
    assert got.event["type"] == "job.completed"
    assert got.event["data"]["jobs"] == [
        {
            "job_id": str(job.pk),
            "status": "completed",
            "reference": "POL-7",
            "collection_id": None,
            "url": f"http://testserver/api/ai/jobs/{job.pk}",
        }
    ]
    assert got.headers["content-type"] == "application/json"
    assert statuses(webhook) == ["delivered"]
    assert not deliver.due(now)


def test_nothing_is_stored_for_who_does_not_want_to_be_told(receiver: Receiver) -> None:
    tenant, other = make_tenant(), make_tenant()
    make_webhook(tenant, state="off")
    make_webhook(tenant, events=["job.failed"])
    make_webhook(other)
    end(make_job(tenant))
    assert not WebhookEvent.objects.exists()


def test_an_event_is_there_exactly_when_the_result_is() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    job = make_job(tenant)
    with transaction.atomic():
        end(job)
        transaction.set_rollback(True)
    assert not WebhookEvent.objects.exists()


def test_jobs_that_end_together_come_in_pages_of_100(receiver: Receiver) -> None:
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/takes")
    jobs = [make_job(tenant) for _ in range(250)]
    end(*jobs)
    assert run() == 3
    told = [one for got in receiver.got for one in got.event["data"]["jobs"]]
    assert sorted(len(got.event["data"]["jobs"]) for got in receiver.got) == [50, 100, 100]
    assert {one["job_id"] for one in told} == {str(job.pk) for job in jobs}
    assert statuses(webhook) == ["delivered"] * 3


def test_what_is_being_erased_is_told_by_its_id_alone(receiver: Receiver) -> None:
    """Also where it is still there: of a large collection, jobs are erased page by page."""
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/takes", includes_result=True)
    job = make_job(tenant, reference="POL-7")
    make_output(job, {"summary": "A fox."})
    end(job)
    AIJob.objects.filter(pk=job.pk).update(erasing_since=NOW)
    assert run() == 1
    [told] = receiver.got[0].event["data"]["jobs"]
    assert (told["job_id"], told["reference"]) == (str(job.pk), "")
    assert "result" not in told
    assert "A fox." not in str(endpoints.body(webhook.deliveries.get()))


def test_results_come_by_choice_and_as_far_as_there_is_room(receiver: Receiver) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/takes/plain")
    make_webhook(tenant, f"{receiver.url}/takes/whole", includes_result=True)
    short, long, odd = (make_job(tenant) for _ in range(3))
    make_output(short, {"summary": "Short."})
    make_output(long, {"summary": "x" * 1_000_000})
    make_output(odd, {"summary": "\ud800"})
    end(short, long)
    end(odd)
    assert run() == 4
    plain = [one for got in receiver.at("takes/plain") for one in got.event["data"]["jobs"]]
    assert not any("result" in one for one in plain)
    whole: dict[str, Any] = {}
    for got in receiver.at("takes/whole"):
        whole |= {one["job_id"]: one for one in json.loads(got.body)["data"]["jobs"]}
    assert whole[str(short.pk)]["result"] == {"summary": "Short."}
    assert whole[str(long.pk)]["result"] is None
    assert whole[str(long.pk)]["is_result_left_out"]
    assert whole[str(odd.pk)]["result"] == {"summary": "\ud800"}


def test_what_fails_is_sent_again_after_a_pause_with_the_same_id(receiver: Receiver) -> None:
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/takes")
    receiver.choose = lambda _: 500 if len(receiver.got) == 1 else 0
    end(make_job(tenant))
    assert run() == 0
    assert run(NOW + timedelta(seconds=4)) == 0
    assert len(receiver.got) == 1
    assert run(NOW + timedelta(seconds=6)) == 1
    first, second = receiver.got
    assert first.id == second.id
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.failing_since, webhook.last_error) == (0, None, "")
    delivery = webhook.deliveries.get()
    assert (delivery.status, delivery.attempts, delivery.http_status) == ("delivered", 2, 200)


def test_a_later_event_of_a_job_never_comes_before_an_earlier_one(receiver: Receiver) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/takes")
    job, other = make_job(tenant), make_job(tenant)
    receiver.choose = lambda got: 500 if got.event["type"] == "job.failed" else 0
    end(job, status="failed")
    again(job)
    end(job)
    end(other)
    # What is about the other job alone passes.
    assert run() == 1
    assert run(NOW + timedelta(seconds=20)) == 0
    receiver.choose = None
    assert run(NOW + timedelta(minutes=10)) == 2
    kinds = [got.event["type"] for got in receiver.got if str(job.pk) in got.body.decode()]
    assert kinds == ["job.failed"] * (len(kinds) - 1) + ["job.completed"]


def test_a_body_that_is_never_taken_delays_the_others_for_seconds_only(receiver: Receiver) -> None:
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/takes")
    poison = make_job(tenant)
    receiver.choose = lambda got: 500 if str(poison.pk) in got.body.decode() else 0
    end(poison)
    assert run() == 0
    now = NOW
    for _ in range(40):
        now += timedelta(hours=1)
        end(make_job(tenant), at=now)
        while deliver.due(now):
            run(now)
        now += timedelta(seconds=6)
        while deliver.due(now):
            run(now)
    assert statuses(webhook) == ["failed"] + ["delivered"] * 40
    webhook.refresh_from_db()
    assert webhook.state == "on"


def test_an_endpoint_that_fails_for_a_day_is_switched_off_and_gets_the_rest_once_it_is_on(
    receiver: Receiver,
) -> None:
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/fails")
    end(make_job(tenant))
    now = NOW
    while webhook.state == "on":
        assert now - NOW < timedelta(hours=27)
        run(now)
        now += timedelta(minutes=5)
        webhook.refresh_from_db()
    assert timedelta(hours=24) <= now - NOW
    assert 9 <= len(receiver.got) <= 10
    # What happens while it is off comes later.
    job = make_job(tenant)
    end(job, at=now)
    assert run(now + timedelta(days=1)) == 0
    endpoints.change(webhook, {"url": f"{receiver.url}/takes", "state": "on"}, now)
    assert run(now) >= 1
    assert str(job.pk) in receiver.got[-1].body.decode()


def test_an_endpoint_that_says_it_is_gone_is_switched_off_at_once(receiver: Receiver) -> None:
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/is_gone")
    end(make_job(tenant))
    run()
    webhook.refresh_from_db()
    assert webhook.state == "failed"


def test_a_dead_endpoint_is_asked_seldom_however_much_waits_for_it(receiver: Receiver) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/fails")
    for _ in range(50):
        end(make_job(tenant))
    now = NOW
    while now < NOW + timedelta(hours=1):
        run(now)
        now += timedelta(seconds=20)
    # The first round has five, then one each time.
    assert len(receiver.got) <= 5 + 5


def test_a_worker_that_died_holds_an_endpoint_for_a_moment_only(receiver: Receiver) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/takes")
    end(make_job(tenant))
    assert len(outbox.claim(10, NOW)) == 1
    assert run(NOW + timedelta(seconds=10)) == 0
    assert run(NOW + timedelta(seconds=50)) == 1


def test_two_secrets_sign_while_one_takes_over_from_the_other(receiver: Receiver) -> None:
    tenant = make_tenant()
    now = datetime.now(tz=NOW.tzinfo)
    old = signatures.new_secret()
    webhook = make_webhook(
        tenant,
        f"{receiver.url}/takes",
        previous_secret=old,
        previous_until=now + timedelta(hours=24),
    )
    end(make_job(tenant), at=now)
    run(now)
    receiver.got[0].verify(webhook.secret)
    receiver.got[0].verify(old)
    webhook.previous_until = now
    webhook.save()
    end(make_job(tenant), at=now)
    run(now)
    receiver.got[1].verify(webhook.secret)
    with pytest.raises(WebhookVerificationError):
        receiver.got[1].verify(old)


def make_collection(tenant: Tenant, jobs: int = 2) -> tuple[Collection, list[AIJob]]:
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="Policies", job_type="summarize", total=jobs,
        created_by="ann", created_at=NOW,
    )  # fmt: skip
    return collection, [make_job(tenant, collection=collection) for _ in range(jobs)]


def test_old_events_are_deleted_with_their_deliveries() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    end(make_job(tenant))
    assert outbox.prune(NOW + timedelta(days=29)) == 0
    assert outbox.prune(NOW + timedelta(days=31)) == 1
    assert not WebhookDelivery.objects.exists()
