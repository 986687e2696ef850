"""What turns up at Anthropic after it was given up is not paid for longer than it must."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet, Sum

from aijobs import gateway
from aijobs.models import AIJob, Batch, LedgerEntry, StrangerBatch, Submission
from aijobs.pipeline import dispatch, poll, reconcile, settle, sweep
from aijobs.submissions import moves
from tests.ground import Emulator
from tests.pipeline.steps import MINUTE, at, hold, keep_going, queue, submission_of
from tests.pipeline.strangers import GRACE, lose, make_stranger, send_into_doubt

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent() -> datetime:
    """By the emulator's clock: what is late is told by its moment."""
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _grace(settings: Any) -> None:
    settings.AIJOBS_RECONCILE_GRACE = GRACE.total_seconds()


def queue_at(now: datetime, *documents: str) -> list[AIJob]:
    return queue(*documents, now=now - timedelta(minutes=6))


def release(batch: Batch, now: datetime) -> None:
    """Give its submission up, and send it again."""
    assert reconcile.run(now) == 1
    assert dispatch.run(now, at(now)) == 1
    batch.refresh_from_db()


def duplicates() -> QuerySet[Submission]:
    return Submission.objects.filter(state="duplicate")


def send_twice(emulator: Emulator, now: datetime) -> Batch:
    batch = lose(emulator, now)
    again = now + GRACE * 2
    assert dispatch.run(again, at(again)) == 1
    emulator.control("DELETE", "faults")
    assert emulator.stats()["batches_created"] == 2
    batch.refresh_from_db()
    return batch


def test_a_duplicate_is_canceled_as_soon_as_it_shows(emulator: Emulator, sent: datetime) -> None:
    hold(emulator)
    emulator.control("POST", "settings", {"latency_base": 3_600, "latency_cancel": 0})
    queue_at(sent, "a", "b")
    batch = send_twice(emulator, sent)
    late = sent + GRACE * 3
    sweep.run(late)
    duplicate = duplicates().get()
    assert (duplicate.batch, duplicate.requests, duplicate.found_at) == (batch, 2, late)
    assert emulator.stats()["calls"]["cancel"] == 1
    sweep.run(late + MINUTE)
    duplicate.refresh_from_db()
    assert duplicate.ended_at
    assert duplicate.succeeded == duplicate.cost_usd == 0
    # The one that is ours goes on, and nothing else is looked at twice.
    assert batch.remote_id != duplicate.remote_id
    assert batch.remote_id
    emulator.end(batch.remote_id)
    assert poll.run(late + MINUTE) == 1
    assert settle.run(late + MINUTE) == 1
    assert set(AIJob.objects.values_list("status", flat=True)) == {"completed"}
    assert LedgerEntry.objects.count() == 2
    sweep.run(late + MINUTE * 2)
    assert emulator.stats()["calls"]["cancel"] == 1
    assert duplicates().count() == 1


def test_a_duplicate_that_has_ended_is_written_down_with_its_cost(
    emulator: Emulator, sent: datetime
) -> None:
    queue_at(sent, "a", "b")
    send_twice(emulator, sent)
    keep_going(sent + GRACE * 3)
    sweep.run(sent + GRACE * 4)
    duplicate = duplicates().get()
    charged = LedgerEntry.objects.aggregate(cost=Sum("cost_usd"))["cost"]
    # The tenant paid once; the other half of the bill stands where staff see it.
    assert (duplicate.succeeded, duplicate.cost_usd) == (2, charged)
    assert LedgerEntry.objects.count() == 2
    assert emulator.stats()["rows_billed"] == 4


@pytest.mark.parametrize("fault", ["missing", "half_line", "cut"])
def test_the_cost_of_a_duplicate_is_counted_when_all_its_rows_have_come(
    emulator: Emulator, sent: datetime, fault: str
) -> None:
    queue_at(sent, "a", "b")
    send_twice(emulator, sent)
    keep_going(sent + GRACE * 3)
    assert duplicates().update(ended_at=None, succeeded=0, cost_usd=0) == 1
    emulator.order("results", fault, rows=1)
    sweep.run(sent + GRACE * 4)
    duplicate = duplicates().get()
    assert (duplicate.ended_at, duplicate.succeeded) == (None, 0)
    sweep.run(sent + GRACE * 4 + MINUTE)
    duplicate.refresh_from_db()
    assert (duplicate.ended_at is not None, duplicate.succeeded) == (True, 2)


def test_what_turns_up_before_it_was_sent_again_is_taken(
    emulator: Emulator, sent: datetime
) -> None:
    hold(emulator)
    queue_at(sent, "a", "b")
    batch = lose(emulator, sent)
    lost = Submission.objects.get(state="released")
    emulator.control("DELETE", "faults")
    sweep.run(sent + GRACE * 2 + MINUTE)
    batch.refresh_from_db()
    assert batch.status == "submitted"
    taken = Submission.objects.get()
    assert (taken, taken.state, taken.nonce) == (lost, "adopted", lost.nonce)
    assert (taken.released_at, taken.released_by) == (None, "")
    assert batch.remote_id
    emulator.end(batch.remote_id)
    keep_going(sent + GRACE * 3)
    assert emulator.stats()["batches_created"] == 1
    assert LedgerEntry.objects.count() == 2


