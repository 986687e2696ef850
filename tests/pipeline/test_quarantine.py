"""A batch that cannot be worked on is put off, and in the end a person is called."""

import pytest
from django.db import transaction

from aijobs import gateway
from aijobs.models import AIJob, StrangerBatch
from aijobs.pipeline import dispatch, poll, reconcile, settle
from aijobs.pipeline._quarantine import PAUSE, TRIES_BEFORE_STAFF, quarantine
from aijobs.submissions import moves
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    at,
    await_end,
    hold,
    put_together,
    queue,
    send,
    submission_of,
)
from tests.pipeline.strangers import make_stranger, send_into_doubt

pytestmark = pytest.mark.django_db

NOW = DUE + MINUTE


def test_staff_are_called_for_a_batch_that_fails_again_and_again(emulator: Emulator) -> None:
    queue("a", "b")
    batch = put_together()
    job = AIJob.objects.earliest("pk")
    AIJob.objects.filter(pk=job.pk).update(job_type="translate")
    now = DUE
    for tries in range(1, TRIES_BEFORE_STAFF + 1):
        batch.refresh_from_db()
        assert not batch.needs_attention
        assert dispatch.run(now, at(now)) == 0
        batch.refresh_from_db()
        assert (batch.status, batch.attempts) == ("assembled", tries)
        now += PAUSE
    assert batch.needs_attention
    AIJob.objects.update(job_type="summarize")
    assert dispatch.run(now, at(now)) == 1
    batch.refresh_from_db()
    assert not batch.needs_attention


def test_a_move_that_was_rolled_back_does_not_hide_the_batch_from_its_pause(
    emulator: Emulator,
) -> None:
    queue("a")
    batch = await_end(send(), emulator)
    submission = submission_of(batch)

    def settle_in_vain() -> None:
        with transaction.atomic():
            assert batch.mark_settled(submission, NOW)
            raise ArithmeticError

    with quarantine(batch, NOW):
        settle_in_vain()
    batch.refresh_from_db()
    assert (batch.status, batch.retry_at, batch.attempts) == ("ended", NOW + PAUSE, 1)
    assert "ArithmeticError" in batch.note


def test_a_stranger_that_is_adopted_twice_is_given_back_twice(emulator: Emulator) -> None:
    hold(emulator)
    queue("a")
    batch = send_into_doubt(emulator, DUE, made=False)
    theirs = make_stranger()
    slow = submission_of(batch)
    reconcile.run(NOW)
    emulator.control("POST", f"batches/{theirs}/end", {})
    for now in (NOW + MINUTE, NOW + MINUTE * 3):
        assert poll.run(now) == 1
        assert settle.run(now) == 0
        batch.refresh_from_db()
        assert (batch.status, StrangerBatch.objects.count()) == ("unconfirmed", 1)
        # A worker that was held up still believes that it is the one.
        expires_at = gateway.retrieve_batch(theirs).expires_at
        assert moves.adopt(slow, theirs, expires_at, now + MINUTE)
