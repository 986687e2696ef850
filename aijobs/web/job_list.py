"""The list of jobs: one page of it, what it is narrowed to, and when its jobs should be done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from aijobs import jobtypes
from aijobs.models import AIJob
from aijobs.reading import expectations, home, job_list, jobs, money
from aijobs.reading.choices import Choices, choices
from aijobs.reading.filters import IN_PROGRESS, JobFilter
from aijobs.reading.forecast import Expected
from aijobs.reading.job_list import COUNT_LIMIT, MATCH_LIMIT, Counts, JobList, Row
from aijobs.reading.next_batch import next_batch
from aijobs.reading.pages import NEWEST, Page
from aijobs.web import list_parameters, parameters
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.home import home_of
from aijobs.web.parameters import asks
from aijobs.web.reasons import why
from aijobs.web.short import Short, in_short
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant

PAGE_SIZE = 25
TABS = {
    "": "All",
    "queued": "Waiting",
    IN_PROGRESS: "In progress",
    "completed": "Done",
    "failed": "Failed",
    "canceled": "Canceled",
}
PAGING = ("before", "after")
# What the list without a filter is called by the pages that one reaches from it.
AS_IT_IS = "collections=rows"


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to the jobs of a status; `count` is None where nobody counted."""

    title: str
    query: str
    is_current: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows the list, and the address of the list without it."""

    title: str
    value: str
    query: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is written: the answer in a line, or why there is none, and when it comes."""

    row: Row
    short: Short | None
    failure: str
    expected: Expected | None = None

    @property
    def money(self) -> money.Money | None:
        """For the filter that gives a column one unit."""
        return self.row.money


@require_safe
@for_members
@asks(list_parameters.Jobs)
def dashboard(request: MemberRequest, asked: list_parameters.Jobs) -> HttpResponseBase:
    """The tenant's jobs, newest first.

    A page that is open asks again with X-Live, and gets what may have changed and nothing else;
    with X-Live-Rows the rows that it shows, as they are now, and how many new ones there are.
    """
    tenant = request.access.tenant
    only, costs = asked.only(tenant), asked.view == "cost"
    listed = JobList(tenant, only, asked.is_apart)
    is_live, shown = "X-Live" in request.headers, _ids(request.headers.get("X-Live-Rows", ""))
    new = moved = 0
    if shown:
        page = Page(job_list.rows(tenant, shown, costs=costs), *_ends(asked, shown))
        new = listed.newer(shown[0]) if asked.position == NEWEST else 0
        moved = len(shown) - len(page.rows) + sum(_has_left(row, asked) for row in page.rows)
    else:
        page = listed.page(asked.position, size=PAGE_SIZE, costs=costs)
    offered = Choices() if is_live else choices(tenant, request.user, asked.collection)
    if asked.collection and not is_live and not offered.chosen:
        raise Http404
    overview = None
    if replace(only, status=None) == JobFilter():
        overview = job_list.overview(tenant, now=timezone.now())
    counts = overview.counts if overview else None
    at_top = asked.position == NEWEST and not shown
    now = timezone.now()
    is_early = overview is not None and not overview.month.answers
    first_step = home.of_rows(page.rows) if at_top and only == JobFilter() else None
    coming = expectations.of_jobs(tenant, [] if costs else _unfinished(page.rows), now=now)
    response = render(
        request,
        "dashboard.html",
        {
            "frame": "live.html" if is_live else "base.html",
            "month": overview.month if overview else None,
            # Each is asked for only where it may be: most pages need neither.
            "home": home_of(request, now, first_step) if is_early else None,
            "next_batch": next_batch(tenant, now) if counts and counts.queued else None,
            "waiting": counts.queued if counts else 0,
            "count_limit": COUNT_LIMIT,
            "total_limit": COUNT_LIMIT if counts else MATCH_LIMIT,
            "most_new": job_list.MOST_NEW,
            "page": page,
            "lines": [_line(row, coming.jobs.get(row.id)) for row in page.rows],
            "unusual": coming.unusual,
            "now": now,
            "new": new,
            "moved": moved,
            "asked": asked,
            "list_query": urlencode({"list": asked.query() or AS_IT_IS}),
            "filters_query": asked.query(*PAGING),
            "today_query": _done_today(tenant),
            "tabs": list(_tabs(asked, counts)),
            "total": _total(counts, asked) if counts else _found(listed, page, at_top=at_top),
            "is_grouped": listed.is_grouped,
            "is_filtered": only != JobFilter(),
            "is_new": not page.rows and only == JobFilter() and not jobs.exist(tenant),
            "chips": [] if is_live else list(_chips(asked, offered)),
            "choices": offered,
            "kinds": jobtypes.all_types(),
        },
    )
    # No browser's cache may give the one for the other, as on “Back”.
    patch_vary_headers(response, ["X-Live", "X-Live-Rows"])
    if is_live:
        response["Cache-Control"] = "no-store"
    return response


