"""Collections as the Message Batches API tells of them: how they stand, a result a request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Max, TextField
from django.db.models.functions import Cast

from aijobs.models import AIJob, Cancellation, Collection, JobAttempt
from aijobs.reading import collections, pages
from aijobs.reading.pages import Page, Position
from citizenapp.tenants.models import Tenant

JOB_TYPE = "raw"
CHUNK = 500
# Anthropic did not get to it within a day, as often as it was asked.
EXPIRED = "expired"

Status = Literal["in_progress", "canceling", "ended"]


@dataclass(frozen=True, slots=True)
class MessageBatch:
    """`processing` jobs have not ended. The other counts are of those that have."""

    collection: Collection
    status: Status
    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int
    cancel_initiated_at: datetime | None
    ended_at: datetime | None

    @property
    def is_kept(self) -> bool:
        """Whether all its results are still there."""
        ended = self.succeeded + self.errored + self.canceled + self.expired
        return self.processing + ended >= self.collection.total


class Result(NamedTuple):
    """What became of one request: its `message` as JSON, or why there is none."""

    custom_id: str
    status: str
    message: str | None
    error: JobAttempt | None


def page(tenant: Tenant, at: Position, *, size: int) -> Page[MessageBatch]:
    """A tenant's batches from the newest to the oldest."""
    found = pages.page(Collection.objects.of(tenant).filter(job_type=JOB_TYPE), at, size)
    return found.of(_told(tenant, found.rows))


def batch_of(tenant: Tenant, collection_id: UUID) -> MessageBatch:
    """Raises Collection.DoesNotExist for one of somebody else, as for one that never was."""
    found = Collection.objects.of(tenant).get(pk=collection_id, job_type=JOB_TYPE)
    return _told(tenant, [found])[0]


def results(tenant: Tenant, batch: MessageBatch) -> Iterator[list[Result]]:
    """One for each request of a batch that has ended, CHUNK at a time, in the order they came.

    Each chunk is a query of its own that goes on after the last id: no transaction stays open
    however slowly the client reads. Messages are handed on as they are stored.
    """
    jobs = (
        AIJob.objects.of(tenant)
        .filter(collection=batch.collection)
        .order_by("pk")
        .values_list(
            "pk", "input__reference", "status", Cast("output__result", output_field=TextField())
        )
    )
    chunk = list(jobs[:CHUNK])
    while chunk:
        errors = _errors(tenant, [pk for pk, _, status, _ in chunk if status == "failed"])
        yield [
            Result(custom_id, status, message, errors.get(pk))
            for pk, custom_id, status, message in chunk
        ]
        chunk = list(jobs.filter(pk__gt=chunk[-1][0])[:CHUNK])


def _told(tenant: Tenant, rows: Sequence[Collection]) -> list[MessageBatch]:
    reached = collections.progress(tenant, rows)
    canceled = Cancellation.objects.filter(collection__in=[one.pk for one in rows])
    canceling = dict(canceled.values_list("collection_id", "initiated_at"))
    ended = [pk for pk, progress in reached.items() if progress.ended == progress.total]
    ends, expired = _ends(tenant, ended), _expired(tenant, ended)
    batches = []
    for one in rows:
        counts = reached[one.pk].counts
        has_ended = one.pk in ended
        late = expired.get(one.pk, 0)
        batches.append(
            MessageBatch(
                one,
                "ended" if has_ended else "canceling" if one.pk in canceling else "in_progress",
                processing=reached[one.pk].total - reached[one.pk].ended,
                succeeded=counts.get("completed", 0),
                errored=counts.get("failed", 0) - late,
                canceled=counts.get("canceled", 0),
                expired=late,
                cancel_initiated_at=canceling.get(one.pk),
                ended_at=ends.get(one.pk, one.created_at) if has_ended else None,
            )
        )
    return batches


def _ends(tenant: Tenant, ended: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the last job of each of these collections ended."""
    jobs = AIJob.objects.of(tenant).filter(collection__in=ended).order_by()
    found = jobs.values_list("collection").annotate(last=Max("finished_at"))
    return {pk: last for pk, last in found if pk is not None and last is not None}


def _expired(tenant: Tenant, ended: Sequence[UUID]) -> dict[UUID, int]:
    """How many requests of each of these collections Anthropic never got to."""
    last = JobAttempt.objects.filter(
        job__tenant=tenant,
        job__collection__in=ended,
        job__indexed_status=AIJob.Status.FAILED,
        number=F("job__attempts"),
        error_type=EXPIRED,
    )
    found = last.order_by().values_list("job__collection").annotate(jobs=Count("pk"))
    return {pk: jobs for pk, jobs in found if pk is not None}


def _errors(tenant: Tenant, failed: Sequence[UUID]) -> dict[UUID, JobAttempt]:
    """The last attempt of each."""
    if not failed:
        return {}
    attempts = JobAttempt.objects.filter(job__tenant=tenant, job_id__in=failed)
    return {attempt.job_id: attempt for attempt in attempts.order_by("number")}
