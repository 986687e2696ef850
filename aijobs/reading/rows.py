"""A collection as its sender knows it: rows in the order of the table, each with its result."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import (
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    Value,
)
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan
from django.db.models.functions import Cast, Coalesce

from aijobs.jobtypes.analyze import NO_RISK, SEVERITIES
from aijobs.models import (
    AIJob,
    Collection,
    Correction,
    JobAttempt,
    JobDocument,
    JobOutput,
    dump_json,
)
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading import words
from aijobs.reading.collections import UNDERWAY
from aijobs.reading.labels import first_words, label, opening
from aijobs.reading.pages import NEWEST, Page, Position
from aijobs.reading.status import shown_status
from citizenapp.tenants.models import Tenant

# In larger collections a search reads references alone: documents are read one after the other.
MOST_SEARCHED = 10_000
# One bar for each category; a collection whose rows name their own may have thousands.
MOST_CATEGORIES = 30
# Of an analysis: its highest risk. `none` where there is an answer without one.
RISKS = (*SEVERITIES, NO_RISK)
Risk = Literal["high", "medium", "low", "none"]


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows to list; `status` is a shown one, `reason` the error type of a failed row.

    `status` may also be UNDERWAY: whatever has left the queue and not ended. `risk` is the highest
    one of an analysis.
    """

    status: str | None = None
    category: str | None = None
    reason: str | None = None
    search: str | None = None
    risk: str | None = None

    @property
    def is_empty(self) -> bool:
        return self == RowFilter()


EVERY_ROW = RowFilter()

# Where a page begins: the key of the row before it, as part of the query of the page.
Before = Combinable | None
_NOWHERE = Value(UUID(int=0), output_field=UUIDField())

# The key at a position. Where nothing of the collection is being erased, an index alone tells; the
# arm that is not meant is not even begun. Beyond the last row there is none.
_ANY_ERASING = """(SELECT EXISTS (
    SELECT FROM aijobs_aijob
    WHERE tenant_id = %(tenant)s AND collection_id = %(collection)s AND erasing_since IS NOT NULL
))"""
_KEY = f"""(
    SELECT id FROM (
        (SELECT id FROM aijobs_aijob
         WHERE collection_id >= %(collection)s AND collection_id <= %(collection)s
           AND NOT {_ANY_ERASING}
         ORDER BY collection_id, id LIMIT 1 OFFSET {{position}})
        UNION ALL
        (SELECT id FROM aijobs_aijob
         WHERE collection_id >= %(collection)s AND collection_id <= %(collection)s
           AND erasing_since IS NULL AND {_ANY_ERASING}
         ORDER BY collection_id, id LIMIT 1 OFFSET {{position}})
    ) AS key
    WHERE EXISTS (
        SELECT FROM aijobs_collection WHERE id = %(collection)s AND tenant_id = %(tenant)s
    )
)"""  # noqa: S608 - our own words
# Whether what stands there is before the number: beyond the last row nothing is.
_IS_BEFORE = f"""coalesce((
    SELECT coalesce(row_number, {{position}} + 1) < %(number)s FROM aijobs_jobinput
    WHERE tenant_id = %(tenant)s AND job_id = {_KEY}
), FALSE)"""  # noqa: S608 - our own words
# The halves of a range of positions, each of them looked into. Where rows were erased, the number
# stands before the range that is looked into first.
_BEFORE_ROW = f"""
WITH RECURSIVE half (low, high) AS (
    SELECT CASE WHEN is_further_on THEN low ELSE 0 END,
           CASE WHEN is_further_on THEN high ELSE low - 1 END
    FROM (SELECT %(low)s::int AS low, %(high)s::int AS high) AS range CROSS JOIN LATERAL (
        SELECT low = 0 OR {_IS_BEFORE.format(position="greatest(low - 1, 0)")} AS is_further_on
    ) AS looked
    UNION ALL
    SELECT CASE WHEN is_before THEN middle + 1 ELSE low END,
           CASE WHEN is_before THEN high ELSE middle END
    FROM half CROSS JOIN LATERAL (SELECT (low + high) / 2 AS middle) AS between_them
    CROSS JOIN LATERAL (SELECT {_IS_BEFORE.format(position="middle")} AS is_before) AS looked
    WHERE low < high
)
SELECT CASE WHEN low > 0 THEN {_KEY.format(position="greatest(low - 1, 0)")} END
FROM half WHERE low >= high
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Row:
    """A job of a collection. `result` is None until it completed, `error` unless it failed.

    Where a person has corrected the result, `result` is what counts.
    """

    number: int | None
    job: AIJob
    status: str
    label: str
    result: Mapping[str, Any] | None
    is_corrected: bool
    error: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A category, or a reason, and how many rows have it; `share` in percent of the largest."""

    name: str
    rows: int
    share: float


