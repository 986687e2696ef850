"""What was adopted and is somebody else's is given back; what Anthropic confirmed never is."""

from collections.abc import Callable
from typing import Any

import pytest

from aijobs import gateway
from aijobs.models import AIJob, LedgerEntry, StrangerBatch, Submission
from aijobs.pipeline import dispatch, poll, reconcile, settle
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    await_end,
    hold,
    keep_going,
    queue,
    send,
    submission_of,
)
from tests.pipeline.strangers import GRACE, make_batch, make_stranger, send_into_doubt
from tests.proxy import Answer, between

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _grace(settings: Any) -> None:
    settings.AIJOBS_RECONCILE_GRACE = GRACE.total_seconds()


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
    submission = submission_of(batch)
    # The list may lag, as far as anybody knows.
    assert (submission.state, submission.doubt_at) == ("in_doubt", DUE + MINUTE)
    stranger = StrangerBatch.objects.get()
    assert (stranger.remote_id, stranger.requests) == (theirs, 1)
    assert not LedgerEntry.objects.exists()
    # It is sent again once the grace is over, and settled.
    emulator.control("POST", "settings", {"latency_base": 0})
    keep_going(DUE + MINUTE * 2)
    assert AIJob.objects.get().status == "completed"
    assert LedgerEntry.objects.count() == 1


def test_a_batch_that_anthropic_confirmed_itself_is_never_given_back(emulator: Emulator) -> None:
    queue()
    batch = await_end(send(), emulator)
    Submission.objects.filter(batch=batch).update(remote_id=make_stranger())
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
    Submission.objects.current().filter(batch=batch).update(remote_id=make_stranger())
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
    held_up = submission_of(batch)
    assert held_up.remote_id == theirs
    emulator.end(theirs)
    heard = gateway.retrieve_batch(theirs)
    batch.refresh_from_db()
    await_end(batch, emulator)
    assert settle.run(DUE + MINUTE) == 0
    # The one that it is turns up.
    ours = make_batch(submission_of(batch).custom_id(AIJob.objects.get().pk))
    assert reconcile.run(DUE + MINUTE) == 1
    assert not held_up.batch.mark_ended(held_up, DUE, heard.counts)
    stored = submission_of(batch)
    assert (stored.remote_id, stored.state, stored.batch.status) == (ours, "adopted", "submitted")


def test_what_is_another_one_in_doubt_is_given_back_to_it(emulator: Emulator) -> None:
    """Two of the same size are in doubt: two workers sent at once, for one had lost its lock."""
    hold(emulator)
    queue()
    never_made = send_into_doubt(emulator, DUE, made=False)
    Submission.objects.update(requests=7)
    queue()
    made = send_into_doubt(emulator, DUE, made=True)
    Submission.objects.update(requests=1)
    assert reconcile.run(DUE) == 1
    remote_id = submission_of(never_made).remote_id
    assert remote_id
    emulator.end(remote_id)
    await_end(never_made, emulator)
    assert settle.run(DUE + MINUTE) == 0
    assert reconcile.run(DUE + MINUTE) == 1
    assert submission_of(made).remote_id == remote_id
    assert submission_of(never_made).state == "in_doubt"
    assert not StrangerBatch.objects.exists()
    emulator.control("POST", "settings", {"latency_base": 0})
    keep_going(DUE + MINUTE * 2)
    assert LedgerEntry.objects.count() == 2
    assert_books_agree(emulator)
