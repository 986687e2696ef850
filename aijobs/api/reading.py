"""Rows into shapes, with a fixed number of queries whatever the number of rows."""

from collections.abc import Collection as Sized
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Sum
from rest_framework.exceptions import NotFound

from aijobs.api import shapes
from aijobs.models import (
    AIJob,
    Collection,
    Forecast,
    JobAttempt,
    LedgerEntry,
    UsageRollup,
    expected_end,
)
from aijobs.models.jobs import AIJobQuerySet
from citizenapp.tenants.models import Tenant

TOKENS = tuple(shapes.Tokens.model_fields)
SUMS = tuple(shapes.Cost.model_fields)
NOTHING = Decimal(0)


def described(jobs: AIJobQuerySet) -> AIJobQuerySet:
    """The jobs with their shown status, and their input without the document."""
    return jobs.with_shown_status().select_related("input").defer("input__document")


def job_of(tenant: Tenant, job_id: UUID) -> AIJob:
    """Raises NotFound for a job of somebody else, as for one that never was."""
    jobs = described(AIJob.objects.of(tenant).filter(pk=job_id))
    job = jobs.select_related("output", "batch").first()
    if job is None:
        raise NotFound("There is no job with this id.")
    return job


def collection_of(tenant: Tenant, collection_id: UUID) -> Collection:
    """Raises NotFound for a collection of somebody else, as for one that never was."""
    collection = Collection.objects.filter(tenant=tenant, pk=collection_id).first()
    if collection is None:
        raise NotFound("There is no collection with this id.")
    return collection


def costs(hours: "QuerySet[UsageRollup]") -> dict[str, Decimal]:
    """The three sums over hours; zeros where there are none."""
    sums = hours.aggregate(**{name: Sum(name) for name in SUMS})
    return {name: sums[name] or NOTHING for name in SUMS}


def job_summaries(jobs: Sequence[AIJob]) -> list[shapes.JobSummary]:
    charges, errors = charges_of([job.pk for job in jobs]), errors_of(jobs)
    return [shapes.JobSummary(**_summary(job, charges, errors)) for job in jobs]


def job_detail(job: AIJob, *, now: datetime) -> shapes.Job:
    attempts = list(job.failed_attempts.order_by("number"))
    errors = {}
    if attempts and job.status == AIJob.Status.FAILED:
        errors[job.pk] = _error(attempts[-1])
    output = getattr(job, "output", None)
    return shapes.Job(
        **_summary(job, charges_of([job.pk]), errors),
        options=job.input.options,
        created_by=job.input.created_by,
        result=output and output.result,
        failed_attempts=[
            shapes.FailedAttempt(
                type=attempt.error_type,
                message=attempt.message,
                number=attempt.number,
                route=attempt.route,
                ended_at=attempt.ended_at,
            )
            for attempt in attempts
        ],
        eta=None if job.status in AIJob.FINAL else expected_end(job, now=now),
    )


def collection_summary(collection: Collection) -> dict[str, Any]:
    return {
        "collection_id": collection.pk,
        "name": collection.name,
        "job_type": collection.job_type,
        "total": collection.total,
        "created_by": collection.created_by,
        "created_at": collection.created_at,
    }


def collection_detail(collection: Collection, *, now: datetime) -> shapes.Collection:
    spent = UsageRollup.objects.filter(tenant=collection.tenant, collection_id=collection.pk)
    return shapes.Collection(
        **collection_summary(collection),
        **costs(spent),
        counts=shapes.Counts(**collection.counts()),
        eta=Forecast.from_history().of_collection(collection, now=now),
    )


def charges_of(ids: Sized[UUID]) -> dict[UUID, dict[str, Any]]:
    """Sums of tokens and USD by job; jobs without a charge are not there."""
    rows: Any = (
        LedgerEntry.objects.filter(job_id__in=ids)
        .values("job_id")
        .annotate(
            **{name: Sum(name) for name in (*TOKENS, *SUMS) if name != "cache_write_tokens"},
            cache_write_tokens=Sum(F("cache_write_5m_tokens") + F("cache_write_1h_tokens")),
        )
    )
    return {row.pop("job_id"): row for row in rows}


def costs_in(charge: dict[str, Any] | None) -> dict[str, Decimal]:
    """The three sums of a charge from `charges_of`; zeros where there is none."""
    return {name: charge[name] if charge else NOTHING for name in SUMS}


def errors_of(jobs: Sequence[AIJob]) -> dict[UUID, shapes.JobError]:
    """Why those that failed did: the last attempt of each."""
    failed = [job.pk for job in jobs if job.status == AIJob.Status.FAILED]
    if not failed:
        return {}
    attempts = JobAttempt.objects.filter(job_id__in=failed).order_by("number")
    return {attempt.job_id: _error(attempt) for attempt in attempts}


def _error(attempt: JobAttempt) -> shapes.JobError:
    return shapes.JobError(type=attempt.error_type, message=attempt.message)


def _summary(
    job: AIJob, charges: dict[UUID, dict[str, Any]], errors: dict[UUID, shapes.JobError]
) -> dict[str, Any]:
    charge = charges.get(job.pk)
    return {
        "job_id": job.pk,
        "job_type": job.job_type,
        "status": shown_status(job),
        "route": job.route,
        "collection_id": job.collection_id,
        "source_name": job.input.source_name,
        "attempts": job.attempts,
        "created_at": job.created_at,
        "needed_by": job.needed_by,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "error": errors.get(job.pk),
        "usage": charge and shapes.Tokens(**{name: charge[name] for name in TOKENS}),
        **costs_in(charge),
    }


def shown_status(job: AIJob) -> str:
    """The annotation that `with_shown_status` makes."""
    status: str = job.shown_status  # type: ignore[attr-defined]
    return status
