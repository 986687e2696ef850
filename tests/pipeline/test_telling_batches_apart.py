"""Which batch at Anthropic is the one in doubt: by size, by proof, or by what staff say."""

from typing import Any

import pytest

from aijobs import gateway
from aijobs.models import AIJob, Batch, LedgerEntry, LostSubmission, StrayBatch
from aijobs.pipeline import dispatch, poll, reconcile, settle
from aijobs.pipeline.reconcile import CannotAdopt
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    await_end,
    hold,
    keep_going,
    put_together,
    queue,
    send,
)
from tests.pipeline.strangers import GRACE, make_stranger, send_into_doubt

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _grace(settings: Any) -> None:
    settings.AIJOBS_RECONCILE_GRACE = GRACE.total_seconds()


def test_a_batch_leaves_a_job_out_rather_than_equal_one_in_doubt(emulator: Emulator) -> None:
    queue("a", "b", "c")
    send_into_doubt(emulator, DUE, made=True)
    queue("d", "e", "f")
    second = put_together()
    assert dispatch.run(DUE, at(DUE)) == 1
    second.refresh_from_db()
    assert (second.status, second.requests) == ("submitted", 2)
    [left_out] = AIJob.objects.filter(status="queued")
    assert (left_out.attempts, left_out.batch) == (0, None)
    keep_going(DUE + MINUTE)
    assert emulator.stats()["requests_received"] == 6
    assert_books_agree(emulator)


def test_two_that_could_be_it_are_told_apart_when_they_end(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    batch = send_into_doubt(emulator, DUE, made=True)
    theirs = make_stranger()
    assert reconcile.run(DUE) == 0
    batch.refresh_from_db()
    assert "adopt the right one" in batch.needs_attention
    emulator.end(theirs)
    assert reconcile.run(DUE + MINUTE) == 1
    batch.refresh_from_db()
    assert batch.status == "submitted"
    assert batch.remote_id != theirs
    assert batch.needs_attention == ""
    assert StrayBatch.objects.get().remote_id == theirs


def test_a_stranger_that_was_adopted_is_given_back_and_not_taken_again(
    emulator: Emulator,
) -> None:
    hold(emulator)
    queue()
    batch = send_into_doubt(emulator, DUE, made=False)
    theirs = make_stranger()
    assert reconcile.run(DUE) == 1
    batch.refresh_from_db()
    emulator.end(theirs)
    await_end(batch, emulator)
    assert settle.run(DUE + MINUTE) == 0
    batch.refresh_from_db()
    assert (batch.status, batch.remote_id, batch.succeeded) == ("unconfirmed", None, 0)
    stray = StrayBatch.objects.get()
    assert (stray.remote_id, stray.kind, stray.batch) == (theirs, "foreign", batch)
    assert not LedgerEntry.objects.exists()
    # The list has had its time: it is sent again once the grace is over, and settled.
    emulator.control("POST", "settings", {"latency_base": 0})
    keep_going(DUE + MINUTE * 2)
    assert AIJob.objects.get().status == "completed"
    assert LedgerEntry.objects.count() == 1


def test_a_batch_that_anthropic_confirmed_itself_is_never_given_back(emulator: Emulator) -> None:
    queue()
    batch = await_end(send(), emulator)
    Batch.objects.filter(pk=batch.pk).update(remote_id=make_stranger())
    assert settle.run(DUE + MINUTE) == 0
    batch.refresh_from_db()
    assert batch.status == "ended"
    assert "belongs to no job" in batch.note


def test_without_its_watermark_a_batch_is_still_found(emulator: Emulator) -> None:
    older = make_stranger()
    queue()
    batch = send_into_doubt(emulator, DUE, made=True)
    assert batch.watermark == older
    gateway.delete_batch(older)
    assert reconcile.run(DUE) == 1
    keep_going(DUE + MINUTE)
    assert AIJob.objects.get().status == "completed"
    assert LedgerEntry.objects.count() == 1


def test_a_release_is_remembered_and_the_next_submission_has_its_own_nonce(
    emulator: Emulator,
) -> None:
    queue()
    batch = send_into_doubt(emulator, DUE, made=False)
    assert reconcile.release(batch, now=DUE + MINUTE, by="root")
    lost = LostSubmission.objects.get()
    stored = Batch.objects.get()
    assert (lost.batch, lost.requests, lost.released_by) == (batch, 1, "root")
    assert lost.nonce != stored.nonce
    assert not reconcile.release(stored, now=DUE + MINUTE)
    keep_going(DUE + MINUTE)
    assert_books_agree(emulator)


def test_staff_adopt_what_is_it(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    batch = send_into_doubt(emulator, DUE, made=True)
    make_stranger()
    ours = emulator.control("GET", "batches")[0]["id"]
    reconcile.adopt(batch, ours, now=DUE + MINUTE)
    emulator.end(ours)
    assert poll.run(DUE + MINUTE * 2) == 1
    assert settle.run(DUE + MINUTE * 2) == 1
    assert AIJob.objects.get().status == "completed"


def test_staff_adopt_nothing_that_cannot_be_it(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    known = send()
    queue()
    batch = send_into_doubt(emulator, DUE, made=False)
    ended = make_stranger()
    emulator.end(ended)
    assert known.remote_id
    for remote_id, reason in (
        (make_stranger(2), "holds 2 requests"),
        (known.remote_id, "known already"),
        (ended, "results are not those"),
    ):
        with pytest.raises(CannotAdopt, match=reason):
            reconcile.adopt(batch, remote_id, now=DUE + MINUTE)
    with pytest.raises(gateway.Refused):
        reconcile.adopt(batch, "msgbatch_nowhere", now=DUE + MINUTE)
    with pytest.raises(CannotAdopt, match="submitted"):
        reconcile.adopt(known, ended, now=DUE + MINUTE)
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"
