"""The list of jobs as people see it: jobs, and collections that stand as one row each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery, Sum, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, JSONObject, Left

from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    Correction,
    JobAttempt,
    JobDocument,
    JobOutput,
    LedgerEntry,
    Operation,
    UsageRollup,
)
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading import labels, pages, search
from aijobs.reading.collections import Progress
from aijobs.reading.filters import IN_PROGRESS, JobFilter, filtered, of_the_time
from aijobs.reading.money import Money
from aijobs.reading.pages import NEWEST, Page, Position
from aijobs.reading.status import shown_status
from citizenapp.tenants.models import Tenant

# Of all jobs by status, and of those that a filter finds, so many are counted.
COUNT_LIMIT, MATCH_LIMIT = 10_000, 1_000
# So many new rows are counted.
MOST_NEW = 100
MOST_SHOWN = 50

_COUNTERS = """(
    SELECT json_object_agg(shown, jobs) FROM (
        SELECT CASE WHEN batch.status = ANY(%s) THEN 'processing' ELSE counter.status END AS shown,
               sum(counter.jobs) AS jobs
        FROM aijobs_statuscounter AS counter
        LEFT JOIN aijobs_batch AS batch ON batch.id = counter.batch_id
        WHERE counter.collection_id = aijobs_collection.id GROUP BY 1
    ) AS counted
)"""

# Jobs with a status are few, or counted up to a limit. The others are completed: all jobs less
# those. All are counted far enough to tell whether more than the limit are completed. Each count
# reads an index alone; what is being erased is in it until it is gone, and is taken off.
_FEW = """(
    SELECT count(*) FROM (
        SELECT FROM aijobs_aijob WHERE tenant_id = %(tenant)s AND indexed_status = '{status}'
        LIMIT %(most)s + erasing.{status}
    ) AS jobs
) - erasing.{status} AS {name}"""
_ERASING = """(
    SELECT count(*) FROM aijobs_aijob
    WHERE tenant_id = %(tenant)s AND indexed_status = '{status}' AND erasing_since IS NOT NULL
) AS {status}"""
_COUNTED = {
    "queued": "queued", "processing": "direct", "failed": "failed", "canceled": "canceled",
}  # fmt: skip
_COUNTS = """
SELECT few.*, month.*, (
    SELECT count(*) FROM (
        SELECT FROM aijobs_jobinput WHERE tenant_id = %(tenant)s ORDER BY job_id DESC
        LIMIT few.queued + few.direct + few.submitted + few.failed + few.canceled + few.erasing
              + %(most)s
    ) AS listed
) - few.erasing AS listed
FROM (SELECT {few},
    (SELECT count(*) FROM (
        SELECT FROM aijobs_aijob WHERE tenant_id = %(tenant)s AND status = 'submitted'
        AND erasing_since IS NULL AND batch_id = ANY(ARRAY(
            SELECT id FROM aijobs_batch WHERE status <> ALL(%(final)s)))
        LIMIT %(most)s) AS jobs) AS submitted,
    (SELECT COALESCE(sum(total - done), 0)::bigint FROM aijobs_operation
     WHERE tenant_id = %(tenant)s AND status = 'running' AND kind = %(erase)s
     AND (job_id IS NOT NULL OR collection_id IS NOT NULL)) AS erasing
    FROM (SELECT {erasing}) AS erasing
) AS few CROSS JOIN (
    SELECT COALESCE(sum(cost_usd), 0) AS cost, COALESCE(sum(sync_cost_usd), 0) AS full_price,
           COALESCE(sum(saved_usd), 0) AS saved, COALESCE(sum(answers), 0)::bigint AS answers
    FROM aijobs_usagerollup WHERE tenant_id = %(tenant)s AND hour >= %(since)s
) AS month
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A job or a collection. Of a job: `status` is the shown one, `error` why it failed.

    `money` is None until there is a charge; `result` until there is an answer. Where a person has
    corrected that, `result` is what counts.
    """

    id: UUID
    created_at: datetime
    job: AIJob | None = None
    status: str = ""
    label: str = ""
    money: Money | None = None
    error: str = ""
    result: Mapping[str, Any] | None = None
    is_corrected: bool = False
    collection: Collection | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs a tenant has, by what people call their status. Above COUNT_LIMIT: more."""

    queued: int
    in_progress: int
    completed: int
    failed: int
    canceled: int

    @property
    def all(self) -> int:
        return sum((self.queued, self.in_progress, self.completed, self.failed, self.canceled))


@dataclass(frozen=True, slots=True)
class Overview:
    """How many jobs a tenant has, and what it spent and saved this month."""

    counts: Counts
    month: Money


