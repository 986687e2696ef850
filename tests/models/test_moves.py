"""A status changes by named moves alone: each from the statuses it allows, and only once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Batch
from tests.factories import NOW, make_job, make_tenant
from tests.models.rows import columns_of, make_batch

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=1)
COUNTS = {"succeeded": 1, "errored": 0, "canceled": 0, "expired": 0}

Move = tuple[Callable[[Any], bool], set[str], str]

BATCH_MOVES: dict[str, Move] = {
    "mark_submitting": (
        lambda b: b.mark_submitting(LATER, watermark="w", requests=1, request_bytes=9),
        {"assembled"},
        "submitting",
    ),
    "mark_reduced": (lambda b: b.mark_reduced(1), {"assembled"}, "assembled"),
    "mark_unsent": (
        lambda b: b.mark_unsent(LATER, "why"),
        {"submitting", "unconfirmed"},
        "assembled",
    ),
    "mark_released": (
        lambda b: b.mark_released(LATER, "why"),
        {"unconfirmed"},
        "assembled",
    ),
    "mark_found": (
        lambda b: b.mark_found(LATER, "anonce", "msgbatch_new", LATER),
        {"assembled"},
        "submitted",
    ),
    "mark_recognized": (lambda b: b.mark_recognized("anonce"), {"ended"}, "ended"),
    "mark_mistaken": (lambda b: b.mark_mistaken(LATER, "why"), {"ended"}, "unconfirmed"),
    "mark_unconfirmed": (
        lambda b: b.mark_unconfirmed(LATER, "why"),
        {"submitting"},
        "unconfirmed",
    ),
    "mark_submitted": (
        lambda b: b.mark_submitted(LATER, "msgbatch_new", LATER),
        {"submitting", "unconfirmed"},
        "submitted",
    ),
    "mark_rejected": (
        lambda b: b.mark_rejected(LATER, "why"),
        {"submitting"},
        "rejected",
    ),
    "mark_dissolved": (lambda b: b.mark_dissolved(LATER, "why"), {"assembled"}, "rejected"),
    "mark_canceling": (lambda b: b.mark_canceling(), {"submitted"}, "canceling"),
    "mark_ended": (
        lambda b: b.mark_ended(LATER, COUNTS),
        {"submitted", "canceling"},
        "ended",
    ),
    "mark_settled": (lambda b: b.mark_settled(LATER), {"ended"}, "settled"),
    "mark_vanished": (
        lambda b: b.mark_vanished(LATER, "why"),
        {"submitted", "canceling", "ended"},
        "settled",
    ),
}

JOB_MOVES: dict[str, Move] = {
    "mark_processing": (lambda j: j.mark_processing(LATER), {"queued"}, "processing"),
    "mark_answered": (lambda j: j.mark_answered(), {"failed"}, "processing"),
    "mark_canceled": (lambda j: j.mark_canceled(LATER), {"queued"}, "canceled"),
    "mark_queued": (lambda j: j.mark_queued(LATER), {"failed", "canceled"}, "queued"),
}


def test_every_move_there_is_is_tried_here() -> None:
    for model, moves in ((Batch, BATCH_MOVES), (AIJob, JOB_MOVES)):
        named = {name for name in vars(model) if name.startswith("mark_")}
        assert named - {"mark_polled"} == set(moves)


@pytest.mark.parametrize("status", Batch.Status.values)
@pytest.mark.parametrize("name", BATCH_MOVES)
def test_a_batch_moves_only_from_where_it_may(name: str, status: str) -> None:
    move, allowed, new = BATCH_MOVES[name]
    batch = make_batch(status)
    late = Batch.objects.get(pk=batch.pk)
    expected = status in allowed
    assert move(batch) is expected
    assert batch.status == (new if expected else status)
    assert Batch.objects.get(pk=batch.pk).status == batch.status
    # Whoever comes second with the same intent is told so, and changes nothing.
    assert not move(late)
    assert Batch.objects.get(pk=batch.pk).status == batch.status


@pytest.mark.parametrize("status", AIJob.Status.values)
@pytest.mark.parametrize("name", JOB_MOVES)
def test_a_job_moves_only_from_where_it_may(name: str, status: str) -> None:
    move, allowed, new = JOB_MOVES[name]
    job = make_job(make_tenant(), status=status, route="sync", **columns_of(status))
    late = AIJob.objects.get(pk=job.pk)
    expected = status in allowed
    assert move(job) is expected
    assert job.status == (new if expected else status)
    stored = AIJob.objects.get(pk=job.pk)
    assert stored.status == job.status
    assert not move(late)


def test_a_worker_that_was_held_up_does_not_move_a_later_submission() -> None:
    batch = make_batch("unconfirmed")
    late = Batch.objects.get(pk=batch.pk)
    assert batch.mark_released(LATER, "why")
    assert batch.mark_submitting(LATER, watermark="", requests=1, request_bytes=9)
    assert not late.mark_submitted(LATER, "msgbatch_of_the_first", LATER)
    assert not late.mark_unsent(LATER, "why")
    assert Batch.objects.get(pk=batch.pk).status == "submitting"


def test_a_move_stores_what_belongs_to_it() -> None:
    job = make_job(make_tenant())
    assert job.mark_processing(LATER)
    job.refresh_from_db()
    assert (job.route, job.attempts, job.started_at) == ("sync", 1, LATER)

    batch = make_batch("assembled")
    batch.mark_submitting(LATER, watermark="msgbatch_7", requests=5, request_bytes=50)
    batch.mark_unconfirmed(LATER, "no answer " * 100)
    batch.refresh_from_db()
    assert (batch.watermark, batch.requests, batch.unconfirmed_at) == ("msgbatch_7", 5, LATER)
    assert len(batch.note) == 500
    batch.mark_submitted(LATER, "msgbatch_8", LATER)
    batch.refresh_from_db()
    assert (batch.remote_id, batch.note, batch.attempts) == ("msgbatch_8", "", 0)


def test_a_job_queued_again_forgets_its_batch_and_keeps_its_room() -> None:
    job = make_job(
        make_tenant(),
        status="failed",
        batch=make_batch("settled"),
        finished_at=NOW,
        attempts=2,
        max_tokens_factor=2,
    )
    assert job.mark_queued(LATER)
    job.refresh_from_db()
    assert (job.batch, job.finished_at, job.not_before) == (None, None, LATER)
    assert (job.attempts, job.max_tokens_factor) == (2, 2)


def test_only_one_of_two_that_ask_at_once_asks_about_a_batch() -> None:
    batch = make_batch("submitted")
    first, second = (Batch.objects.get(pk=batch.pk) for _ in range(2))
    assert first.mark_polled(LATER)
    assert not second.mark_polled(LATER + timedelta(seconds=1))


def test_a_batch_that_moved_on_is_not_put_off() -> None:
    batch = make_batch("assembled")
    stale = Batch.objects.get(pk=batch.pk)
    batch.mark_dissolved(NOW, "")
    stale.defer(LATER, "later")
    batch.refresh_from_db()
    assert (batch.retry_at, batch.attempts) == (None, 0)


def test_a_batch_can_be_put_off_for_weeks() -> None:
    batch = make_batch("unconfirmed", attempts=1_000)
    for _ in range(3):
        batch.defer(LATER, "staff must decide")
    batch.refresh_from_db()
    assert batch.attempts == 1_000
