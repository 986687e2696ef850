"""That a collection is over is told once each time that it is over."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from aijobs.models import AIJob, CollectionToCheck, WebhookEvent
from aijobs.pipeline import accept, erase
from aijobs.webhooks import collections
from tests.factories import NOW, make_batch, make_tenant, make_webhook
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_delivery import again, end, make_collection, run

pytestmark = pytest.mark.django_db(transaction=True)


def told() -> int:
    return WebhookEvent.objects.filter(type="collection.completed").count()


def test_the_last_job_that_ends_makes_it_told(receiver: Receiver) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/takes", events=["collection.completed"])
    collection, (first, second) = make_collection(tenant)
    end(first)
    assert run() == 0
    end(second, status="failed")
    run(NOW + timedelta(seconds=1))
    [got] = receiver.got
    assert got.event["data"] == {
        "collection_id": str(collection.pk),
        "status": "completed",
        "counts": {"completed": 1, "failed": 1, "canceled": 0},
        "url": f"http://testserver/api/ai/collections/{collection.pk}",
        "results_url": f"http://testserver/api/ai/collections/{collection.pk}/results",
    }
    assert run(NOW + timedelta(minutes=1)) == 0


def test_two_transactions_that_end_the_last_two_jobs_at_once_tell_it_once() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    _, (first, second) = make_collection(tenant)
    both_ended = threading.Barrier(2)

    def end_one(job: AIJob) -> None:
        try:
            with transaction.atomic():
                end(job)
                both_ended.wait(10)  # Neither has committed, neither sees the other.
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(end_one, [first, second]))
    assert collections.tell(NOW) == 1
    assert told() == 1
    assert collections.tell(NOW) == 0


def test_a_look_between_the_two_tells_nothing_too_early_or_twice() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    _, (first, second) = make_collection(tenant)
    end(first)
    assert collections.tell(NOW) == 0
    end(second)
    assert collections.tell(NOW) == 1
    assert collections.tell(NOW) == 0
    assert told() == 1


def test_a_retry_that_ends_it_again_tells_it_again(receiver: Receiver) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/takes", events=["collection.completed"])
    collection, jobs = make_collection(tenant)
    end(jobs[0])
    end(jobs[1], status="failed")
    run(NOW)
    accept.retry_collection(collection, now=NOW)
    assert run(NOW + timedelta(seconds=1)) == 0
    end(jobs[1], at=NOW + timedelta(seconds=2))
    run(NOW + timedelta(seconds=2))
    first, second = receiver.got
    assert first.id != second.id
    assert first.event["data"]["counts"] == {"completed": 1, "failed": 1, "canceled": 0}
    assert second.event["data"]["counts"] == {"completed": 2, "failed": 0, "canceled": 0}


def test_a_deleted_collection_is_forgotten() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    collection, jobs = make_collection(tenant, jobs=1)
    end(jobs[0])
    AIJob.objects.filter(pk=jobs[0].pk).update(collection=None)
    collection.delete()
    assert collections.tell(NOW) == 0
    assert not CollectionToCheck.objects.exists()


def test_that_an_erased_one_is_over_is_not_told() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    collection, jobs = make_collection(tenant)
    AIJob.objects.update(status="submitted", batch=make_batch(), attempts=1)
    assert erase.erase_collection(collection, by="ann", now=NOW)
    end(*jobs, status="canceled")
    assert collections.tell(NOW) == 0
    assert not told()
    assert not CollectionToCheck.objects.exists()


def test_many_that_end_and_look_at_once_tell_each_end_once() -> None:
    """Ended side by side in small transactions, while three others look all the time."""
    tenant = make_tenant()
    make_webhook(tenant, events=["collection.completed"])
    made = [make_collection(tenant, jobs=6) for _ in range(8)]
    jobs = [job for _, of_one in made for job in of_one]
    over = threading.Event()

    def end_some(mine: list[AIJob]) -> None:
        try:
            for job in mine:
                with transaction.atomic():
                    end(job)
        finally:
            connections.close_all()

    def look() -> None:
        try:
            while not over.is_set():
                collections.tell(NOW)
        finally:
            connections.close_all()

    for _ in range(3):
        random.shuffle(jobs)
        before = told()
        over.clear()
        with ThreadPoolExecutor(7) as pool:
            lookers = [pool.submit(look) for _ in range(3)]
            enders = [pool.submit(end_some, jobs[part::4]) for part in range(4)]
            for one in enders:
                one.result()
            over.set()
            for one in lookers:
                one.result()
        collections.tell(NOW)
        assert told() - before == len(made)
        again(*jobs)
    counts = Counter(str(one) for (one,) in WebhookEvent.objects.values_list("subjects", flat=True))
    assert set(counts.values()) == {3}