@dataclass
class JobList:
    """The list of a tenant that a filter leaves; what narrows it is looked up once.

    Collections stand as a row each where nothing but a time narrows the list. Jobs are told one by
    one where they are asked for: by a filter, or `apart`.
    """

    tenant: Tenant
    only: JobFilter
    apart: bool = False

    @property
    def is_grouped(self) -> bool:
        return not self.apart and self.only.is_about_time_only

    @cached_property
    def jobs(self) -> AIJobQuerySet:
        return filtered(self.tenant, self.only)

    @property
    def singles(self) -> AIJobQuerySet:
        """Those in no collection, to be walked in the order of the index `job_single`.

        Before a large collection PostgreSQL would rather walk the primary key, past all of its
        jobs. So it is asked for a range: of an equal column, the order would be nothing to it.
        """
        jobs = AIJob.objects.filter(tenant__gte=self.tenant, tenant__lte=self.tenant)
        return of_the_time(jobs.filter(erasing_since=None, collection=None), self.only)

    def page(self, at: Position = NEWEST, *, size: int, costs: bool = False) -> Page[Row]:
        """From the newest to the oldest. A query, and one more where collections are rows.

        With `costs`, what collections cost is known as well.
        """
        jobs = _with_all_that_is_shown(self.tenant, self.singles if self.is_grouped else self.jobs)
        if not self.is_grouped:
            found = pages.page(jobs, at, size, keys=pages.OF_JOBS)
            return found.of([_row(job) for job in found.rows])
        singles = pages.page(jobs, at, size, within=["tenant_id"])
        grouped = pages.page(_collections(self.tenant, self.only, costs=costs), at, size)
        return _merged(singles.of([*map(_row, singles.rows)]), grouped, at, size)

    def newer(self, than: UUID) -> int:
        """How many rows there are before this one now, as far as MOST_NEW."""
        if not self.is_grouped:
            return _counted(self.jobs.filter(pages.beyond(than, "gt")), MOST_NEW)
        collections = Collection.objects.of(self.tenant).filter(pk__gt=than)
        singles = self.singles.filter(pk__gt=than)
        return _counted(singles, MOST_NEW) + _counted(collections, MOST_NEW)

    def count(self) -> int | None:
        """How many jobs there are in it; MATCH_LIMIT + 1 where there are more.

        None where counting would take longer than a page has: of costs, and of words and more.
        """
        if self.only.text:
            is_quick = self.only.is_about_text_only
            return search.count(self.tenant, self.only.text, MATCH_LIMIT + 1) if is_quick else None
        if self.only.cost_from is not None or self.only.cost_to is not None:
            return None
        # In the order of the list, so that PostgreSQL walks it as for the page.
        return self.jobs.order_by("-pk").values("pk")[: MATCH_LIMIT + 1].count()


def rows(tenant: Tenant, ids: Sequence[UUID], *, costs: bool = False) -> list[Row]:
    """Jobs and collections with these ids, in this order, whatever they are at now. Two queries."""
    jobs = _with_all_that_is_shown(tenant, AIJob.objects.of(tenant).filter(pk__in=ids))
    found = {job.pk: _row(job) for job in jobs}
    if missing := [one for one in ids if one not in found]:
        every = _collections(tenant, JobFilter(), costs=costs).filter(pk__in=missing)
        found |= {one.pk: _row_of_collection(one) for one in every}
    return [found[one] for one in ids if one in found]


