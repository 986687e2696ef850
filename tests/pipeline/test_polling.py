"""Anthropic is asked how its batches stand, not too often, until each has ended."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs import gateway
from aijobs.models import Batch
from aijobs.pipeline import poll
from tests.ground import Emulator
from tests.pipeline.steps import DUE, MINUTE, hold, put_together, queue, send

pytestmark = pytest.mark.django_db


def test_a_batch_is_asked_about_every_so_often(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_POLL_EVERY = 30
    hold(emulator)
    queue()
    send()
    assert not poll.due(DUE + timedelta(seconds=29))
    moment = DUE + timedelta(seconds=30)
    assert poll.due(moment)
    assert poll.run(moment) == 0
    assert not poll.due(moment)
    assert emulator.stats()["calls"]["retrieve"] == 1


def test_what_has_ended_is_known_with_its_counts(emulator: Emulator) -> None:
    hold(emulator)
    queue("a", "b", "c")
    batch = send()
    emulator.control("POST", f"batches/{batch.remote_id}/end", {"finished": 1, "rest": "expired"})
    assert poll.run(DUE + MINUTE) == 1
    batch.refresh_from_db()
    assert (batch.status, batch.succeeded, batch.expired) == ("ended", 1, 2)
    assert not poll.due(DUE + MINUTE * 2)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 404},
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 429},
        {"fault": "drop"},
        {"fault": "html"},
    ],
)
def test_a_question_in_vain_is_asked_again(emulator: Emulator, fault: dict[str, Any]) -> None:
    queue()
    batch = send()
    emulator.order("retrieve", **fault)
    assert poll.run(DUE + MINUTE) == 0
    batch.refresh_from_db()
    assert batch.status == "submitted"
    assert "Polled in vain" in batch.note
    assert poll.run(DUE + MINUTE * 2) == 1


def test_one_question_in_vain_does_not_keep_others_from_being_asked(emulator: Emulator) -> None:
    queue()
    send()
    queue()
    send()
    emulator.order("retrieve", "drop")
    assert poll.run(DUE + MINUTE) == 1


def test_a_cancellation_in_the_console_is_noticed(emulator: Emulator) -> None:
    hold(emulator)
    emulator.control("POST", "settings", {"latency_cancel": 3_600})
    queue()
    batch = send()
    assert batch.remote_id
    gateway.cancel_batch(batch.remote_id)
    assert poll.run(DUE + MINUTE) == 0
    batch.refresh_from_db()
    assert (batch.status, batch.after_cancel) == ("canceling", Batch.AfterCancel.REQUEUE)


def test_what_was_not_sent_is_not_asked_about(emulator: Emulator) -> None:
    queue()
    put_together()
    assert not poll.due(DUE + MINUTE)
