"""Batches that have ended, for what is learned of them."""

from datetime import datetime, timedelta

from aijobs.models import Batch
from aijobs.turnaround.model import LEVELS
from tests.factories import NOW


def ended(
    seconds: float,
    *,
    batches: int = 200,
    requests: int = 1,
    now: datetime = NOW,
    promised: float | None = None,
) -> None:
    """So many batches that took so long each, the last of them ended a day before `now`.

    `promised`: what each was promised to take at most, where anything was.
    """
    sent = now - timedelta(days=1, seconds=seconds)
    levels = None if promised is None else [promised * level for level in LEVELS]
    Batch.objects.bulk_create(
        Batch(
            status="settled",
            tenant_ids=[],
            requests=requests,
            request_bytes=1,
            assembled_at=sent,
            submitted_at=sent,
            ended_at=sent + timedelta(seconds=seconds),
            settled_at=sent + timedelta(seconds=seconds),
            foreseen_seconds=levels,
            promised_seconds=levels,
        )
        for _ in range(batches)
    )


def canceled(seconds: float, *, batches: int = 200, now: datetime = NOW) -> None:
    """So many batches that ended so long after they were canceled, a day before `now`."""
    then = now - timedelta(days=1)
    Batch.objects.bulk_create(
        Batch(
            status="settled",
            tenant_ids=[],
            requests=1,
            request_bytes=1,
            assembled_at=then,
            submitted_at=then,
            canceling_at=then,
            ended_at=then + timedelta(seconds=seconds),
            settled_at=then + timedelta(seconds=seconds),
        )
        for _ in range(batches)
    )
