"""A collection as its sender knows it: rows in the order of the table, each with its result."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan
from django.db.models.functions import Cast

from aijobs.models import AIJob, Collection, JobAttempt, JobDocument, JobInput, JobOutput, dump_json
from aijobs.models.jobs import AIJobQuerySet
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
RISKS = ("high", "medium", "low", "none")
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


@dataclass(frozen=True, slots=True)
class Row:
    """A job of a collection. `result` is None until it completed, `error` unless it failed."""

    number: int | None
    job: AIJob
    status: str
    label: str
    result: Mapping[str, Any] | None
    error: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A category, or a reason, and how many rows have it; `share` in percent of the largest."""

    name: str
    rows: int
    share: float


def page(
    tenant: Tenant, collection: Collection, only: RowFilter, at: Position = NEWEST, *, size: int
) -> Page[Row]:
    """Rows in ascending order: `newer` leads back, `older` leads on. Two queries at most.

    Ids ascend with the rows, so a page is a range of the index `job_of_collection`.
    """
    jobs = filtered(tenant, collection, only).with_shown_status()
    jobs = jobs.select_related("output", "input").defer("input__options")
    last = JobAttempt.objects.filter(job=OuterRef("pk")).order_by("-number")
    jobs = jobs.annotate(opening=first_words("pk"), error=Subquery(last.values("error_type")[:1]))
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
        found = list(later.order_by("collection_id", "pk")[: size + 1])
        shown = found[:size]
        leads_back, leads_on = at.after is not None, len(found) > size
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
            _result(job),
            getattr(job, "error", "") or "" if job.status == AIJob.Status.FAILED else "",
        )
        for job in shown
    ]
    return Page(
        rows,
        older=shown[-1].pk if shown and leads_on else None,
        newer=shown[0].pk if shown and leads_back else None,
    )


def before_page(tenant: Tenant, collection: Collection, number: int, *, size: int) -> Position:
    """Where the page of this number begins, counted from 1: after the last row before it.

    Walks the keys in the index alone, without a row.
    """
    if number <= 1:
        return NEWEST
    return Position(after=_key_at(tenant, collection, (number - 1) * size - 1))


def before_row(tenant: Tenant, collection: Collection, number: int) -> Position:
    """Where a page begins whose first row has this number, or the next higher one there is.

    Numbers ascend, with gaps where rows were left out: found by halving, in a few short queries.
    """

    def is_before(position: int) -> bool:
        return _number_at(tenant, collection, position) < number

    # A row stands no later than its number says, and earlier only by what was left out before it.
    high = max(0, min(collection.total, number - 1))
    low = max(0, high - collection.rejected - 1)
    if low and not is_before(low - 1):
        low, high = 0, low - 1
    while low < high:
        middle = (low + high) // 2
        if is_before(middle):
            low = middle + 1
        else:
            high = middle
    return Position(after=_key_at(tenant, collection, low - 1)) if low else NEWEST


def categories(tenant: Tenant, collection: Collection) -> list[Bar]:
    """How many rows of a classified collection have which category, the largest first."""
    return _category_bars(_categories(tenant, collection).values_list("raw", "rows"))


def risks(tenant: Tenant, collection: Collection) -> list[Bar]:
    """How many rows of an analyzed collection have which highest risk, the highest first."""
    return _risk_bars(_risks(tenant, collection).values_list("raw", "rows"))


def reasons(tenant: Tenant, collection: Collection) -> list[Bar]:
    """How many rows failed for which error type, the most frequent first."""
    found = _reasons(tenant, collection).order_by("-rows", "raw")
    return _bars(list(found.values_list("raw", "rows")))


def charts(tenant: Tenant, collection: Collection) -> tuple[list[Bar], list[Bar]]:
    """What is counted of the answers, if anything, and the reasons of failures. One query."""
    counted: dict[str, list[tuple[str, int]]] = {"answer": [], "reason": []}
    queries = {"reason": _reasons(tenant, collection)}
    if collection.job_type in _COUNTED:
        queries["answer"] = _COUNTED[collection.job_type][0](tenant, collection)
    marked = [
        query.annotate(of=Value(name)).values_list("of", "raw", "rows")
        for name, query in queries.items()
    ]
    for of, raw, rows in marked[0].union(*marked[1:], all=True):
        counted[of].append((raw, rows))
    # Of a union, PostgreSQL promises no order.
    for found in counted.values():
        found.sort(key=lambda one: (-one[1], one[0]))
    answers = []
    if collection.job_type in _COUNTED:
        answers = _COUNTED[collection.job_type][1](counted["answer"])
    return answers, _bars(counted["reason"])


def _categories(tenant: Tenant, collection: Collection) -> "QuerySet[Any]":
    found: QuerySet[Any] = _answers(tenant, collection).values("raw").annotate(rows=Count("pk"))
    few: QuerySet[Any] = found.order_by("-rows", "raw")[:MOST_CATEGORIES]
    return few


