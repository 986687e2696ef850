"""A status changes by named moves alone: each from the statuses it allows, and only once."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from aijobs.models import AIJob, Batch
from aijobs.submissions import identity
from tests.factories import NOW, make_batch, make_job, make_submission, make_tenant
from tests.models.rows import columns_of

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=1)
COUNTS = {"succeeded": 1, "errored": 0, "canceled": 0, "expired": 0}

Move = tuple[Callable[..., bool], set[str], str]

BATCH_MOVES: dict[str, Move] = {
    "mark_submitting": (
        lambda b: b.mark_submitting(requests=1, request_bytes=9),
        {"assembled"},
        "submitting",
    ),
    "mark_reduced": (lambda b: b.mark_reduced(1), {"assembled"}, "assembled"),
    "mark_unsent": (
        lambda b: b.mark_unsent(LATER, "why"),
        {"submitting", "unconfirmed"},
        "assembled",
    ),
    "mark_unconfirmed": (lambda b: b.mark_unconfirmed("why"), {"submitting"}, "unconfirmed"),
    "mark_disowned": (lambda b: b.mark_disowned("why"), {"ended"}, "unconfirmed"),
    "mark_released": (lambda b: b.mark_released(LATER, "why"), {"unconfirmed"}, "assembled"),
    "mark_submitted": (
        lambda b: b.mark_submitted(LATER, LATER),
        {"submitting", "unconfirmed", "assembled"},
        "submitted",
    ),
    "mark_rejected": (lambda b: b.mark_rejected(LATER, "why"), {"submitting"}, "rejected"),
    "mark_dissolved": (lambda b: b.mark_dissolved(LATER, "why"), {"assembled"}, "rejected"),
}
# Moves by what Anthropic said of the submission by which the batch stands.
HEARD_MOVES: dict[str, Move] = {
    "mark_canceling": (lambda b, s: b.mark_canceling(s, LATER), {"submitted"}, "canceling"),
    "mark_rewished": (
        lambda b, s: b.mark_rewished(s, Batch.AfterCancel.CANCEL),
        {"canceling"},
        "canceling",
    ),
    "mark_ended": (
        lambda b, s: b.mark_ended(s, LATER, COUNTS),
        {"submitted", "canceling"},
        "ended",
    ),
    "mark_settled": (lambda b, s: b.mark_settled(s, LATER), {"ended"}, "settled"),
    "mark_vanished": (
        lambda b, s: b.mark_vanished(s, LATER, "why"),
        {"submitted", "canceling", "ended"},
        "settled",
    ),
}

JOB_MOVES: dict[str, Move] = {
    "mark_answered": (lambda j: j.mark_answered(), {"failed"}, "processing"),
    "mark_canceled": (lambda j: j.mark_canceled(LATER), {"queued"}, "canceled"),
    "mark_queued": (lambda j: j.mark_queued(LATER), {"failed", "canceled"}, "queued"),
}


def test_every_move_there_is_is_tried_here() -> None:
    for model, moves in ((Batch, BATCH_MOVES | HEARD_MOVES), (AIJob, JOB_MOVES)):
        named = {name for name in vars(model) if name.startswith("mark_")}
        assert named - {"mark_polled"} == set(moves)


@pytest.mark.parametrize("status", Batch.Status.values)
@pytest.mark.parametrize("name", BATCH_MOVES)
def test_a_batch_moves_only_from_where_it_may(name: str, status: str) -> None:
    move, allowed, new = BATCH_MOVES[name]
    batch = make_batch(status, requests=2)
    late = Batch.objects.get(pk=batch.pk)
    expected = status in allowed
    assert move(batch) is expected
    assert batch.status == (new if expected else status)
    assert Batch.objects.get(pk=batch.pk).status == batch.status
    # Whoever comes second with the same intent is told so, and changes nothing.
    assert not move(late)
    assert Batch.objects.get(pk=batch.pk).status == batch.status


@pytest.mark.parametrize("status", Batch.Status.values)
@pytest.mark.parametrize("name", HEARD_MOVES)
def test_a_batch_moves_by_what_is_heard_of_it(name: str, status: str) -> None:
    move, allowed, new = HEARD_MOVES[name]
    batch = make_batch(status)
    late = Batch.objects.get(pk=batch.pk)
    submission = batch.submission or make_submission(make_batch("submitted"), "unsent")
    expected = status in allowed
    assert move(batch, submission) is expected
    assert batch.status == (new if expected else status)
    assert Batch.objects.get(pk=batch.pk).status == batch.status
    assert not move(late, submission)
    assert Batch.objects.get(pk=batch.pk).status == batch.status


@pytest.mark.parametrize("name", HEARD_MOVES)
def test_what_is_heard_of_another_submission_moves_no_batch(name: str) -> None:
    """A worker that was held up asked about what the batch does not stand by any more."""
    move, allowed, _ = HEARD_MOVES[name]
    for status in allowed:
        batch = make_batch(status, state="adopted")
        stale = identity.current(batch)
        others = [
            make_submission(batch, "released"),
            make_submission(batch, "duplicate"),
            identity.current(make_batch(status)),
        ]
        # It was given back since, and the submission adopted something else.
        assert identity.current(batch).mark_disowned(LATER)
        assert identity.current(batch).mark_adopted(f"msgbatch_other_{status}")
        for submission in [*others, stale]:
            assert not move(batch, submission)
        assert Batch.objects.get(pk=batch.pk).status == status
        assert move(batch, identity.current(batch))


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


def test_a_body_that_jobs_left_since_is_not_sent() -> None:
    batch = make_batch(requests=2)
    late = Batch.objects.get(pk=batch.pk)
    assert batch.mark_reduced(1)
    assert not late.mark_submitting(requests=2, request_bytes=9)
    assert not late.mark_reduced(1)
    assert Batch.objects.get(pk=batch.pk).status == "assembled"


def test_a_move_stores_what_belongs_to_it() -> None:
    batch = make_batch("assembled")
    assert batch.mark_submitting(requests=5, request_bytes=50)
    assert batch.mark_unconfirmed("no answer " * 100)
    batch.refresh_from_db()
    assert (batch.requests, batch.request_bytes, len(batch.note)) == (5, 50, 500)
    assert batch.mark_submitted(LATER, LATER + timedelta(days=1))
    batch.refresh_from_db()
    assert (batch.submitted_at, batch.expires_at) == (LATER, LATER + timedelta(days=1))
    assert (batch.note, batch.attempts) == ("", 0)


def test_a_batch_that_gives_back_what_it_adopted_forgets_its_end() -> None:
    batch = make_batch("ended", state="adopted", ended_at=NOW, expires_at=LATER, succeeded=1)
    assert batch.mark_disowned("why")
    batch.refresh_from_db()
    assert (batch.ended_at, batch.expires_at, batch.submitted_at, batch.succeeded) == (
        None,
        None,
        None,
        0,
    )


def test_a_move_knows_what_the_database_computed() -> None:
    job = make_job(make_tenant(), status="failed", finished_at=NOW, attempts=3)
    assert job.mark_queued(LATER)
    assert job.forgiven_attempts == 3


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
