"""withdraw: cancel on request, as far as that is still possible.

What waits is canceled at once. What is on its way cannot be called back alone: it goes on and is
charged, and whoever asked for it may have its answer dropped when it comes.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, Collection, Submission, Trial
from aijobs.models.jobs import AIJobQuerySet
from aijobs.pipeline import _cancellations
from aijobs.pipeline._telling import look_again
from citizenapp.tenants.models import Tenant

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


def why_not_cancelable(status: str, job: AIJob) -> str:
    """Why a job can't be canceled; `status` is the shown one."""
    if job.dropped_at and status in (AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING):
        return "It is canceled already: it goes on at Claude, and its answer is not kept."
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


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """So many jobs were `canceled`, for nothing; of so many the answer will be `dropped`.

    The latter go on and are charged. They are canceled as soon as they have ended.
    """

    canceled: int
    dropped: int


def withdraw_job(job: AIJob, *, now: datetime) -> Withdrawn:
    """Cancel a job that waits; of one that is on its way, drop the answer."""
    withdrawn = withdraw_jobs(job.tenant, AIJob.objects.filter(pk=job.pk), now)
    crash_point(Step.WITHDRAW_COMMITTED)
    return withdrawn


def withdraw_collection(collection: Collection, *, drops: bool, now: datetime) -> Withdrawn:
    """Send nothing more of a collection: cancel what waits, and later what comes back.

    `drops`: of what is on its way the answers are not kept either. That ends its trial.
    """
    withdrawn = _withdraw(collection, now, drops=drops)
    crash_point(Step.WITHDRAW_COMMITTED)
    return withdrawn


@transaction.atomic
def withdraw_jobs(tenant: Tenant, jobs: AIJobQuerySet, now: datetime) -> Withdrawn:
    """The same of some jobs of a tenant, in the transaction of the caller where it has one."""
    canceled = jobs.cancel_waiting(now) + _take_out(jobs, now)
    # One after the other by their ids, as settle does: so that no two wait for each other.
    under_way = jobs.filter(status__in=(AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING))
    locked = under_way.order_by("pk").select_for_update(no_key=True)
    ids = list(locked.values_list("pk", flat=True))
    dropped = AIJob.objects.filter(pk__in=ids).drop_answers(now) if ids else 0
    if dropped:
        look_again(tenant.pk)
    return Withdrawn(canceled, dropped)


@transaction.atomic
def _withdraw(collection: Collection, now: datetime, *, drops: bool) -> Withdrawn:
    trial = Trial.objects.filter(collection=collection).first()
    if trial is not None:
        trial.mark_ended()
    jobs = AIJob.objects.filter(collection=collection)
    canceled = _cancellations.initiate(collection, now)
    if not drops:
        return Withdrawn(canceled, 0)
    others = withdraw_jobs(collection.tenant, jobs, now)
    return Withdrawn(canceled + others.canceled, others.dropped)


@transaction.atomic
def _take_out(jobs: AIJobQuerySet, now: datetime) -> int:
    """Take jobs out of batches that were not sent yet; returns how many. They cost nothing.

    Whoever sends such a batch at this moment has written another number of jobs, and does not.
    """
    taken = 0
    batches = Batch.objects.filter(status=Batch.Status.ASSEMBLED)
    for batch in batches.filter(pk__in=jobs.values("batch")).order_by("pk"):
        mine = jobs.filter(batch=batch, status=AIJob.Status.SUBMITTED)
        leaving = mine.count()
        if leaving and batch.mark_reduced(batch.requests - leaving):
            mine.drop_answers(now)
            # Also what was dropped before, while it was being sent, and then was not sent.
            taken += mine.queue_unsent_again()
    return taken


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
