"""What failed or was canceled, queued again. It is held against the limits like what is new."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.db import transaction
from django.db.models import Exists, OuterRef

from aijobs.budgets import standing
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, Collection, JobAttempt, Reservation
from citizenapp.tenants.models import Tenant


def retry_job(job: AIJob, *, now: datetime) -> bool:
    """Queue a failed or canceled job again; False when it is neither. Raises LimitReached."""
    with transaction.atomic():
        moved = job.mark_queued(now)
        if moved:
            standing.keep(job.tenant, job.reserved_usd, now)
    crash_point(Step.RETRY_COMMITTED)
    return moved


def retry_collection(
    collection: Collection,
    status: Literal["failed", "canceled"] = "failed",
    *,
    reason: str = "",
    now: datetime,
) -> int:
    """Queue the failed jobs of a collection again, or the canceled ones; returns how many.

    With a `reason`, those alone whose last attempt failed for this error type.
    Raises LimitReached.
    """
    jobs = AIJob.objects.filter(collection=collection)
    if reason:
        last = JobAttempt.objects.filter(job=OuterRef("pk"), number=OuterRef("attempts"))
        jobs = jobs.filter(Exists(last.filter(error_type=reason)))
    with transaction.atomic():
        before = reserved_by(collection)
        moved = jobs.queue_again(status, now)
        if moved:
            standing.keep(collection.tenant, reserved_by(collection) - before, now)
    crash_point(Step.RETRY_COMMITTED)
    return moved


def retry_batch(batch: Batch, *, now: datetime) -> int:
    """Queue again the jobs that failed in a batch; returns how many. Raises LimitReached."""
    with transaction.atomic():
        moved = AIJob.objects.filter(batch=batch).queue_again(AIJob.Status.FAILED, now)
        for tenant in Tenant.objects.filter(pk__in=batch.tenant_ids).order_by("pk"):
            standing.keep(tenant, Decimal(0), now)
    crash_point(Step.RETRY_COMMITTED)
    return moved


def reserved_by(collection: Collection) -> Decimal:
    """What its jobs have reserved that are not over, in USD."""
    return Reservation.objects.filter(
        tenant=collection.tenant_id, collection_id=collection.pk
    ).total()
