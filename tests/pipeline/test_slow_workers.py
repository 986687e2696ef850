"""A worker that was stopped for long wakes up in a world that went on without it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from aijobs import gateway
from aijobs.models import AIJob, JobAttempt, LedgerEntry
from aijobs.outcomes.answers import Failure, Outcome
from aijobs.pipeline import expedite, sweep
from tests.factories import NOW
from tests.ground import Emulator
from tests.pipeline.steps import assert_books_agree, at, keep_going, queue

LATE = NOW + timedelta(hours=1)


def given_up() -> tuple[AIJob, Outcome]:
    """A direct call whose answer comes after sweep took its worker for dead."""
    queue(needed_within=0)
    [job] = expedite.claim([], NOW)
    outcome = expedite.ask(job)
    assert sweep.run(LATE) == 1
    return job, outcome


@pytest.mark.django_db
def test_a_call_that_falls_silent_late_has_not_lost_its_worker(
    emulator: Emulator, settings: Any
) -> None:
    """Silence is waited out from the last piece on, which came just before the time was up."""
    settings.AIJOBS_ANSWER_SECONDS = 1.0
    emulator.control("POST", "settings", {"latency_message": 1.2})
    emulator.order("message", "silence", rows=6, seconds=4)
    gateway.preload()
    queue(needed_within=0)
    [job] = expedite.claim([], NOW)
    began = time.monotonic()
    outcome = expedite.ask(job)
    took = timedelta(seconds=time.monotonic() - began)
    assert isinstance(outcome, Failure)
    assert outcome.error_type == "in_doubt"
    assert timedelta(seconds=1.3) < took < gateway.longest_message()
    assert sweep.rescue(NOW + took + sweep.MARGIN) == 0


@pytest.mark.django_db(transaction=True)
def test_what_another_worker_claims_just_now_is_left_to_it() -> None:
    """Without the lock of `run`, as after its connection broke: the rows alone decide."""
    [job] = queue(needed_within=0)

    def claim() -> list[AIJob]:
        try:
            return expedite.claim([], NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            assert expedite.claim([], NOW) == [job]
            assert other.submit(claim).result(timeout=20) == []
        assert other.submit(claim).result(timeout=20) == []
    assert AIJob.objects.get().attempts == 1


@pytest.mark.django_db
def test_its_answer_ends_the_doubt(emulator: Emulator) -> None:
    job, outcome = given_up()
    assert JobAttempt.objects.get().error_type == "in_doubt"
    for _ in range(2):  # It may not know that it was stored.
        expedite.finish(job, outcome, LATE)
    job.refresh_from_db()
    assert job.status == "completed"
    assert not JobAttempt.objects.exists()
    assert_books_agree(emulator)


@pytest.mark.django_db
def test_its_answer_is_charged_for_where_the_job_is_on_its_way_anew(emulator: Emulator) -> None:
    job, outcome = given_up()
    AIJob.objects.get().mark_queued(LATE)
    for _ in range(2):
        expedite.finish(job, outcome, LATE)
    assert AIJob.objects.get().status == "queued"
    assert LedgerEntry.objects.count() == 1
    keep_going(LATE)
    assert AIJob.objects.get().status == "completed"
    assert LedgerEntry.objects.count() == 2
    assert_books_agree(emulator)


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_cannot_be_stored_does_not_lose_the_others(emulator: Emulator) -> None:
    jobs = queue("one", "two", "three", needed_within=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE aijobs_joboutput ADD CONSTRAINT no_room"
            f" CHECK (job_id <> '{jobs[0].pk}') NOT VALID"
        )
    try:
        with pytest.raises(DatabaseError):
            expedite.run(NOW, at(NOW))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE aijobs_joboutput DROP CONSTRAINT no_room")
    ends = dict(AIJob.objects.values_list("pk", "status"))
    assert [ends[job.pk] for job in jobs] == ["processing", "completed", "completed"]
    assert LedgerEntry.objects.count() == 2
    assert sweep.run(LATE) == 1
