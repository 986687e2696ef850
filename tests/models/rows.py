"""Rows in any status, as the constraints of the database want them."""

from itertools import count
from typing import Any

from aijobs.models import AIJob, Batch
from tests.factories import NOW

_numbers = count(1)


def make_batch(status: str = "assembled", **fields: Any) -> Batch:
    number = next(_numbers)
    known = status in {*Batch.REMOTE, "ended", "settled"}
    return Batch.objects.create(
        **{
            "nonce": f"{number:010x}",
            "status": status,
            "remote_id": f"msgbatch_{number}" if known else None,
            "tenant_ids": [],
            "requests": 1,
            "request_bytes": 100,
            "assembled_at": NOW,
            "submitting_at": None if status == "assembled" else NOW,
            "unconfirmed_at": NOW if status == "unconfirmed" else None,
            "submitted_at": NOW if known else None,
        }
        | fields
    )


def columns_of(status: str) -> dict[str, Any]:
    """What the constraints ask of a job with this status."""
    columns: dict[str, Any] = {}
    if status == AIJob.Status.SUBMITTED:
        columns["batch"] = make_batch()
    if status in AIJob.FINAL:
        columns["finished_at"] = NOW
    return columns
