"""The way of a job so far, and the way still before it."""

from dataclasses import dataclass
from datetime import datetime

from aijobs.models import AIJob


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is done, current or ahead; `at` is when it was reached, or None."""

    status: str
    title: str
    state: str
    at: datetime | None = None


def timeline(job: AIJob, status: str) -> list[Step]:
    """Queued, on its way, at work, ended: each with its moment. `status` is the shown one."""
    batch = job.batch
    on_batch = job.route == AIJob.Route.BATCH
    steps: list[tuple[str, str, datetime | None]] = [("queued", "Queued", job.created_at)]
    if on_batch:
        steps.append(("submitted", "In a batch", batch.assembled_at if batch else None))
    steps.append(
        (
            "processing",
            "Claude is at work" if status == "processing" else "Claude at work",
            (batch.submitted_at if batch else None) if on_batch else job.started_at,
        )
    )
    ended = job.status in AIJob.FINAL
    last = {"failed": "Failed", "canceled": "Canceled"}.get(job.status, "Completed")
    steps.append((job.status if ended else "completed", last, job.finished_at))
    names = [name for name, _, _ in steps]
    here = len(steps) - 1 if ended else names.index(status)
    shown = []
    for number, (name, title, at) in enumerate(steps):
        if ended and at is None and name not in {"queued", job.status}:
            continue  # It ended without going there.
        state = "done" if number < here or ended else "current" if number == here else "ahead"
        shown.append(Step(name, title, state, at if state != "ahead" else None))
    return shown
