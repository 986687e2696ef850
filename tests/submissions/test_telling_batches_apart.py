"""Which batch at Anthropic is the one in doubt: by size, by proof, or by what staff say."""

from typing import Any

import pytest

from aijobs import gateway
from aijobs.models import AIJob, Batch, LedgerEntry, StrangerBatch, Submission
from aijobs.pipeline import dispatch, poll, reconcile, settle
from aijobs.pipeline.reconcile import CannotAdopt
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    hold,
    keep_going,
    put_together,
    queue,
    send,
    submission_of,
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
    assert StrangerBatch.objects.get().remote_id == theirs


def test_two_that_could_be_it_are_left_to_staff(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    batch = send_into_doubt(emulator, DUE, made=True)
    make_stranger()
    assert reconcile.run(DUE + 2 * GRACE) == 0
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"
    assert "2 batches" in batch.note


def test_a_batch_of_another_size_is_not_taken_for_it(emulator: Emulator) -> None:
    queue()
    batch = send_into_doubt(emulator, DUE, made=True)
    Submission.objects.filter(batch=batch).update(requests=7)
    assert reconcile.run(DUE) == 0


def test_what_another_batch_of_ours_has_is_not_taken_for_it(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    doubtful = send_into_doubt(emulator, DUE, made=False)
    queue("a", "b")
    send()
    Submission.objects.filter(batch=doubtful).update(requests=2)
    assert reconcile.run(DUE) == 0
    doubtful.refresh_from_db()
    assert doubtful.status == "unconfirmed"


def test_where_anthropic_knows_none_of_ours_nothing_is_sent_again(
    emulator: Emulator, settings: Any
) -> None:
    """The key of another workspace sees neither what is in doubt nor anything else of ours."""
    hold(emulator)
    queue()
    send()
    queue("a", "b")
    batch = send_into_doubt(emulator, DUE, made=True)
    key, settings.ANTHROPIC_API_KEY = settings.ANTHROPIC_API_KEY, "of another workspace"
    assert reconcile.run(DUE + GRACE * 2) == 0
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"
    assert "another workspace" in batch.needs_attention
    settings.ANTHROPIC_API_KEY = key
    assert reconcile.run(DUE + GRACE * 2 + MINUTE) == 1
    batch.refresh_from_db()
    assert (batch.status, batch.needs_attention) == ("submitted", "")
    assert emulator.stats()["batches_created"] == 2


def test_batches_too_small_to_be_told_apart_go_together(emulator: Emulator) -> None:
    hold(emulator)
    queue("a")
    send_into_doubt(emulator, DUE, made=True)
    make_stranger()
    assert reconcile.run(DUE) == 0  # For staff: it may take days.
    for document in ("b", "c"):
        queue(document)
        put_together()
        assert dispatch.run(DUE, at(DUE)) == 0
    together = send(DUE + MINUTE)
    assert (together.requests, together.status) == (2, "submitted")
    assert AIJob.objects.exclude(attempts=1).count() == 0


def test_without_its_watermark_a_batch_is_still_found(emulator: Emulator) -> None:
    older = make_stranger()
    queue()
    batch = send_into_doubt(emulator, DUE, made=True)
    assert submission_of(batch).watermark == older
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
    assert reconcile.release(submission_of(batch), now=DUE + MINUTE, by="root")
    lost = Submission.objects.select_related("batch").get()
    assert (lost.state, lost.batch, lost.requests) == ("released", batch, 1)
    assert (lost.released_at, lost.released_by) == (DUE + MINUTE, "root")
    assert Batch.objects.get().status == "assembled"
    assert not reconcile.release(lost, now=DUE + MINUTE * 2)
    keep_going(DUE + MINUTE)
    lost.refresh_from_db()
    assert (lost.state, lost.released_at) == ("released", DUE + MINUTE)
    assert submission_of(batch).nonce != lost.nonce
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
