"""A failed or canceled job can be queued again, and nothing else can."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Collection, JobAttempt, new_id
from aijobs.outcomes.retries import FIRST_PAUSE
from aijobs.pipeline import accept, expedite, poll, settle, withdraw
from tests.factories import NOW, make_job, make_tenant
from tests.ground import Emulator
from tests.models.rows import columns_of
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    assert_books_agree,
    at,
    bring_back,
    keep_going,
    queue,
    send,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize("status", AIJob.Status.values)
def test_only_what_failed_or_was_canceled_is_queued_again(status: str) -> None:
    job = make_job(make_tenant(), status=status, **columns_of(status))
    again = status in {"failed", "canceled"}
    assert accept.retry_job(job, now=LATER) is again
    assert AIJob.objects.get().status == ("queued" if again else status)


def test_a_second_retry_from_an_old_page_leaves_a_running_job_alone() -> None:
    job = make_job(make_tenant(), status="failed", finished_at=NOW, needed_by=NOW)
    old_page = AIJob.objects.get()
    assert accept.retry_job(job, now=LATER)
    assert expedite.claim([], LATER) == [job]
    assert not accept.retry_job(old_page, now=LATER)
    assert AIJob.objects.get().status == "processing"


def test_a_collection_queues_its_failed_jobs_again_and_no_others() -> None:
    tenant = make_tenant()
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=1, created_at=NOW
    )
    for status in AIJob.Status.values:
        make_job(tenant, status=status, collection=collection, **columns_of(status))
    make_job(tenant, status="failed", finished_at=NOW)
    assert accept.retry_collection(collection, now=LATER) == 1
    assert AIJob.objects.filter(status="failed").count() == 1
    again = AIJob.objects.get(not_before=LATER)
    assert (again.status, again.finished_at, again.collection) == ("queued", None, collection)


def errors_of(job: AIJob) -> list[tuple[int, str]]:
    attempts = JobAttempt.objects.filter(job=job).order_by("number")
    return list(attempts.values_list("number", "error_type"))


def test_after_a_retry_by_hand_its_attempts_count_anew(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 2
    [job] = queue(f"{TEXT} [[emulate:errored:overloaded_error*3]]")
    keep_going(DUE)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("failed", 2)
    later = DUE + timedelta(hours=3)
    assert accept.retry_job(job, now=later)
    keep_going(later)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.forgiven_attempts) == ("completed", 4, 2)
    # What went before is not forgotten.
    assert errors_of(job) == [(number, "overloaded_error") for number in (1, 2, 3)]
    assert_books_agree(emulator)


def test_a_job_that_goes_on_failing_has_as_many_fresh_attempts_and_no_more(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 2
    [job] = queue(f"{TEXT} [[emulate:errored:overloaded_error]]")
    now = DUE
    for times in (1, 2, 3):
        keep_going(now)
        job.refresh_from_db()
        assert (job.status, job.attempts) == ("failed", 2 * times)
        now += timedelta(hours=3)
        assert accept.retry_job(job, now=now) is True


@pytest.mark.parametrize(("order", "error"), [("max_tokens", "max_tokens"),
                                              ("empty", "invalid_output")])  # fmt: skip
def test_what_is_asked_for_once_more_is_so_again_after_a_retry_by_hand(
    emulator: Emulator, order: str, error: str
) -> None:
    [job] = queue(f"{TEXT} [[emulate:{order}*3]]")
    keep_going(DUE)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("failed", 2)
    later = DUE + timedelta(hours=3)
    assert accept.retry_job(job, now=later)
    keep_going(later)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 4)
    assert errors_of(job) == [(number, error) for number in (1, 2, 3)]
    assert_books_agree(emulator)


def test_the_pauses_begin_anew_too(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 3
    [job] = queue(f"{TEXT} [[emulate:errored:overloaded_error]]")
    keep_going(DUE)
    later = DUE + timedelta(hours=3)
    job.refresh_from_db()
    assert (job.status, accept.retry_job(job, now=later)) == ("failed", True)
    batch = send(later + timedelta(minutes=5))
    assert batch.requests == 1
    later += timedelta(minutes=6)
    assert poll.run(later) == settle.run(later) == 1
    job.refresh_from_db()
    assert (job.status, job.not_before) == ("queued", later + FIRST_PAUSE)


def test_a_job_that_was_canceled_keeps_no_count_either(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 2
    [job] = queue(f"{TEXT} [[emulate:errored:overloaded_error*2]]")
    bring_back(send(), emulator)
    assert withdraw.cancel_job(AIJob.objects.get(), now=DUE + MINUTE)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("canceled", 1)
    later = DUE + timedelta(hours=3)
    assert accept.retry_job(job, now=later)
    keep_going(later)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 3)


def test_jobs_of_a_collection_that_is_retried_have_fresh_attempts(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 2
    rows = [
        {"document_text": TEXT},
        {"document_text": f"{TEXT} One. [[emulate:errored:overloaded_error*3]]"},
        {"document_text": f"{TEXT} Two. [[emulate:errored:overloaded_error]]"},
    ]
    collection = accept.accept_collection(
        make_tenant(), "c", "summarize", enumerate(rows, 1), now=NOW, created_by="ann"
    ).collection
    keep_going(DUE)
    jobs = AIJob.objects.filter(collection=collection).order_by("pk")
    found = jobs.values_list("status", "attempts", "forgiven_attempts")
    assert list(found) == [("completed", 1, 0), ("failed", 2, 0), ("failed", 2, 0)]
    later = DUE + timedelta(hours=3)
    assert accept.retry_collection(collection, now=later) == 2
    keep_going(later)
    assert list(found.all()) == [("completed", 1, 0), ("completed", 4, 2), ("failed", 4, 2)]
    assert_books_agree(emulator)


def test_an_urgent_job_has_fresh_attempts_as_well(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 1
    [job] = queue(needed_within=0)
    emulator.order("message", "status", status=500, times=2)
    now = NOW
    for attempts in (1, 2):
        assert expedite.run(now, at(now)) == 1
        job.refresh_from_db()
        assert (job.status, job.attempts) == ("failed", attempts)
        now += MINUTE
        assert accept.retry_job(job, now=now)
    assert expedite.run(now, at(now)) == 1
    job.refresh_from_db()
    assert (job.status, job.attempts, job.forgiven_attempts) == ("completed", 3, 2)
    assert_books_agree(emulator)
