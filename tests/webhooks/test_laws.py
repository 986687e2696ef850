"""Whatever a receiver answers, and whoever sends: each event arrives, each job's in its order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs.models import Webhook, WebhookDelivery
from aijobs.webhooks import deliver
from tests.factories import NOW, make_job, make_tenant, make_webhook
from tests.webhooks.receiver import Got, Receiver, receiving
from tests.webhooks.test_delivery import again, end, run

pytestmark = pytest.mark.django_db(transaction=True)

# What happens, one after the other: jobs by their number end so, or are queued again.
ENDS = st.tuples(
    st.sets(st.integers(0, 3), min_size=1), st.sampled_from(["failed", "canceled", "completed"])
)


@settings(max_examples=12)
@given(history=st.lists(ENDS, min_size=1, max_size=6), answers=st.lists(st.booleans(), max_size=12))
def test_every_event_arrives_and_those_of_a_job_in_their_order(
    history: list[tuple[set[int], str]], answers: list[bool]
) -> None:
    with receiving() as receiver:
        told, happened = live(receiver, history, answers)
    assert told == happened


Told = dict[str, list[str]]


def live(
    receiver: Receiver, history: list[tuple[set[int], str]], answers: list[bool]
) -> tuple[Told, Told]:
    """What was told of each job, and what happened to it, both in their order.

    `answers`: which requests are taken; those that come later all are.
    """
    Webhook.objects.all().delete()
    took: list[Got] = []
    coming = iter(answers)

    def answer(got: Got) -> int:
        if not next(coming, True):
            return 500
        took.append(got)
        return 0

    receiver.choose = answer
    tenant = make_tenant()
    webhook = make_webhook(tenant, f"{receiver.url}/takes")
    jobs = [make_job(tenant) for _ in range(4)]
    happened: Told = {str(job.pk): [] for job in jobs}
    now = NOW
    for numbers, status in history:
        some = [jobs[number] for number in numbers]
        again(*some)
        end(*some, status=status, at=now)
        for job in some:
            happened[str(job.pk)].append(status)
        run(now)
        now += timedelta(seconds=3)
    while webhook.deliveries.filter(status="pending").exists():
        assert now - NOW < timedelta(days=2)
        run(now)
        now += timedelta(seconds=30)
    told: Told = {str(job.pk): [] for job in jobs}
    for got in took:
        for one in got.event["data"]["jobs"]:
            told[one["job_id"]].append(one["status"])
    return told, happened


def test_several_workers_at_once_send_each_event_once(receiver: Receiver) -> None:
    for _ in range(10):
        tenant = make_tenant()
        make_webhook(tenant, f"{receiver.url}/takes")
        for _ in range(5):
            end(make_job(tenant))

    def work(_: int) -> int:
        try:
            return deliver.run(NOW, lambda: NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        delivered = sum(pool.map(work, range(3)))
    assert delivered == 50
    assert len({got.id for got in receiver.got}) == len(receiver.got) == 50


def test_a_cluster_that_ends_begins_nothing_and_waits_for_no_endpoint_that_hangs(
    receiver: Receiver,
) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/hangs")
    end(make_job(tenant))
    is_stopping = False
    now = NOW

    def clock() -> object:
        nonlocal is_stopping, now
        is_stopping = is_stopping or bool(receiver.got)
        now += timedelta(seconds=1)
        return now

    deliver.run(NOW, clock, lambda: is_stopping)  # type: ignore[arg-type]
    assert len(receiver.got) == 1
    assert WebhookDelivery.objects.get().status == "pending"
    # It is sent again when the lease is over.
    receiver.choose = lambda _: 200
    assert deliver.run(now + timedelta(minutes=2), lambda: now + timedelta(minutes=2)) == 1
