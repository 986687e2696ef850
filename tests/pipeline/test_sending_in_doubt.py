"""A batch is made at Anthropic once, whatever happens to the call that makes it."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Batch, Submission
from aijobs.pipeline import dispatch, reconcile
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    assert_books_agree,
    at,
    hold,
    keep_going,
    put_together,
    queue,
    store_intent,
    submission_of,
)

pytestmark = pytest.mark.django_db

GRACE = timedelta(minutes=10)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _grace(settings: Any) -> None:
    settings.AIJOBS_RECONCILE_GRACE = GRACE.total_seconds()
    settings.AIJOBS_SEND_SECONDS = 30


def send_in_vain(now: datetime = DUE) -> Batch:
    batch = put_together(now)
    assert dispatch.run(now, at(now)) == 0
    batch.refresh_from_db()
    return batch


def doubt(**fault: Any) -> Any:
    return pytest.param(fault, id="-".join(str(value) for value in fault.values()))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "fault",
    [
        doubt(fault="drop"),
        doubt(fault="drop", orderly=True),
        doubt(fault="html"),
        *[doubt(fault="status", status=code) for code in (408, 409, 429, 500, 502, 504, 529)],
    ],
)
def test_what_may_have_arrived_is_never_sent_again_blindly(
    emulator: Emulator, fault: dict[str, Any], when: str
) -> None:
    queue(TEXT, TEXT + "2")
    emulator.order("create", when=when, **fault)
    batch = send_in_vain()
    submission = submission_of(batch)
    assert (batch.status, submission.state) == ("unconfirmed", "in_doubt")
    assert submission.doubt_at == DUE
    assert dispatch.run(DUE + MINUTE, at(DUE + MINUTE)) == 0

    keep_going(DUE + MINUTE)
    batch.refresh_from_db()
    assert batch.status == "settled"
    assert Batch.objects.count() == 1
    stats = emulator.stats()
    assert stats["batches_created"] == 1
    assert stats["creates_seen"] == (2 if when == "before" else 1)
    assert_books_agree(emulator)


def test_a_batch_that_was_made_is_adopted_at_the_first_look(emulator: Emulator) -> None:
    queue()
    emulator.order("create", "drop", when="after")
    batch = send_in_vain()
    assert reconcile.due(DUE)
    assert reconcile.run(DUE) == 1
    batch.refresh_from_db()
    assert batch.status == "submitted"
    assert batch.remote_id == emulator.control("GET", "batches")[0]["id"]
    assert not reconcile.due(DUE)


def test_the_list_may_lag_for_as_long_as_the_grace_lasts(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    emulator.order("create", "drop", when="after")
    batch = send_in_vain()
    emulator.order("list", "lag", seconds=3_600, times=0)
    assert reconcile.run(DUE + GRACE - SECOND) == 0
    emulator.control("DELETE", "faults")
    assert reconcile.run(DUE + GRACE + MINUTE) == 1
    batch.refresh_from_db()
    assert batch.status == "submitted"
    assert emulator.stats()["batches_created"] == 1


def test_what_never_arrived_is_released_after_the_grace_and_sent_again(
    emulator: Emulator,
) -> None:
    queue()
    emulator.order("create", "drop")
    batch = send_in_vain()
    assert reconcile.run(DUE + GRACE - SECOND) == 0
    later = DUE + GRACE + MINUTE
    assert reconcile.run(later) == 1
    batch.refresh_from_db()
    assert batch.status == "assembled"
    assert dispatch.run(later, at(later)) == 1


def test_the_grace_begins_when_the_doubt_does(emulator: Emulator) -> None:
    """A call may hang for longer than the grace lasts before its connection breaks."""
    queue()
    emulator.order("create", "drop")
    batch = put_together()
    late = DUE + 3 * GRACE
    moments = iter([DUE, DUE, DUE, late])
    dispatch.run(DUE, lambda: next(moments))
    submission = submission_of(batch)
    assert (submission.sent_at, submission.doubt_at) == (DUE, late)
    assert reconcile.run(late) == 0
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"


@pytest.mark.parametrize("fault", [{"fault": "drop"}, {"fault": "status", "status": 529}])
def test_while_the_list_is_not_to_be_had_nothing_is_decided(
    emulator: Emulator, fault: dict[str, Any]
) -> None:
    queue()
    emulator.order("create", "drop", when="after")
    batch = send_in_vain()
    emulator.order("list", times=0, **fault)
    assert reconcile.run(DUE + 2 * GRACE) == 0
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"
    assert "does not answer" in batch.note


def test_after_a_silence_the_list_may_still_lag(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    emulator.order("create", "drop", when="after")
    batch = send_in_vain()
    emulator.order("list", "drop", times=0)
    assert reconcile.run(DUE + 2 * GRACE) == 0
    emulator.control("DELETE", "faults")
    emulator.order("list", "lag", seconds=3_600)
    assert reconcile.run(DUE + 2 * GRACE + MINUTE) == 0
    assert reconcile.run(DUE + 2 * GRACE + 2 * MINUTE) == 1
    batch.refresh_from_db()
    assert batch.status == "submitted"


def test_two_in_doubt_at_once_differ_in_size(emulator: Emulator) -> None:
    """Else the one that Anthropic has could be taken for the one that it never got."""
    queue()
    emulator.order("create", "drop")
    send_in_vain()
    queue()
    emulator.order("create", "drop", when="after")
    second = send_in_vain()
    assert (second.status, second.remote_id) == ("assembled", None)
    assert "same size" in second.note
    assert emulator.stats()["creates_seen"] == 1

    keep_going(DUE + MINUTE)
    assert emulator.stats()["batches_created"] == 2
    assert_books_agree(emulator)


def test_a_worker_that_left_its_batch_behind_is_found_out(emulator: Emulator) -> None:
    queue()
    batch = put_together()
    assert store_intent(batch)
    # Nobody holds the lock: whoever was at it is dead.
    later = DUE + MINUTE
    assert reconcile.run(later) == 0
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"
    assert submission_of(batch).doubt_at == later
    keep_going(later)
    assert_books_agree(emulator)


def test_who_lost_the_lock_alone_may_go_on_sending_for_a_while(
    emulator: Emulator, settings: Any
) -> None:
    """The grace begins when nobody can be sending any more."""
    settings.AIJOBS_SEND_SECONDS = 300
    queue()
    batch = put_together()
    assert store_intent(batch)
    assert reconcile.run(DUE + MINUTE) == 0
    assert submission_of(batch).doubt_at == DUE + timedelta(seconds=300)


def test_a_body_that_takes_too_long_is_broken_off(emulator: Emulator) -> None:
    queue()
    batch = put_together()
    moments = iter([DUE, DUE, DUE + timedelta(seconds=31), DUE + MINUTE])
    assert dispatch.run(DUE, lambda: next(moments)) == 0
    batch.refresh_from_db()
    assert (batch.status, "longer than 30 s" in batch.note) == ("assembled", True)
    assert emulator.stats()["batches_created"] == 0
    keep_going(DUE + MINUTE)
    assert_books_agree(emulator)


def test_a_round_that_took_long_leaves_the_rest_to_the_next(
    emulator: Emulator, settings: Any
) -> None:
    for text in ("one", "two"):
        queue(text)
        put_together()
    slow = settings.AIJOBS_SEND_SECONDS / 3 + 1
    moments = (DUE + timedelta(seconds=slow) * number for number in itertools.count())
    assert dispatch.run(DUE, lambda: next(moments)) == 1
    assert dispatch.run(DUE, at(DUE)) == 1
    assert emulator.stats()["batches_created"] == 2


def test_a_silence_lets_no_doubt_begin_before_nobody_can_be_sending(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_SEND_SECONDS = 300
    queue()
    batch = put_together()
    assert store_intent(batch)
    emulator.order("list", "drop")
    assert reconcile.run(DUE + MINUTE) == 0
    batch.refresh_from_db()
    assert "does not answer" in batch.note
    assert submission_of(batch).doubt_at == DUE + timedelta(seconds=300)


def test_what_is_too_large_for_the_line_goes_in_halves(emulator: Emulator) -> None:
    queue("a", "b", "c")
    batch = put_together()

    def slow() -> datetime:
        is_sending = Batch.objects.get(pk=batch.pk).status == "submitting"
        return DUE + MINUTE if is_sending else DUE

    assert dispatch.run(DUE, slow) == 0
    batch.refresh_from_db()
    assert (batch.status, batch.requests) == ("assembled", 2)
    assert "too slow" in batch.needs_attention
    assert AIJob.objects.filter(status="queued", attempts=0).count() == 1
    keep_going(DUE + MINUTE * 2)
    assert not Submission.objects.filter(state="released").exists()
    assert_books_agree(emulator)


def test_staff_hear_of_a_batch_that_is_given_up_again(emulator: Emulator) -> None:
    queue()
    now = DUE
    put_together()
    for told in (False, True):
        emulator.order("create", "drop")
        assert dispatch.run(now, at(now)) == 0
        now += GRACE
        assert reconcile.run(now) == 1
        assert ("more than once" in Batch.objects.get().needs_attention) == told
