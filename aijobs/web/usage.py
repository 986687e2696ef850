"""What was spent and saved in a month or another time: by day, kind, route, model and sender."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from aijobs.reading import labels
from aijobs.reading.money import NOTHING, Money, hours
from aijobs.reading.tables import BYTE_ORDER_MARK, csv_lines, spending_header, spending_texts
from aijobs.reading.usage import (
    PRICED_BY,
    Asked,
    Period,
    Usage,
    dearest_first,
    report,
    sums_of,
    usage,
)
from aijobs.templatetags.show import job_title
from aijobs.web import parameters
from aijobs.web.budgets import budget_of
from aijobs.web.chart import Chart
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.parameters import asks
from aijobs.web.ranges import Range, neighbours, range_of, tabs, zone_of
from citizenapp.tenants import reader
from citizenapp.tenants.models import APIKey, Tenant

MOST_ROWS = 12
ROUTES = {"batch": "Batch, half price", "sync": "At once, full price"}
A_KEY = "key "
# What stands for a group without a name.
NOT_KEPT, GONE = "Not kept", "Deleted"
EMPTY = {"Collection": "In no collection"}
DOWNLOADED_BY = "day,job_type,route,model,created_by"


@dataclass(frozen=True, slots=True)
class Name:
    """A row of a table: what it is known by, and what people call it."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Section:
    """A table of what was spent, dearest first; many small rows at its end are one."""

    heading: str
    title: str
    rows: list[tuple[Name, Money]]


@dataclass(frozen=True, slots=True)
class KindChart:
    """The days of one kind of work, drawn to the same scale as those of the others."""

    title: str
    total: Money
    chart: Chart


@require_safe
@for_members
@asks(parameters.Spending)
def overview(request: MemberRequest, asked: parameters.Spending) -> HttpResponseBase:
    """What was spent in a time, beside full price and beside the time before."""
    tenant, now = request.access.tenant, timezone.now()
    shown = range_of(asked, now=now, zone=zone_of(tenant.time_zone))
    found = report(hours(tenant), shown.period, PRICED_BY)
    beside = sums_of(tenant, _beside(shown))
    until_now = shown.until_now and beside["until_now"].get("", NOTHING)
    earlier, later = neighbours(shown, now=now)
    return render(
        request,
        "usage.html",
        {
            "range": shown,
            "zone": tenant.time_zone,
            "tabs": tabs(shown, now=now),
            "earlier": earlier,
            "later": later,
            "total": found.total,
            "before": beside["before"].get("", NOTHING),
            "before_until_now": until_now,
            "chart": Chart(found.every_day),
            "kinds": _kinds(found),
            "days": [(Name(str(day), _day(day)), sums) for day, sums in found.rows("day")[::-1]],
            "sections": _sections(found, tenant, beside),
            "downloads": _downloads(shown.period),
            **budget_of(tenant, now),
        },
    )


@require_safe
@for_members
@asks(parameters.Spending)
def table(request: MemberRequest, asked: parameters.Spending) -> HttpResponse:
    """The same as CSV: a row for each day, kind, route, model and sender.

    Its days are those of the workspace's time zone, as on the page; the first column says which.
    """
    tenant = request.access.tenant
    shown = range_of(asked, now=timezone.now(), zone=zone_of(tenant.time_zone))
    names = DOWNLOADED_BY.split(",")
    found = usage(tenant, shown.period, names)
    header = [f"day ({tenant.time_zone})", *spending_header(names)[1:]]
    rows = (spending_texts(group, sums) for group, sums in found.groups(*names))
    name = f"usage-{shown.first_day}-to-{shown.last_day}.csv"
    return HttpResponse(
        BYTE_ORDER_MARK.encode() + csv_lines([header]) + csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _kinds(found: Usage) -> list[KindChart]:
    """A small chart for each kind, dearest first; none where there is only one."""
    totals = dearest_first(found.by("job_type"))
    if len(totals) < 2:
        return []
    cells = found.by("job_type", "day")
    highest = max((sums.full for sums in cells.values()), default=Decimal(0))
    days = found.period.days
    return [
        KindChart(
            job_title(kind),
            total,
            Chart(
                [(day, cells.get((kind, day), NOTHING)) for day in days],
                highest=highest,
                most_lines=2,
                most_dates=3,
            ),
        )
        for kind, total in totals
    ]


def _beside(shown: Range) -> dict[str, Asked]:
    """What else is asked of the sums: by whom and for what, and the time before."""
    asked = {
        "senders": Asked(shown.period, "created_by"),
        "collections": Asked(shown.period, "collection"),
        "before": Asked(shown.before),
    }
    return asked | ({"until_now": Asked(shown.until_now)} if shown.until_now else {})


def _sections(
    found: Usage, tenant: Tenant, beside: Mapping[str, Mapping[str, Money]]
) -> list[Section]:
    senders, collections = beside["senders"], beside["collections"]
    prefixes = [one.removeprefix(A_KEY) for one in senders if one.startswith(A_KEY)]
    keys = _names_of_keys(tenant, prefixes) if prefixes else {}

    def sender(name: str) -> str:
        key = name.removeprefix(A_KEY)
        return f"{keys[key]} (key {key})" if name.startswith(A_KEY) and key in keys else name

    named = [key for key, _ in _first(dearest_first(collections)) if key]
    names = labels.of_collections(tenant, named) if named else {}
    groups: list[tuple[str, str, Mapping[str, Money], Any]] = [
        ("Type", "By type", found.by("job_type"), job_title),
        ("Price", "By price", found.by("route"), lambda route: ROUTES.get(route, route)),
        ("Model", "By model", found.by("model"), str),
        ("Member or key", "By member or key", senders, sender),
        ("Collection", "By collection", collections, lambda key: names.get(key, GONE)),
    ]
    return [
        Section(
            heading, title, _shortened(dearest_first(rows), label, EMPTY.get(heading, NOT_KEPT))
        )
        for heading, title, rows, label in groups
    ]


def _names_of_keys(tenant: Tenant, prefixes: Sequence[str]) -> dict[str, str]:
    keys = APIKey.objects.filter(tenant=tenant, prefix__in=prefixes)
    return dict(keys.values_list("prefix", "name"))


def _first(rows: Sequence[tuple[str, Money]]) -> Sequence[tuple[str, Money]]:
    return rows if len(rows) <= MOST_ROWS else rows[: MOST_ROWS - 1]


def _shortened(
    rows: Sequence[tuple[str, Money]], label: Any, empty: str
) -> list[tuple[Name, Money]]:
    shown = _first(rows)
    named = [(Name(key, label(key) if key else empty), sums) for key, sums in shown]
    if rest := rows[len(shown) :]:
        others = sum((sums for _, sums in rest), NOTHING)
        named.append((Name(" others", f"{reader.count(len(rest))} others"), others))
    return named


def _day(day: date) -> str:
    return reader.full_day(day)


def _downloads(period: Period) -> str:
    """The query string with which the API has the same as a table."""
    return urlencode(
        {
            "from": f"{period.since:%Y-%m-%dT%H:%M:%SZ}",
            "to": f"{period.until:%Y-%m-%dT%H:%M:%SZ}",
            "group_by": DOWNLOADED_BY,
        }
    )
