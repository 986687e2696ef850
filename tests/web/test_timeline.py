"""What happened to a job, told to the person who waits for it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Cancellation, Collection, JobAttempt, new_id
from aijobs.pipeline import accept, withdraw
from aijobs.reading import jobs
from aijobs.reading.reviews import Review
from aijobs.web.timeline import timeline
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_job, make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


def after(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def told(job: AIJob, review: Review | None = None) -> list[tuple[str, str, int | None]]:
    """Title, state and minute of each step."""
    found = jobs.detail(job.tenant, job.pk, now=after(500))
    steps = timeline(found.job, found.status, found.attempts, review)
    return [
        (one.title, one.state, int((one.at - NOW).total_seconds() // 60) if one.at else None)
        for one in steps
    ]


def fail(job: AIJob, number: int, minute: int, kind: str = "overloaded_error", **of: Any) -> None:
    JobAttempt.objects.create(
        job=job, number=number, route="batch", error_type=kind, ended_at=after(minute), **of
    )


def test_what_completes_at_once_has_its_moments(tenant: Tenant) -> None:
    batch = make_batch("settled", assembled_at=after(1), submitted_at=after(2))
    job = make_job(tenant, status="completed", batch=batch, attempts=1, finished_at=after(9))
    assert told(job) == [
        ("Queued", "done", 0),
        ("In a batch", "done", 1),
        ("Claude at work", "done", 2),
        ("Done", "done", 9),
    ]


def test_a_retry_leaves_its_trace(tenant: Tenant) -> None:
    job = make_job(tenant, status="failed", attempts=1, finished_at=after(5))
    fail(job, 1, 5, "refusal")
    assert accept.retry_job(job, now=after(30))
    assert told(job)[:4] == [
        ("Queued", "done", 0),
        ("Attempt 1 brought no result", "done", 5),
        ("Failed", "done", 5),
        ("Asked for again", "current", 30),
    ]
    # And another one after it was canceled; neither is forgotten.
    again = AIJob.objects.get()
    assert withdraw.cancel_job(again, now=after(40))
    assert accept.retry_job(again, now=after(50))
    assert told(job)[3:6] == [
        ("Asked for again", "done", 30),
        ("Canceled", "done", 40),
        ("Asked for again", "current", 50),
    ]


def test_a_retry_of_many_leaves_its_trace_with_each(tenant: Tenant) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=2, created_at=NOW
    )
    several = [
        make_job(tenant, status="failed", finished_at=after(n), collection=collection)
        for n in (3, 4)
    ]
    assert accept.retry_collection(collection, now=after(10)) == 2
    for job, ended in zip(several, (3, 4), strict=True):
        job.refresh_from_db()
        assert job.ended_before == [after(ended)]
        assert job.asked_again == [after(10)]


def test_attempts_are_told_with_their_batches_and_reasons(tenant: Tenant) -> None:
    lost = make_batch("settled", assembled_at=after(1), submitted_at=after(2), rescued_at=after(20))
    job = make_job(tenant, status="queued", attempts=1)
    fail(job, 1, 25, "canceled", batch=lost)
    assert told(job) == [
        ("Queued", "done", 0),
        ("In a batch", "done", 1),
        ("Claude at work", "done", 2),
        ("The batch was canceled: the deadline would have been missed", "done", 20),
        ("Attempt 1 brought no result", "done", 25),
        ("Waits for another try", "current", None),
        ("In a batch", "ahead", None),
        ("Claude at work", "ahead", None),
        ("Done", "ahead", None),
    ]
    found = jobs.detail(tenant, job.pk, now=after(500))
    steps = timeline(found.job, found.status, found.attempts)
    assert steps[4].detail == "Its batch was canceled before its turn came."


def test_a_batch_that_is_being_canceled_says_so(tenant: Tenant) -> None:
    batch = make_batch("canceling", submitted_at=after(2), canceling_at=after(9))
    job = make_job(tenant, status="submitted", batch=batch, attempts=1)
    assert told(job)[-2:] == [
        ("Cancel of the batch was asked for", "current", 9),
        ("Done", "ahead", None),
    ]


def test_that_a_whole_collection_was_canceled_is_told(tenant: Tenant) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=1, created_at=NOW
    )
    Cancellation.objects.create(collection=collection, initiated_at=after(3))
    job = make_job(tenant, status="canceled", finished_at=after(3), collection=collection)
    assert told(job) == [
        ("Queued", "done", 0),
        ("Cancel of the whole collection was asked for", "done", 3),
        ("Canceled", "done", 3),
    ]


def test_who_is_answered_by_the_same_question_is_led_there(tenant: Tenant) -> None:
    first = make_job(tenant, status="completed", finished_at=NOW)
    job = make_job(tenant, status="completed", finished_at=after(1), answered_by=first.pk)
    found = jobs.detail(tenant, job.pk, now=after(500))
    last = timeline(found.job, found.status)[-1]
    assert (last.title, last.job) == ("Done", first.pk)
    assert "The same question was answered before" in last.detail
    waiting = make_job(tenant, answered_by=first.pk)
    assert told(waiting) == [("Queued", "current", 0), ("Done", "ahead", None)]


def test_a_seed_and_a_job_made_of_another_say_so(tenant: Tenant) -> None:
    job = make_job(tenant, status="completed", finished_at=after(1))
    [first, *_] = timeline(job, "completed", (), Review(is_seed=True))
    assert "goes first in its collection" in first.detail
    [first, *_] = timeline(job, "completed", (), Review(source=job.pk))
    assert (first.detail, first.job) == ("Made of another job.", job.pk)


def test_a_direct_call_is_told_without_a_batch(tenant: Tenant) -> None:
    job = make_job(tenant, status="processing", route="sync", started_at=after(1), attempts=1)
    assert told(job) == [
        ("Queued", "done", 0),
        ("Claude is at work", "current", 1),
        ("Done", "ahead", None),
    ]