def page(
    tenant: Tenant,
    collection: Collection,
    only: RowFilter,
    at: Position = NEWEST,
    *,
    size: int,
    start: Before = None,
) -> Page[Row]:
    """Rows in ascending order: `newer` leads back, `older` leads on. One query.

    Ids ascend with the rows, so a page is a range of the index `job_of_collection`. `start`: where
    it begins that has no position, as `before_page` and `before_row` say it.
    """
    jobs = filtered(tenant, collection, only).with_shown_status()
    jobs = jobs.select_related("output", "input").defer("input__options")
    last = JobAttempt.objects.filter(job=OuterRef("pk")).order_by("-number")
    jobs = jobs.annotate(
        opening=first_words("pk"),
        error=Subquery(last.values("error_type")[:1]),
        corrected=Correction.objects.counting("pk"),
    )
    place = F("collection"), F("pk")
    if at.before is not None:
        earlier = jobs.filter(TupleLessThan(place, (collection.pk, at.before)))
        found = list(earlier.order_by("-collection_id", "-pk")[: size + 1])
        shown = found[:size][::-1]
        leads_back, leads_on = len(found) > size, True
    else:
        later = jobs
        if at.after is not None:
            later = jobs.filter(TupleGreaterThan(place, (collection.pk, at.after)))
        elif start is not None:
            first = Coalesce(start, _NOWHERE)
            later = jobs.annotate(start=start)
            later = later.filter(TupleGreaterThan(place, (collection.pk, first)))
        found = list(later.order_by("collection_id", "pk")[: size + 1])
        shown = found[:size]
        has_start = any(getattr(job, "start", None) for job in shown[:1])
        leads_back, leads_on = at.after is not None or has_start, len(found) > size
    rows = [
        Row(
            job.input.row_number,
            job,
            shown_status(job),
            label(
                job.pk,
                job.input.reference or job.input.source_name,
                opening(getattr(job, "opening", None) or ""),
            ),
            *_result(job),
            getattr(job, "error", "") or "" if job.status == AIJob.Status.FAILED else "",
        )
        for job in shown
    ]
    return Page(
        rows,
        older=shown[-1].pk if shown and leads_on else None,
        newer=shown[0].pk if shown and leads_back else None,
    )


def before_page(tenant: Tenant, collection: Collection, number: int, *, size: int) -> Before:
    """Before the page of this number, counted from 1: after the last row of the one before it.

    Walks the keys in the index alone, without a row.
    """
    if number <= 1:
        return None
    last = {"position": (number - 1) * size - 1}
    return _key(tenant, collection, _KEY.format(position="%(position)s"), last)


def before_row(tenant: Tenant, collection: Collection, number: int) -> Before:
    """Before the row that has this number, or the next higher one there is.

    Numbers ascend, with gaps where rows were left out: found by halving.
    """
    # A row stands no later than its number says, and earlier only by what was left out before it.
    high = max(0, min(collection.total, number - 1))
    if not high:
        return None
    low = max(0, high - collection.rejected - 1)
    return _key(tenant, collection, _BEFORE_ROW, {"low": low, "high": high, "number": number})


def _key(
    tenant: Tenant, collection: Collection, statement: str, told: Mapping[str, int]
) -> Combinable:
    """What a statement with named parameters finds, as part of another one."""
    told_all = {"tenant": tenant.pk, "collection": collection.pk, **told}
    names = re.findall(r"%\((\w+)\)s", statement)
    sql = re.sub(r"%\(\w+\)s", "%s", statement)
    return RawSQL(sql, [told_all[name] for name in names], UUIDField())  # noqa: S611 - our own words