def test_a_stranger_of_the_same_size_is_left_alone(emulator: Emulator, sent: datetime) -> None:
    hold(emulator)
    before = sent - timedelta(hours=2)
    queue_at(before, "a")
    release(send_into_doubt(emulator, before, made=False), before + GRACE * 2)
    theirs = make_stranger()
    sweep.run(sent + MINUTE)
    assert not duplicates().exists()
    assert not StrangerBatch.objects.exists()
    assert "cancel" not in emulator.stats()["calls"]
    # When it has ended, its custom ids say that it is none of ours.
    emulator.end(theirs)
    sweep.run(sent + MINUTE)
    assert [one.remote_id for one in StrangerBatch.objects.all()] == [theirs]
    assert not duplicates().exists()


def test_nobody_looks_when_nothing_was_given_up(emulator: Emulator, sent: datetime) -> None:
    sweep.run(sent)
    assert "list" not in emulator.stats()["calls"]


def test_a_late_answer_to_a_released_submission_is_not_taken_for_the_next(
    emulator: Emulator, sent: datetime
) -> None:
    """Its worker was held up for longer than the grace, and hears of its batch only now."""
    hold(emulator)
    queue_at(sent, "a")
    batch = send_into_doubt(emulator, sent, made=True)
    held_up = submission_of(batch)
    emulator.order("list", "lag", seconds=3_600, times=0)
    release(batch, sent + GRACE * 2)
    first = emulator.control("GET", "batches")[0]["id"]
    assert not moves.confirm(held_up, first, sent, sent)
    assert held_up.state == "released"
    assert batch.remote_id not in {first, None}


@pytest.mark.parametrize("has_ended", [False, True])
def test_what_turns_up_while_its_second_submission_is_in_doubt_is_taken(
    emulator: Emulator, sent: datetime, has_ended: bool
) -> None:
    hold(emulator)
    queue_at(sent, "a", "b")
    lose(emulator, sent)
    first = Submission.objects.get()
    again = sent + GRACE * 2
    emulator.order("create", "drop")
    assert dispatch.run(again, at(again)) == 0
    emulator.control("DELETE", "faults")
    [there] = emulator.control("GET", "batches")
    if has_ended:
        emulator.end(there["id"])
    second = Submission.objects.get(state="in_doubt")
    assert reconcile.run(again + MINUTE) == 1
    if not has_ended:
        emulator.end(there["id"])
    keep_going(again + MINUTE * 2)
    assert emulator.stats()["batches_created"] == 1
    assert LedgerEntry.objects.count() == emulator.stats()["rows_billed"] == 2
    # The second one may be late as well.
    assert dict(Submission.objects.values_list("nonce", "state")) == {
        first.nonce: "adopted",
        second.nonce: "released",
    }


def test_a_stranger_that_was_there_before_the_intent_is_left_alone(
    emulator: Emulator, sent: datetime
) -> None:
    hold(emulator)
    queue_at(sent, "a", "b", "c")
    send_into_doubt(emulator, sent, made=False)
    make_stranger(2)
    queue_at(sent, "a", "b")
    send_into_doubt(emulator, sent, made=False)
    later = sent + GRACE * 2
    assert reconcile.run(later) == 2
    assert dispatch.run(later, at(later)) == 2
    sweep.run(later + MINUTE)
    assert not duplicates().exists()
    assert "cancel" not in emulator.stats()["calls"]


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_of_several_that_could_be_the_lost_one_none_is_canceled(
    emulator: Emulator, sent: datetime, first: str
) -> None:
    hold(emulator)
    queue_at(sent, "a", "b")
    batch = send_into_doubt(emulator, sent, made=True)
    [ours] = (one["id"] for one in emulator.control("GET", "batches"))
    theirs = make_stranger(2)
    assert reconcile.release(submission_of(batch), now=sent + MINUTE, by="root")
    assert dispatch.run(sent + MINUTE, at(sent + MINUTE)) == 1
    sweep.run(sent + MINUTE * 2)
    assert not duplicates().exists()
    assert "cancel" not in emulator.stats()["calls"]
    batch.refresh_from_db()
    assert "second time" in batch.needs_attention
    # An end tells them apart, and what is not ours goes on.
    emulator.end({"ours": ours, "theirs": theirs}[first])
    sweep.run(sent + MINUTE * 3)
    sweep.run(sent + MINUTE * 4)
    assert duplicates().get().remote_id == ours
    assert gateway.retrieve_batch(theirs).status == (
        "ended" if first == "theirs" else "in_progress"
    )


def test_what_was_taken_for_the_lost_one_and_is_a_stranger_is_no_duplicate(
    emulator: Emulator, sent: datetime
) -> None:
    """By size and moment it could be nothing else; its results say that it is."""
    hold(emulator)
    emulator.control("POST", "settings", {"latency_cancel": 0})
    queue_at(sent, "a", "b")
    batch = send_into_doubt(emulator, sent, made=False)
    theirs = make_stranger(2)
    assert reconcile.release(submission_of(batch), now=sent + MINUTE, by="root")
    assert dispatch.run(sent + MINUTE, at(sent + MINUTE)) == 1
    sweep.run(sent + MINUTE * 2)
    assert duplicates().get().remote_id == theirs
    sweep.run(sent + MINUTE * 3)
    lost = Submission.objects.get(state="released")
    assert (lost.remote_id, lost.found_at) == (None, None)
    assert lost.cost_usd == 0
    assert (lost.released_at, lost.released_by) == (sent + MINUTE, "root")
    assert StrangerBatch.objects.get().remote_id == theirs
    sweep.run(sent + MINUTE * 4)
    assert not duplicates().exists()