def _risks(tenant: Tenant, collection: Collection) -> "QuerySet[Any]":
    highest = Case(
        *(When(has_risk("text", risk), then=Value(risk)) for risk in RISKS[:-1]),
        default=Value(RISKS[-1]),
    )
    answers = _answers(tenant, collection, name="text").annotate(raw=highest)
    found: QuerySet[Any] = answers.values("raw").annotate(rows=Count("pk")).order_by()
    return found


def _reasons(tenant: Tenant, collection: Collection) -> "QuerySet[Any]":
    last: QuerySet[Any] = _last_attempts(tenant, collection).annotate(raw=F("error_type"))
    found: QuerySet[Any] = last.values("raw").annotate(rows=Count("pk")).order_by()
    return found


def _category_bars(found: Iterable[tuple[str, int]]) -> list[Bar]:
    return _bars([(str(json.loads(raw).get("category", "")), rows) for raw, rows in found])


def _risk_bars(found: Iterable[tuple[str, int]]) -> list[Bar]:
    counted = dict(found)
    return _bars([(risk, counted[risk]) for risk in RISKS if risk in counted])


# What is counted of the answers of a job type, and how that is shown.
_COUNTED = {"classify": (_categories, _category_bars), "analyze": (_risks, _risk_bars)}


def has_risk(raw: str, severity: str) -> Q:
    """Whether the text of a result, under this name, has a risk so severe.

    As it is stored: within a string, its quotes would be escaped.
    """
    return Q(**{f"{raw}__contains": dump_json({"severity": severity})[1:-1]})


def answered(category: str | None, risk: str | None) -> Q:
    """Of the jobs of a collection those with an answer of this category, or this highest risk."""
    if category is None and risk is None:
        return Q()
    answers = JobOutput.objects.annotate(raw=Cast("result", TextField()))
    answers = answers.filter(job=OuterRef("pk"))
    if risk is not None:
        for worse in RISKS[: RISKS.index(risk)]:
            answers = answers.exclude(has_risk("raw", worse))
        if risk != RISKS[-1]:
            answers = answers.filter(has_risk("raw", risk))
    if category is not None:
        # The text of a result, as it is stored: JSON is not searched inside.
        answers = answers.filter(raw=dump_json({"category": category}))
    return Q(Exists(answers))


def _bars(counted: Sequence[tuple[str, int]]) -> list[Bar]:
    most = max((rows for _, rows in counted), default=1)
    return [Bar(name, rows, round(100 * rows / most, 2)) for name, rows in counted]


def filtered(tenant: Tenant, collection: Collection, only: RowFilter) -> AIJobQuerySet:
    """Its jobs that a filter lets through, in no order."""
    jobs = _jobs(tenant, collection)
    if only.status == UNDERWAY:
        jobs = jobs.on_their_way()
    elif only.status:
        jobs = jobs.shown_as(only.status)
    if only.risk is not None:
        jobs = jobs.annotate(raw_result=Cast("output__result", TextField())).filter(
            status=AIJob.Status.COMPLETED
        )
        for risk in RISKS[: RISKS.index(only.risk)]:
            jobs = jobs.exclude(has_risk("raw_result", risk))
        if only.risk != RISKS[-1]:
            jobs = jobs.filter(has_risk("raw_result", only.risk))
    if only.category is not None:
        # The text of a result, as it is stored: JSON is not searched inside.
        jobs = jobs.annotate(raw_result=Cast("output__result", TextField())).filter(
            status=AIJob.Status.COMPLETED, raw_result=dump_json({"category": only.category})
        )
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


def _key_at(tenant: Tenant, collection: Collection, position: int) -> UUID | None:
    keys = _jobs(tenant, collection).order_by("collection_id", "pk")
    return keys.values_list("pk", flat=True)[position : position + 1].first()


def _number_at(tenant: Tenant, collection: Collection, position: int) -> float:
    """The row number at this position; beyond the last row higher than any."""
    key = _key_at(tenant, collection, position)
    if key is None:
        return math.inf
    found = JobInput.objects.filter(tenant=tenant, pk=key).values_list("row_number", flat=True)
    return found.first() or position + 1


def _answers(tenant: Tenant, collection: Collection, name: str = "raw") -> "QuerySet[Any]":
    """The results of its completed jobs, with their texts under this name."""
    return JobOutput.objects.filter(
        job__tenant=tenant,
        job__erasing_since=None,
        job__collection=collection,
        job__status=AIJob.Status.COMPLETED,
    ).annotate(**{name: Cast("result", TextField())})


def _last_attempts(tenant: Tenant, collection: Collection) -> "QuerySet[JobAttempt]":
    return JobAttempt.objects.filter(
        job__tenant=tenant,
        job__erasing_since=None,
        job__collection=collection,
        job__indexed_status=AIJob.Status.FAILED,
        number=F("job__attempts"),
    )


def _result(job: AIJob) -> Mapping[str, Any] | None:
    output: JobOutput | None = getattr(job, "output", None)
    return output.result if output and job.status == AIJob.Status.COMPLETED else None