@require_safe
@for_members
@asks(parameters.Several)
def expected(request: MemberRequest, asked: parameters.Several) -> HttpResponseBase:
    """When some jobs should be done, and what is unusual at the moment: a piece of the list.

    A list that lies open asks for it each minute, so that what it says of them stays true.
    """
    now = timezone.now()
    found = expectations.of_jobs(request.access.tenant, asked.job, now=now)
    return render(
        request,
        "parts/expectations.html",
        {"found": found.jobs, "unusual": found.unusual, "now": now},
    )


def _done_today(tenant: Tenant) -> str:
    """Jobs of today that are done, by the tenant's day."""
    today = timezone.now().astimezone(ZoneInfo(tenant.time_zone)).date()
    return f"status=completed&from={today}"


def _tabs(asked: list_parameters.Jobs, counts: Counts | None) -> Sequence[Tab]:
    rest = asked.query("status", *PAGING)
    current = job_list.tab_of(asked.status)
    return [
        Tab(
            title,
            "&".join(filter(None, (f"status={status}" if status else "", rest))),
            status == current,
            getattr(counts, status or "all") if counts else None,
        )
        for status, title in TABS.items()
    ]


def _total(counts: Counts, asked: list_parameters.Jobs) -> int:
    """Of the tab that is open. A link that tells submitted from processing is counted as both."""
    return int(getattr(counts, job_list.tab_of(asked.status) or "all"))


def _found(listed: JobList, page: Page[Row], *, at_top: bool) -> int | None:
    """How many jobs were found; what stands on one page needs no counting."""
    if at_top and not page.older and not listed.is_grouped:
        return len(page.rows)
    return listed.count()


def _chips(asked: list_parameters.Jobs, offered: Choices) -> list[Chip]:
    senders = {one.value: one.title for one in offered.senders}
    titles = {kind.name: kind.title for kind in jobtypes.all_types()}
    given: list[tuple[str, str, tuple[str, ...]]] = []
    if asked.q:
        given.append(("Search", asked.q, ("q",)))
    if asked.job_type:
        given.append(("Kind", titles.get(asked.job_type, asked.job_type), ("job_type",)))
    if asked.collection:
        chosen = offered.chosen.title if offered.chosen else ""
        given.append(("Collection", chosen, ("collection",)))
    if asked.by:
        given.append(("Queued by", senders.get(asked.by, asked.by), ("by",)))
    if asked.tag:
        given.append(("Tag", asked.tag, ("tag",)))
    if asked.since or asked.until:
        days = " to ".join(reader.full_day(day) for day in (asked.since, asked.until) if day)
        word = "Queued" if asked.since and asked.until else "From" if asked.since else "Until"
        given.append((word, days, ("from", "to")))
    if asked.cost_from is not None or asked.cost_to is not None:
        ends = [f"${one:f}" for one in (asked.cost_from, asked.cost_to) if one is not None]
        word = (
            "Cost" if len(ends) == 2 else "Cost from" if asked.cost_from is not None else "Cost to"
        )
        given.append((word, " to ".join(ends), ("cost_from", "cost_to")))
    return [Chip(title, value, asked.query(*names, *PAGING)) for title, value, names in given]


def _line(row: Row, expected: Expected | None) -> Line:
    short = in_short(row.job.job_type, row.result) if row.job else None
    return Line(row, short, why(row.error) if row.error else "", expected)


def _unfinished(rows: Sequence[Row]) -> list[UUID]:
    return [row.id for row in rows if row.job and row.status not in AIJob.FINAL]


def _has_left(row: Row, asked: list_parameters.Jobs) -> bool:
    """Whether a row that is shown belongs under another tab by now."""
    return bool(asked.status and job_list.tab_of(row.status) != job_list.tab_of(asked.status))


def _ids(header: str) -> list[UUID]:
    """Which rows a page shows; none where that is no list of ids."""
    try:
        found = [UUID(one) for one in header.split(",")] if header else []
    except ValueError:
        return []
    return found if len(found) <= job_list.MOST_SHOWN else []


def _ends(asked: list_parameters.Jobs, shown: Sequence[UUID]) -> tuple[UUID, UUID | None]:
    """What a page that is open goes on from: links that it has stay as they are."""
    return shown[-1], None if asked.position == NEWEST else shown[0]