def overview(tenant: Tenant, *, now: datetime) -> Overview:
    """All jobs of a tenant by status, and the money of the month in UTC. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTS.format(
                few=", ".join(_FEW.format(status=one, name=_COUNTED[one]) for one in _COUNTED),
                erasing=", ".join(_ERASING.format(status=one) for one in _COUNTED),
            ),
            {
                "tenant": tenant.pk,
                "most": COUNT_LIMIT + 1,
                "final": [str(one) for one in Batch.FINAL],
                "erase": Operation.Kind.ERASE,
                "since": now.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
            },
        )
        found = cursor.fetchone()
    queued, direct, failed, canceled, submitted, _, cost, full, saved, answers, listed = found
    in_progress = direct + submitted
    rest = listed - queued - in_progress - failed - canceled
    return Overview(
        Counts(queued, in_progress, max(0, rest), failed, canceled),
        Money(cost=cost, full=full, saved=saved, answers=answers),
    )


def _counted(some: "QuerySet[Any]", most: int) -> int:
    return some.order_by().values("pk")[:most].count()


def _collections(tenant: Tenant, only: JobFilter, *, costs: bool = False) -> "QuerySet[Collection]":
    found = Collection.objects.of(tenant)
    if costs:
        hours = UsageRollup.objects.filter(tenant=tenant, collection_id=OuterRef("pk"))
        found = found.annotate(sums=Subquery(_sums(hours.values("collection_id"))))
    if after := only.created_after:
        found = found.filter(pk__gte=pages.first_id_of(after), created_at__gte=after)
    if before := only.created_before:
        found = found.filter(pk__lt=pages.first_id_after(before), created_at__lt=before)
    there = [str(one) for one in (*Batch.REMOTE, Batch.Status.ENDED)]
    return found.annotate(counted=RawSQL(_COUNTERS, [there]))  # noqa: S611 - our own words


def _merged(jobs: Page[Row], grouped: Page[Collection], at: Position, size: int) -> Page[Row]:
    """The nearest rows of both, and whether more follow on either side."""
    ordered = sorted(
        [*jobs.rows, *map(_row_of_collection, grouped.rows)], key=lambda row: row.id, reverse=True
    )
    shown = ordered[-size:] if at.after else ordered[:size]
    is_cut = len(ordered) > size
    has_older = at.after is not None or is_cut or bool(jobs.older or grouped.older)
    has_newer = at.before is not None or (
        at.after is not None and (is_cut or bool(jobs.newer or grouped.newer))
    )
    return Page(
        shown,
        older=shown[-1].id if shown and has_older else None,
        newer=shown[0].id if shown and has_newer else None,
    )


def _with_all_that_is_shown(tenant: Tenant, jobs: AIJobQuerySet) -> AIJobQuerySet:
    """All that a row needs, in the query of the rows: of their documents only the beginnings."""
    first = JobDocument.objects.filter(job=OuterRef("pk"), number=1)
    last = JobAttempt.objects.filter(job=OuterRef("pk")).order_by("-number")
    charges = LedgerEntry.objects.filter(tenant=tenant, job_id=OuterRef("pk")).values("job_id")
    return (
        jobs.with_shown_status()
        .select_related("input", "collection")
        .defer("input__options", "input__metadata", "input__fingerprint", "collection__columns")
        .annotate(
            opening=Subquery(
                first.values(raw=Left(Cast("text", TextField()), labels.OPENING_JSON))
            ),
            file=Subquery(first.values("name")),
            reason=Subquery(last.values("error_type")[:1]),
            sums=Subquery(_sums(charges)),
            answer=Subquery(JobOutput.objects.filter(pk=OuterRef("pk")).values("result")),
            corrected=Correction.objects.counting("pk"),
        )
    )


def _sums(charges: "QuerySet[Any, Any]") -> "QuerySet[Any, Any]":
    """The sums of each group of charges as JSON, in which amounts are texts: to the last place."""
    sums: QuerySet[Any, Any] = charges.annotate(
        sums=JSONObject(
            cost=Cast(Sum("cost_usd"), TextField()),
            full=Cast(Sum("sync_cost_usd"), TextField()),
            saved=Cast(Sum("saved_usd"), TextField()),
        )
    ).values("sums")
    return sums


def _money(sums: Mapping[str, str] | None) -> Money | None:
    if not sums:
        return None
    cost, full, saved = (Decimal(sums[name]) for name in ("cost", "full", "saved"))
    return Money(cost, full, saved)


def _row(job: AIJob) -> Row:
    found = cast(Any, job)
    name = job.input.reference or job.input.source_name or found.file or ""
    is_done = job.status == AIJob.Status.COMPLETED
    return Row(
        job.pk,
        job.created_at,
        job=job,
        status=shown_status(job),
        label=labels.label(job.pk, name, labels.opening(found.opening or '""')),
        money=_money(found.sums),
        error=found.reason if job.status == AIJob.Status.FAILED else "",
        result=found.corrected or found.answer if is_done else None,
        is_corrected=is_done and found.corrected is not None,
    )


def _row_of_collection(collection: Collection) -> Row:
    counted: Mapping[str, int] = cast(Any, collection).counted or {}
    progress = Progress({status: counted.get(status, 0) for status in AIJob.Status.values})
    return Row(
        collection.pk,
        collection.created_at,
        collection=collection,
        progress=progress,
        money=_money(getattr(collection, "sums", None)),
    )


def tab_of(status: str | None) -> str:
    """Under which tab jobs with this status stand: those that are on their way share one."""
    under_way = {AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING, IN_PROGRESS}
    return IN_PROGRESS if status in under_way else status or ""
