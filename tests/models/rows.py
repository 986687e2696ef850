"""What the constraints of the database want of rows."""

from typing import Any

from aijobs.models import AIJob
from tests.factories import NOW, make_batch


def columns_of(status: str) -> dict[str, Any]:
    """What the constraints ask of a job with this status."""
    columns: dict[str, Any] = {}
    if status == AIJob.Status.SUBMITTED:
        columns["batch"] = make_batch()
    if status in AIJob.FINAL:
        columns["finished_at"] = NOW
    return columns
