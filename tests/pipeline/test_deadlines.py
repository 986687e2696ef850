"""What Anthropic keeps for a day, or for 29, does not slip by unseen."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Batch, JobAttempt, LedgerEntry
from aijobs.pipeline import settle, sweep
from aijobs.pipeline._quarantine import TRIES_BEFORE_STAFF
from tests.ground import Emulator
from tests.pipeline.steps import DUE, MINUTE, await_end, hold, keep_going, queue, send

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


def test_staff_are_called_once_about_results_that_cannot_be_settled(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    queue()
    batch = await_end(send(), emulator)
    emulator.order("results", "missing", times=0)
    now = DUE + MINUTE
    for attempt in range(1, TRIES_BEFORE_STAFF + 3):
        assert settle.run(now) == 0
        batch.refresh_from_db()
        assert bool(batch.needs_attention) is (attempt >= TRIES_BEFORE_STAFF)
        assert batch.retry_at
        now = batch.retry_at
    assert len(errors(caplog)) == 1
    emulator.control("DELETE", "faults")
    assert settle.run(now) == 1
    batch.refresh_from_db()
    assert (batch.status, batch.needs_attention) == ("settled", "")


def test_staff_are_called_when_a_batch_outlives_its_day(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    hold(emulator)
    queue()
    batch = send()
    Batch.objects.filter(pk=batch.pk).update(expires_at=DUE + DAY)
    sweep.run(DUE + DAY)
    batch.refresh_from_db()
    assert batch.needs_attention == ""
    for hours in (2, 3):
        sweep.run(DUE + DAY + timedelta(hours=hours))
    batch.refresh_from_db()
    assert "should have ended" in batch.needs_attention
    assert len(errors(caplog)) == 1


def test_staff_are_called_a_week_before_results_vanish(emulator: Emulator) -> None:
    queue()
    batch = await_end(send(), emulator)
    sweep.run(DUE + DAY * 21)
    batch.refresh_from_db()
    assert batch.needs_attention == ""
    sweep.run(DUE + DAY * 22 + MINUTE)
    batch.refresh_from_db()
    assert "deletes them" in batch.needs_attention


def test_jobs_whose_results_are_gone_end_with_that_reason(emulator: Emulator) -> None:
    queue("a", "b")
    batch = await_end(send(), emulator)
    emulator.advance(29 * 86_400)
    late = DUE + DAY * 29 + MINUTE
    assert settle.run(late) == 0
    sweep.run(late)
    batch.refresh_from_db()
    assert batch.status == "settled"
    assert "deleted" in batch.needs_attention
    assert set(AIJob.objects.values_list("status", flat=True)) == {"failed"}
    reasons = set(JobAttempt.objects.values_list("error_type", flat=True))
    assert reasons == {"results_expired"}
    assert not LedgerEntry.objects.exists()


def test_age_alone_proves_nothing(emulator: Emulator) -> None:
    """A clock of ours that runs ahead by a month must not end a single job."""
    queue()
    batch = await_end(send(), emulator)
    late = DUE + DAY * 40
    sweep.run(late)
    batch.refresh_from_db()
    assert batch.status == "ended"
    assert settle.run(late) == 1
    assert AIJob.objects.get().status == "completed"


@pytest.mark.parametrize("fault", [{"fault": "drop"}, {"fault": "status", "status": 500}])
def test_a_question_in_vain_proves_nothing_either(
    emulator: Emulator, fault: dict[str, Any]
) -> None:
    queue()
    batch = await_end(send(), emulator)
    emulator.order("results", times=0, **fault)
    sweep.run(DUE + DAY * 40)
    batch.refresh_from_db()
    assert batch.status == "ended"


def test_a_batch_that_was_deleted_by_hand_at_anthropic_waits_for_staff(
    emulator: Emulator, settings: Any
) -> None:
    """It may as well be that the key is of another workspace now."""
    hold(emulator)
    queue()
    batch = send()
    settings.ANTHROPIC_API_KEY = "of another workspace"
    sweep.run(DUE + DAY * 2)
    batch.refresh_from_db()
    assert batch.status == "submitted"
    assert batch.needs_attention == ""
    settings.ANTHROPIC_API_KEY = "emulator"
    emulator.end(batch.remote_id or "")
    keep_going(DUE + DAY * 2 + MINUTE)
    assert AIJob.objects.get().status == "completed"