def categories(tenant: Tenant, collection: Collection) -> list[Bar]:
    """How many rows of a classified collection have which category, the largest first."""
    return _bars(words.counted(tenant, collection, MOST_CATEGORIES).answers)


def risks(tenant: Tenant, collection: Collection) -> list[Bar]:
    """How many rows of an analyzed collection have which highest risk, the highest first."""
    return _by_severity(words.counted(tenant, collection, len(RISKS)).answers)


def reasons(tenant: Tenant, collection: Collection) -> list[Bar]:
    """How many rows failed for which error type, the most frequent first."""
    return _bars(words.counted(tenant, collection, 0).reasons)


def charts(tenant: Tenant, collection: Collection) -> tuple[list[Bar], list[Bar]]:
    """What is counted of the answers, if anything, and the reasons of failures. One query."""
    most, bars = _COUNTED.get(collection.job_type, (0, _bars))
    found = words.counted(tenant, collection, most)
    return bars(found.answers), _bars(found.reasons)


def _bars(counted: Sequence[tuple[str, int]]) -> list[Bar]:
    most = max((rows for _, rows in counted), default=1)
    return [Bar(name, rows, round(100 * rows / most, 2)) for name, rows in counted]


def _by_severity(counted: Sequence[tuple[str, int]]) -> list[Bar]:
    return _bars(sorted(counted, key=lambda one: RISKS.index(one[0])))


# Of which job types answers are counted: bars at most, and how they are shown.
_COUNTED = {"classify": (MOST_CATEGORIES, _bars), "analyze": (len(RISKS), _by_severity)}


def filtered(tenant: Tenant, collection: Collection, only: RowFilter) -> AIJobQuerySet:
    """Its jobs that a filter lets through, in no order."""
    jobs = _jobs(tenant, collection)
    if only.status == UNDERWAY:
        jobs = jobs.on_their_way()
    elif only.status:
        jobs = jobs.shown_as(only.status)
    if only.risk is not None:
        kind = jobs.filter(job_type="analyze")
        jobs = words.answered(tenant, collection, only.risk, kind)
    if only.category is not None:
        kind = jobs.filter(job_type="classify")
        jobs = words.answered(tenant, collection, only.category, kind)
    if only.reason is not None:
        failed = _last_attempts(tenant, collection).filter(error_type=only.reason)
        jobs = jobs.filter(pk__in=failed.values("job"))
    if only.search:
        named = Q(input__reference__icontains=only.search)
        if collection.total <= MOST_SEARCHED:
            escaped = dump_json(only.search)[1:-1]
            texts = JobDocument.objects.annotate(raw=Cast("text", TextField()))
            named |= Q(Exists(texts.filter(job=OuterRef("pk"), raw__icontains=escaped)))
        jobs = jobs.filter(named)
    return jobs


def _jobs(tenant: Tenant, collection: Collection) -> AIJobQuerySet:
    """Its jobs, to be walked in the order of (collection, id).

    Of one that holds a good part of all jobs PostgreSQL would rather walk the primary key, past
    millions of others' rows. So it is asked for a range: of an equal column, the order would be
    nothing to it.
    """
    return AIJob.objects.of(tenant).filter(collection__gte=collection, collection__lte=collection)


def _last_attempts(tenant: Tenant, collection: Collection) -> "QuerySet[JobAttempt]":
    return JobAttempt.objects.filter(
        job__tenant=tenant,
        job__erasing_since=None,
        job__collection=collection,
        job__indexed_status=AIJob.Status.FAILED,
        number=F("job__attempts"),
    )


def _result(job: AIJob) -> tuple[Mapping[str, Any] | None, bool]:
    """What counts as its result, and whether that is a correction."""
    output: JobOutput | None = getattr(job, "output", None)
    if output is None or job.status != AIJob.Status.COMPLETED:
        return None, False
    corrected: Mapping[str, Any] | None = vars(job)["corrected"]
    return (output.result if corrected is None else corrected), corrected is not None
