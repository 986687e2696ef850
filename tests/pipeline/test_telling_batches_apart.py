"""Which batch at Anthropic is the one in doubt: by size, by proof, or by what staff say."""

from collections.abc import Callable
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
from tests.pipeline.strangers import GRACE, make_batch, make_stranger, send_into_doubt
from tests.proxy import Answer, between

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
    # The list may lag, as far as anybody knows.
    assert batch.unconfirmed_at == DUE + MINUTE
    stray = StrayBatch.objects.get()
    assert (stray.remote_id, stray.kind, stray.batch) == (theirs, "foreign", batch)
    assert not LedgerEntry.objects.exists()
    # It is sent again once the grace is over, and settled.
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


def test_nor_is_one_that_anthropic_confirmed_at_its_second_submission(emulator: Emulator) -> None:
    queue()
    batch = send_into_doubt(emulator, DUE, made=False)
    later = DUE + GRACE * 2
    assert reconcile.run(later) == 1
    assert dispatch.run(later, at(later)) == 1
    batch.refresh_from_db()
    assert batch.remote_id
    emulator.end(batch.remote_id)
    assert poll.run(later + MINUTE) == 1
    Batch.objects.filter(pk=batch.pk).update(remote_id=make_stranger())
    assert settle.run(later + MINUTE) == 0
    batch.refresh_from_db()
    assert (batch.status, "belongs to no job" in batch.note) == ("ended", True)


def test_one_wrong_download_gives_nothing_back(emulator: Emulator, settings: Any) -> None:
    queue()
    batch = send_into_doubt(emulator, DUE, made=True)
    assert reconcile.run(DUE) == 1
    batch.refresh_from_db()
    await_end(batch, emulator)
    wrong = [b'{"custom_id":"theirs0","result":{"type":"succeeded"}}\n']

    def reply(_: str, path: str, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if path.endswith("/results") and wrong:
            return answer._replace(body=wrong.pop())
        return answer

    with between(settings, reply):
        assert settle.run(DUE + MINUTE) == 0
    batch.refresh_from_db()
    assert (wrong, batch.status) == ([], "ended")
    keep_going(DUE + MINUTE * 2)
    assert_books_agree(emulator)


def test_who_asked_about_another_batch_ends_nothing_that_was_adopted_since(
    emulator: Emulator,
) -> None:
    hold(emulator)
    queue()
    batch = send_into_doubt(emulator, DUE, made=False)
    theirs = make_stranger()
    assert reconcile.run(DUE) == 1
    held_up = Batch.objects.get()
    emulator.end(theirs)
    heard = gateway.retrieve_batch(theirs)
    batch.refresh_from_db()
    await_end(batch, emulator)
    assert settle.run(DUE + MINUTE) == 0
    # The one that it is turns up.
    ours = make_batch(batch.custom_id(AIJob.objects.get().pk))
    assert reconcile.run(DUE + MINUTE) == 1
    assert not held_up.mark_ended(DUE, heard.counts)
    stored = Batch.objects.get()
    assert (stored.remote_id, stored.status) == (ours, "submitted")


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
