"""What was spent and saved in a month or another time: by day, kind, route, model and sender."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from aijobs.reading.money import NOTHING, Money, spent_between
from aijobs.reading.usage import Period, Usage, dearest_first, usage
from aijobs.templatetags.show import job_title
from aijobs.web import parameters
from aijobs.web.budgets import budget_of
from aijobs.web.chart import Chart
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.parameters import asks
from aijobs.web.ranges import neighbours, range_of, tabs
from citizenapp.tenants.models import APIKey, Tenant

MOST_ROWS = 12
ROUTES = {"batch": "Batch, half price", "sync": "At once, full price"}
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


@require_safe
@for_members
@asks(parameters.Spending)
def overview(request: MemberRequest, asked: parameters.Spending) -> HttpResponseBase:
    """What was spent in a time, beside full price and beside the time before."""
    tenant, now = request.access.tenant, timezone.now()
    shown = range_of(asked, now=now)
    found = usage(tenant, shown.period)
    until_now = shown.until_now
    earlier, later = neighbours(shown, now=now)
    return render(
        request,
        "usage.html",
        {
            "range": shown,
            "tabs": tabs(shown, now=now),
            "earlier": earlier,
            "later": later,
            "total": found.total,
            "before": spent_between(tenant, shown.before.since, shown.before.until),
            "before_until_now": until_now
            and spent_between(tenant, until_now.since, until_now.until),
            "chart": Chart(found.every_day),
            "days": [(Name(str(day), _day(day)), sums) for day, sums in found.rows("day")[::-1]],
            "sections": _sections(found, tenant, shown.period),
            "downloads": _downloads(shown.period),
            **budget_of(tenant, now),
        },
    )


def _sections(found: Usage, tenant: Tenant, period: Period) -> list[Section]:
    keys = dict(APIKey.objects.filter(tenant=tenant).values_list("prefix", "name"))

    def sender(name: str) -> str:
        key = name.removeprefix("key ")
        return f"{keys[key]} (key {key})" if name.startswith("key ") and key in keys else name

    senders = usage(tenant, period, ["created_by"]).by("created_by")
    groups: list[tuple[str, str, Mapping[str, Money], Any]] = [
        ("Kind", "By kind", found.by("job_type"), job_title),
        ("Route", "By route", found.by("route"), lambda route: ROUTES.get(route, route)),
        ("Model", "By model", found.by("model"), str),
        ("Member or key", "By member or key", senders, sender),
    ]
    return [
        Section(heading, title, _shortened(dearest_first(rows), label))
        for heading, title, rows, label in groups
    ]


def _shortened(rows: Sequence[tuple[str, Money]], label: Any) -> list[tuple[Name, Money]]:
    shown = rows if len(rows) <= MOST_ROWS else rows[: MOST_ROWS - 1]
    named = [(Name(key, label(key) if key else "Not kept"), sums) for key, sums in shown]
    if rest := rows[len(shown) :]:
        others = sum((sums for _, sums in rest), NOTHING)
        named.append((Name(" others", f"{len(rest):,} others"), others))
    return named


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _downloads(period: Period) -> str:
    """The query string with which the API has the same as a table."""
    return urlencode(
        {
            "from": f"{period.since:%Y-%m-%dT%H:%M:%SZ}",
            "to": f"{period.until:%Y-%m-%dT%H:%M:%SZ}",
            "group_by": DOWNLOADED_BY,
        }
    )
