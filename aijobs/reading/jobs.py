"""Jobs as they are listed, one job with all that belongs to it, and results in order."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Subquery

from aijobs.models import AIJob, Collection, JobAttempt, JobDocument, JobOutput
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading import pages, roads, rows, tags
from aijobs.reading.filters import JobFilter, filtered
from aijobs.reading.forecast import NOTHING, Expected, Forecast
from aijobs.reading.labels import beginning, label, opening
from aijobs.reading.last_ones import READS
from aijobs.reading.money import Money, spent_on_jobs, sums_of_job, sums_told
from aijobs.reading.pages import NEWEST, Page, Position
from aijobs.reading.reviews import Corrected, corrections
from aijobs.reading.rows import EVERY_ROW, RowFilter
from aijobs.reading.status import shown_status
from citizenapp.tenants.models import Tenant

# What narrows a list belongs to it.
__all__ = ["JobFilter", "filtered"]

CHUNK = 500


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job in a list. Its input is at hand, its documents are not.

    `status` is the shown one. `money` is None until there is a charge, `error` unless it failed;
    `label` is empty where nobody asked for it. `tags` are in the order of the alphabet.
    """

    job: AIJob
    status: str
    money: Money | None
    error: JobAttempt | None
    label: str = ""
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class JobDetail(JobRow):
    """One job. `attempts` are those that failed, the first one first.

    `expected` says when it should end, and nothing once it has; `route_reason` why it goes the
    road that it is on.
    """

    attempts: Sequence[JobAttempt] = ()
    output: JobOutput | None = None
    expected: Expected = NOTHING
    route_reason: str = ""


@dataclass(frozen=True, slots=True)
class JobResult:
    """One line of a collection's results. `row` is the number that its sender knows."""

    row: int
    reference: str
    metadata: dict[str, str]
    job_id: UUID
    status: str
    result: dict[str, Any] | None
    money: Money | None
    error: JobAttempt | None
    corrected: Corrected | None = None


def page(
    tenant: Tenant,
    only: JobFilter,
    at: Position = NEWEST,
    *,
    size: int,
) -> Page[JobRow]:
    """A tenant's jobs from the newest to the oldest, with their collections.

    Takes a query for the jobs, one for the charges, and one for the errors where a job has failed.
    """
    jobs = filtered(tenant, only).with_shown_status().select_related("input", "collection")
    found = pages.page(jobs.annotate(tags=tags.names(tenant)), at, size, keys=pages.OF_JOBS)
    money, errors = _charges(tenant, found.rows), _errors(tenant, found.rows)
    return found.of(
        [
            JobRow(
                job,
                shown_status(job),
                money.get(job.pk),
                errors.get(job.pk),
                tags=vars(job)["tags"],
            )
            for job in found.rows
        ]
    )


def exist(tenant: Tenant) -> bool:
    """Whether the tenant has any job."""
    return AIJob.objects.listed(tenant).exists()


def job_of(tenant: Tenant, job_id: UUID) -> AIJob:
    """A tenant's job, for whoever moves it; `shown_status` is known of it.

    Raises AIJob.DoesNotExist for a job of somebody else, as for one that never was.
    """
    return AIJob.objects.of(tenant).with_shown_status().get(pk=job_id)


def states(ids: Several[UUID]) -> dict[UUID, object]:
    """By id, what is another whenever a job has moved; of any tenant. One query.

    For whoever waits for jobs that their own tenants were shown.
    """
    jobs = AIJob.objects.filter(pk__in=ids).with_shown_status().only("status", "attempts")
    return {job.pk: state_of(job) for job in jobs}


def state_of(job: AIJob) -> object:
    """What `states` reads of this job; `shown_status` must be known of it."""
    return shown_status(job), job.attempts


def named(tenant: Tenant, ids: Iterable[UUID]) -> tuple[AIJobQuerySet, set[UUID]]:
    """A tenant's jobs with these ids, and the ids that are none of its jobs."""
    wanted = list(ids)
    found = AIJob.objects.of(tenant).filter(pk__in=wanted)
    return found, set(wanted) - set(found.values_list("pk", flat=True))


