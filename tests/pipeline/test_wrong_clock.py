"""A clock that was ahead for a while stops nothing once it stands right."""

from datetime import datetime, timedelta

import pytest

from aijobs.models import AIJob, Batch, CircuitBreaker
from aijobs.pipeline import assemble, dispatch, expedite, poll, settle, sweep
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    await_end,
    put_together,
    queue,
    send,
)

pytestmark = pytest.mark.django_db

AHEAD = DUE + timedelta(days=2)


def stand_right() -> datetime:
    """The clock does again, and sweep comes by."""
    sweep.run(DUE)
    return DUE + MINUTE


def test_a_batch_is_polled_again(emulator: Emulator) -> None:
    queue()
    batch = send()
    emulator.order("retrieve", "drop")
    assert poll.run(AHEAD) == 0
    assert batch.remote_id
    emulator.end(batch.remote_id)
    assert not poll.due(DUE + MINUTE)
    now = stand_right()
    assert poll.run(now) == 1
    assert settle.run(now) == 1
    assert_books_agree(emulator)


def test_what_could_not_be_sent_or_settled_is_tried_again(emulator: Emulator) -> None:
    queue("a")
    ended = await_end(send(), emulator)
    queue("b")
    assembled = put_together()
    emulator.order("results", "drop")
    emulator.order("list", "drop")
    assert settle.run(AHEAD) == dispatch.run(AHEAD, at(AHEAD)) == 0
    assert set(Batch.objects.filter(retry_at__gt=AHEAD)) == {ended, assembled}
    now = stand_right()
    assert settle.run(now) == dispatch.run(now, at(now)) == 1


def test_the_breaker_lets_a_probe_out(emulator: Emulator) -> None:
    CircuitBreaker.objects.create(reason="on_hold", opened_at=AHEAD, probe_at=AHEAD + MINUTE)
    queue()
    assert not assemble.due(DUE)
    now = stand_right()
    put_together(now)
    assert dispatch.run(now, at(now)) == 1
    assert not CircuitBreaker.objects.open().exists()


def test_a_direct_call_whose_worker_died_is_ended(emulator: Emulator) -> None:
    [job] = queue(needed_within=0)
    AIJob.objects.update(not_before=DUE)
    assert expedite.claim([], AHEAD) == [job]
    now = stand_right()
    assert sweep.rescue(now) == 0
    assert sweep.rescue(now + sweep.lost_after()) == 1


def test_a_pause_that_may_be_is_left_alone(emulator: Emulator) -> None:
    queue()
    batch = send()
    Batch.objects.update(retry_at=DUE + MINUTE * 30, polled_at=DUE)
    stand_right()
    batch.refresh_from_db()
    assert (batch.retry_at, batch.polled_at) == (DUE + MINUTE * 30, DUE)
