"""The way of a job so far, with each attempt and its reason, and the way still before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aijobs.models import AIJob, Batch, JobAttempt
from aijobs.reading.reviews import Review
from aijobs.web.reasons import why

SEED = "It goes first in its collection, so that the others read what it puts into the cache."
RESCUED = "The batch was canceled: the deadline would have been missed"
CANCELING = "Cancel of the batch was asked for"
CANCEL_ALL = "Cancel of the whole collection was asked for"
MOST_ATTEMPTS = 30
"""Of more attempts the first and the last ones are told."""


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is done, current or ahead; `at` is when it was reached, or None.

    `detail` says why, in a sentence; `said` what else was told of it, as it came. `job` is another
    one that it is about.
    """

    status: str
    title: str
    state: str
    at: datetime | None = None
    detail: str = ""
    said: str = ""
    error_type: str = ""
    job: UUID | None = None


def timeline(
    job: AIJob, status: str, attempts: Sequence[JobAttempt] = (), review: Review | None = None
) -> list[Step]:
    """All that happened, in order, and what is still ahead. `status` is the shown one."""
    review = review or Review()
    first = Step("queued", "Queued", "done", job.created_at, SEED if review.is_seed else "")
    if review.source:
        first = Step(
            "queued", "Queued", "done", job.created_at, "Made of another job.", job=review.source
        )
    past = [first, *sorted(_past(job, attempts), key=lambda step: step.at or job.created_at)]
    ahead = list(_here_and_ahead(job, status, is_first=len(past) == 1))
    if ahead and ahead[0].status == "queued":
        # It waits where it already stood: that step is the current one.
        waits, *ahead = ahead
        if len(past) == 1 or past[-1].status == "queued":
            last = past.pop()
            detail = waits.detail or last.detail
            waits = Step(
                "queued", last.title, "current", last.at, detail, job=waits.job or last.job
            )
        past.append(waits)
    return past + ahead


def _past(job: AIJob, attempts: Sequence[JobAttempt]) -> Iterator[Step]:
    yield from _attempts(attempts)
    failed = {attempt.ended_at for attempt in attempts}
    for ended, again in zip(job.ended_before or (), job.asked_again or (), strict=True):
        end = "failed" if ended in failed else "canceled"
        yield Step(end, end.capitalize(), "done", ended)
        yield Step("queued", "Asked for again", "done", again)
    cancellation = getattr(job.collection, "cancellation", None)
    if cancellation and cancellation.initiated_at >= job.created_at:
        yield Step("canceled", CANCEL_ALL, "done", cancellation.initiated_at)


def _attempts(attempts: Sequence[JobAttempt]) -> Iterator[Step]:
    half = MOST_ATTEMPTS // 2
    shown = list(attempts)
    if len(shown) > MOST_ATTEMPTS:
        shown = shown[:half] + shown[-half:]
    for attempt in shown:
        if attempt.batch:
            yield from _in_batch(attempt.batch, "done")
        yield Step(
            "retry",
            f"Attempt {attempt.number} brought no result",
            "done",
            attempt.ended_at,
            why(attempt.error_type),
            attempt.message,
            attempt.error_type,
        )


def _in_batch(batch: Batch, state: str) -> Iterator[Step]:
    """What is known of a batch. `state` is that of the last of it."""
    steps: list[tuple[str, str, datetime | None]] = [
        ("submitted", "In a batch", batch.assembled_at)
    ]
    steps.append(("processing", "Claude at work", batch.submitted_at))
    if batch.rescued_at:
        steps.append(("canceled", RESCUED, batch.rescued_at))
    elif batch.canceling_at:
        steps.append(("canceled", CANCELING, batch.canceling_at))
    there = [one for one in steps if one[2]]
    for number, (icon, title, at) in enumerate(there, 1):
        yield Step(icon, title, state if number == len(there) else "done", at)


def _here_and_ahead(job: AIJob, status: str, *, is_first: bool) -> Iterator[Step]:
    """Where it stands, and what follows; or how it ended."""
    on_batch = job.route == AIJob.Route.BATCH
    if job.status in AIJob.FINAL:
        yield from _ended(job)
        return
    if status == "queued":
        title = "Queued" if is_first else "Waits for another try"
        detail = "The same question is on its way already." if job.answered_by else ""
        yield Step("queued", title, "current", None, detail, job=job.answered_by)
    if job.batch:
        yield from _in_batch(job.batch, "current")
        if job.batch.submitted_at is None:
            yield Step("processing", "Claude at work", "ahead")
    elif status == "processing":
        yield Step("processing", "Claude is at work", "current", job.started_at)
    elif not job.answered_by:
        if on_batch:
            yield Step("submitted", "In a batch", "ahead")
        yield Step("processing", "Claude at work", "ahead")
    yield Step("completed", "Done", "ahead")


def _ended(job: AIJob) -> Iterator[Step]:
    if job.status == AIJob.Status.COMPLETED:
        if job.answered_by:
            said = "The same question was answered before: this is that result."
            yield Step("completed", "Done", "done", job.finished_at, said, job=job.answered_by)
            return
        if job.batch:
            yield from _in_batch(job.batch, "done")
        elif job.started_at:
            yield Step("processing", "Claude at work", "done", job.started_at)
        yield Step("completed", "Done", "done", job.finished_at)
    elif job.status == AIJob.Status.FAILED:
        yield Step("failed", "Failed", "done", job.finished_at)
    else:
        yield Step("canceled", "Canceled", "done", job.finished_at)