def detail(
    tenant: Tenant,
    job_id: UUID,
    *,
    now: datetime,
    labeled: bool = False,
    beside: Mapping[str, Any] | None = None,
) -> JobDetail:
    """One job with its input, output, batch, collection, history and charges.

    Its documents are there without their texts. `beside`: what else to ask of it in the same query,
    which is annotated. Raises AIJob.DoesNotExist as `job_of` does.
    """
    jobs = _with_documents(tenant, labeled=labeled)
    jobs = jobs.select_related("output", "collection__cancellation", *READS)
    jobs = jobs.annotate(
        sums=Subquery(sums_of_job(tenant)), tags=tags.names(tenant), **beside or {}
    )
    job = jobs.get(pk=job_id)
    sums = vars(job)["sums"]
    # One that waits for the first time has no attempts that failed, nor what was done by the first.
    is_new = job.status == AIJob.Status.QUEUED and not (job.attempts or job.asked_again)
    at_first = job.status == AIJob.Status.COMPLETED and job.attempts == 1
    attempts: list[JobAttempt] = []
    if not (is_new or at_first):
        attempts += job.failed_attempts.select_related("batch").order_by("number")
    has_failed = job.status == AIJob.Status.FAILED
    forecast = Forecast(tenant, now)
    return JobDetail(
        job,
        shown_status(job),
        sums_told(sums) if sums else None,
        attempts[-1] if attempts and has_failed else None,
        _name_of(job) if labeled else "",
        vars(job)["tags"],
        attempts=attempts,
        output=getattr(job, "output", None),
        expected=forecast.of_job(job),
        route_reason=roads.reason(tenant, job, attempts, forecast),
    )


def asked_of(tenant: Tenant, job_id: UUID) -> tuple[AIJob, str]:
    """A job with what was asked of it, for whoever asks anew; and what it is called. Two queries.

    Its documents are there without their texts. Raises AIJob.DoesNotExist as `job_of` does.
    """
    job = _with_documents(tenant, labeled=True).get(pk=job_id)
    job.tenant = tenant
    return job, _name_of(job)


def _with_documents(tenant: Tenant, *, labeled: bool) -> AIJobQuerySet:
    documents = JobDocument.objects.defer("text", "original").order_by("number")
    if labeled:
        documents = documents.annotate(opening=beginning("text"))
    jobs = AIJob.objects.of(tenant).with_shown_status().select_related("input")
    return jobs.prefetch_related(Prefetch("documents", documents))


def _name_of(job: AIJob) -> str:
    words = opening(vars(job.documents.all()[0])["opening"])
    return label(job.pk, job.input.reference or job.input.source_name, words)


def document_of(tenant: Tenant, job_id: UUID, number: int, *, original: bool) -> JobDocument:
    """A document of a tenant's job, with its file or with its text.

    Raises JobDocument.DoesNotExist where the job has no such document, and for a job of somebody
    else.
    """
    documents = JobDocument.objects.filter(job__tenant=tenant, job__erasing_since=None, job=job_id)
    return documents.defer("text" if original else "original").get(number=number)


def output_of(tenant: Tenant, job_id: UUID) -> JobOutput:
    """The result of a completed job, with the job.

    Raises JobOutput.DoesNotExist where there is none, and for a job of somebody else.
    """
    return JobOutput.objects.select_related("job").get(
        pk=job_id,
        job__tenant=tenant,
        job__erasing_since=None,
        job__status=AIJob.Status.COMPLETED,
    )


def results(
    tenant: Tenant, collection: Collection, only: RowFilter = EVERY_ROW
) -> Iterator[list[JobResult]]:
    """Jobs of a collection in the order of its rows, finished or not, CHUNK at a time.

    Each chunk is a query of its own that goes on after the last id: no transaction stays open
    however slowly the client reads.
    """
    jobs = (
        rows.filtered(tenant, collection, only)
        .with_shown_status()
        .select_related("output", "input")
        .defer("input__options")
        .order_by("collection_id", "pk")
    )
    number = 0
    chunk = list(jobs[:CHUNK])
    while chunk:
        money, errors = _charges(tenant, chunk), _errors(tenant, chunk)
        corrected = corrections(tenant, [job.pk for job in chunk])
        found = []
        for job in chunk:
            number += 1
            output: JobOutput | None = getattr(job, "output", None)
            found.append(
                JobResult(
                    job.input.row_number or number,
                    job.input.reference,
                    job.input.metadata or {},
                    job.pk,
                    shown_status(job),
                    output.result if output else None,
                    money.get(job.pk),
                    errors.get(job.pk),
                    corrected.get(job.pk),
                )
            )
        yield found
        chunk = list(jobs.filter(pk__gt=chunk[-1].pk)[:CHUNK])


def _charges(tenant: Tenant, jobs: Sequence[AIJob]) -> dict[UUID, Money]:
    return spent_on_jobs(tenant, [job.pk for job in jobs])


def _errors(tenant: Tenant, jobs: Sequence[AIJob]) -> dict[UUID, JobAttempt]:
    """Why those that failed did: the last attempt of each."""
    failed = [job.pk for job in jobs if job.status == AIJob.Status.FAILED]
    if not failed:
        return {}
    attempts = JobAttempt.objects.filter(job__tenant=tenant, job_id__in=failed)
    return {attempt.job_id: attempt for attempt in attempts.order_by("number")}
