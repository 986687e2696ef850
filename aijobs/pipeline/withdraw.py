"""withdraw: cancel on request, as far as that is still possible."""

from datetime import datetime

from django.db import transaction

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, Collection, Submission, Trial
from aijobs.pipeline import _cancellations

REASONS = {
    AIJob.Status.QUEUED: "It was queued again just now; cancel it once more.",
    AIJob.Status.SUBMITTED: "It is on its way to Anthropic, in a batch with others.",
    AIJob.Status.PROCESSING: "Claude is already working on it; its result will arrive.",
    AIJob.Status.COMPLETED: "It is already completed.",
    AIJob.Status.FAILED: "It has already failed.",
    AIJob.Status.CANCELED: "It is already canceled.",
}


def cancel_job(job: AIJob, *, now: datetime) -> bool:
    """Cancel a waiting job; False when it no longer waits (`why_not_cancelable` says why)."""
    canceled = job.mark_canceled(now)
    crash_point(Step.WITHDRAW_COMMITTED)
    return canceled


def why_not_cancelable(status: str) -> str:
    """Why a job with this shown status can't be canceled."""
    return REASONS[AIJob.Status(status)]


def cancel_collection(collection: Collection, *, now: datetime) -> int:
    """Cancel the jobs of a collection that still wait; returns how many. That ends its trial."""
    canceled = _cancel_waiting(collection, now)
    crash_point(Step.WITHDRAW_COMMITTED)
    return canceled


def cancel_for_good(collection: Collection, *, now: datetime) -> None:
    """Cancel a whole collection: what waits at once, and what comes back into the queue later."""
    _cancellations.initiate(collection, now)
    crash_point(Step.WITHDRAW_COMMITTED)


@transaction.atomic
def _cancel_waiting(collection: Collection, now: datetime) -> int:
    trial = Trial.objects.filter(collection=collection).first()
    if trial is not None:
        trial.mark_ended()
    return AIJob.objects.filter(collection=collection).cancel_waiting(now)


def cancel_batch(batch: Batch, after: Batch.AfterCancel, *, now: datetime) -> bool:
    """Cancel a whole batch; False when it is past that.

    One that was not sent yet is dissolved at once. One at Anthropic is canceled there: what is
    finished keeps its result, and the rest becomes what `after` says once the batch has ended. Of
    one that is being canceled, by a rescue or by staff, only that changes.
    Raises gateway.GatewayError when Anthropic does not take the cancellation.
    """
    if batch.status == Batch.Status.ASSEMBLED:
        return _dissolve(batch, after, now)
    submission = batch.submission
    if submission is None or submission.remote_id is None:
        return False
    if batch.status == Batch.Status.CANCELING:
        return _wish_anew(batch, submission, after)
    # The wish is stored first: when the call is lost, poll makes it again.
    if not batch.mark_canceling(submission, now, after):
        return False
    crash_point(Step.WITHDRAW_WISHED)
    gateway.cancel_batch(submission.remote_id)
    crash_point(Step.WITHDRAW_CANCELED)
    return True


def _wish_anew(batch: Batch, submission: Submission, after: Batch.AfterCancel) -> bool:
    moved = batch.mark_rewished(submission, after)
    crash_point(Step.WITHDRAW_WISHED)
    return moved


@transaction.atomic
def _dissolve(batch: Batch, after: Batch.AfterCancel, now: datetime) -> bool:
    if not batch.mark_dissolved(now, "Canceled by staff before it was sent."):
        return False
    jobs = AIJob.objects.filter(batch=batch)
    if after == Batch.AfterCancel.CANCEL:
        jobs.cancel_unsent(now)
    else:
        jobs.queue_unsent_again()
    crash_point(Step.WITHDRAW_DISSOLVED)
    return True
