"""Every stage may be run twice, or by two workers at once: the second finds nothing to do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from aijobs.models import AIJob, Batch, JobAttempt, LedgerEntry, Submission
from aijobs.pipeline import assemble, dispatch, expedite, poll, reconcile, settle, sweep
from aijobs.submissions import moves
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    assert_books_agree,
    at,
    await_end,
    put_together,
    queue,
    send,
    store_intent,
    submission_of,
)
from tests.pipeline.strangers import send_into_doubt

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 3
LATER = DUE + MINUTE


def at_once(stage: Callable[[], object]) -> list[Any]:
    together = Barrier(WORKERS)

    def work(_: int) -> object:
        try:
            together.wait()
            return stage()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(work, range(WORKERS)))


def test_the_whole_journey_by_several_workers_at_once(emulator: Emulator) -> None:
    queue(*[f"Policy {n} covers hail." for n in range(30)], f"{TEXT} [[emulate:refusal]]")
    queue(*[f"Policy {n} covers fire." for n in range(3)], needed_within=0)
    assert sum(at_once(lambda: expedite.run(DUE, at(DUE)))) == 3
    assert sum(at_once(lambda: assemble.run(DUE))) == 1
    assert sum(at_once(lambda: dispatch.run(DUE, at(DUE)))) == 1
    assert sum(at_once(lambda: reconcile.run(DUE))) == 0
    assert sum(at_once(lambda: poll.run(LATER))) == 1
    assert sum(at_once(lambda: settle.run(LATER))) == 1
    at_once(lambda: sweep.run(LATER))
    assert Batch.objects.get().status == "settled"
    assert emulator.stats()["batches_created"] == 1
    assert set(AIJob.objects.values_list("attempts", flat=True)) == {1}
    assert_books_agree(emulator)


def test_an_ended_batch_is_settled_right_even_without_the_lock(emulator: Emulator) -> None:
    """The lock spares work; that nothing is stored twice rests on rows alone."""
    queue(
        *[f"Policy {n} covers hail." for n in range(20)],
        f"{TEXT} [[emulate:errored:api_error]]",
        f"{TEXT} [[emulate:refusal]]",
    )
    batch = await_end(send(), emulator)
    done = at_once(lambda: settle.settle(submission_of(batch), LATER))
    assert done.count(True) == 1
    assert AIJob.objects.filter(status="completed").count() == 20
    assert (LedgerEntry.objects.count(), JobAttempt.objects.count()) == (21, 2)
    assert emulator.stats()["rows_billed"] == 21


def test_an_assembled_batch_is_sent_once_even_without_the_lock(emulator: Emulator) -> None:
    queue()
    batch = put_together()
    done = at_once(lambda: dispatch.dispatch(Batch.objects.get(pk=batch.pk), at(DUE)))
    assert done.count(True) == 1
    assert emulator.stats()["creates_seen"] == 1


def test_an_urgent_job_is_claimed_once(emulator: Emulator) -> None:
    queue(needed_within=0)
    claimed = at_once(lambda: expedite.claim([], DUE))
    assert sum(map(len, claimed)) == 1
    assert AIJob.objects.get().attempts == 1


def test_a_doubt_is_decided_once(emulator: Emulator) -> None:
    queue()
    emulator.order("create", "drop", when="after")
    put_together()
    dispatch.run(DUE, at(DUE))
    assert sum(at_once(lambda: reconcile.run(LATER))) == 1
    assert Batch.objects.get().status == "submitted"


def test_a_body_that_a_job_has_left_since_is_not_sent(emulator: Emulator, settings: Any) -> None:
    """Its worker lost the lock, and was held up with the body in its hand."""
    queue(TEXT, TEXT + "2")
    in_doubt = send_into_doubt(emulator, DUE, made=False)
    queue("a", "b", "c")
    batch = put_together()
    second = Batch.objects.get(pk=batch.pk)
    there = settings.ANTHROPIC_BASE_URL

    def meanwhile() -> datetime:
        if Batch.objects.get(pk=batch.pk).requests == 3:
            Submission.objects.filter(batch=in_doubt).update(requests=3)
            settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
            assert not dispatch.dispatch(second, at(DUE))
            settings.ANTHROPIC_BASE_URL = there
        return DUE

    assert not dispatch.dispatch(batch, meanwhile)
    assert AIJob.objects.filter(status="queued").count() == 1
    assert emulator.stats()["batches_created"] == 0


def test_what_was_surely_not_sent_is_sent_as_another_submission(emulator: Emulator) -> None:
    queue()
    batch = put_together()
    first = store_intent(batch)
    assert first
    held_up = Submission.objects.select_related("batch").get()
    assert moves.take_back(first, DUE, "No connection.")
    assert dispatch.run(DUE, at(DUE)) == 1
    sent = submission_of(batch)
    assert sent.nonce != first.nonce
    # The worker that was held up with the first body moves neither.
    for late in (
        moves.confirm(held_up, "msgbatch_late", DUE, DUE),
        moves.doubt(held_up, DUE, "No answer."),
        moves.take_back(held_up, DUE, "No connection."),
    ):
        assert not late
    assert list(Submission.objects.order_by("pk").values_list("state", "remote_id")) == [
        ("unsent", None),
        ("confirmed", sent.remote_id),
    ]
    assert Batch.objects.get().status == "submitted"
