"""The query parameters of the pages. A page that takes some says so with `asks`."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import wraps
from typing import Annotated, ClassVar, Concatenate, Literal, ParamSpec, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase
from django.shortcuts import render
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from aijobs import pricing
from aijobs.jobtypes import InvalidInput
from aijobs.reading.collections import CollectionFilter
from aijobs.reading.pages import Position
from aijobs.reading.parameters import JobTypeName, Parameters, RowStatus, Sought
from aijobs.reading.rows import Risk, RowFilter
from aijobs.web.guards import MemberRequest, Page
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant

LONGEST_RANGE = timedelta(days=366)
# Of the sender's own columns: with more of them, a table is no table any more.
MOST_SHOWN_COLUMNS = 6

P = ParamSpec("P")
AskedT = TypeVar("AskedT", bound=Parameters)


class PageParameters(Parameters):
    """What is no field is left alone: links from elsewhere bring parameters of their own."""

    model_config = ConfigDict(extra="ignore")


def _alone(after: UUID | None, info: ValidationInfo) -> UUID | None:
    if after and info.data.get("before"):
        raise PydanticCustomError("one_way", "Give either this or before.")
    return after


def _apart(ids: object) -> object:
    return ids.split(",") if isinstance(ids, str) else ids


class Paging(PageParameters):
    """Rows older than `before`, or newer than `after`."""

    before: UUID | None = None
    after: Annotated[UUID | None, AfterValidator(_alone)] = None

    @property
    def position(self) -> Position:
        """Where the page of the list lies."""
        return Position(before=self.before, after=self.after)


def _numbers(value: object) -> object:
    """Numbers of columns, each once, in their order."""
    if isinstance(value, str):
        if not re.fullmatch(r"\d{1,3}(,\d{1,3})*", value, re.ASCII):
            raise PydanticCustomError("columns", "Must be numbers of columns, such as 0,2.")
        return sorted(set(map(int, value.split(","))))
    return value


class RowsOfCollection(Paging):
    """Which rows of a collection to show, and where to begin: at a `page`, or at a `row`.

    `columns`: which of the sender's own are shown, by their numbers.
    """

    status: RowStatus | None = None
    category: Sought | None = None
    reason: Sought | None = None
    search: Sought | None = None
    risk: Risk | None = None
    columns: Annotated[
        list[int], BeforeValidator(_numbers), Field(max_length=MOST_SHOWN_COLUMNS)
    ] = []  # noqa: RUF012  (pydantic copies it)
    lists: ClassVar[frozenset[str]] = frozenset({"columns"})
    page: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    row: Annotated[int, Field(ge=1, le=10_000_000)] | None = None

    @property
    def only(self) -> RowFilter:
        """Which rows."""
        return RowFilter(self.status, self.category, self.reason, self.search, self.risk)


class Several(PageParameters):
    """Some jobs by their ids, with commas between them."""

    lists: ClassVar[frozenset[str]] = frozenset({"job"})

    job: Annotated[tuple[UUID, ...], BeforeValidator(_apart), Field(max_length=50)] = ()


class Finding(PageParameters):
    """What the command menu looks for."""

    search: Sought | None = None


class Chosen(PageParameters):
    """The job type that a form begins with, or the quote that is to be changed in it."""

    job_type: JobTypeName | None = None
    quote: UUID | None = None


class NewJob(Chosen):
    """The same of the form for a text or files; with `example` there is one in it to try."""

    example: bool | None = None


class NewTable(Chosen):
    """The same of the form for a table, with one that waits already."""

    upload: UUID | None = None
    example: bool | None = None


def _month(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", value)
        if match is None:
            raise PydanticCustomError("month", "Must be a month such as 2026-11.")
        return date(int(match[1]), int(match[2]), 1)
    return value


def _day(value: object) -> object:
    if isinstance(value, str):
        with suppress(ValueError):
            if re.fullmatch(r"20\d\d-\d\d-\d\d", value):
                return date.fromisoformat(value)
        raise PydanticCustomError("day", "Must be a day such as 2026-11-02.")
    return value


Month = Annotated[
    date, BeforeValidator(_month), WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d$"})
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


def in_order(until: date | None, info: ValidationInfo) -> date | None:
    since = info.data.get("since")
    if since and until and since > until:
        raise PydanticCustomError("order", "Must not be before the first day.")
    return until


def _within_reach(until: date | None, info: ValidationInfo) -> date | None:
    until, since = in_order(until, info), info.data.get("since")
    if since and until and until - since > LONGEST_RANGE:
        raise PydanticCustomError("length", "Must be within a year of the first day.")
    return until


class Spending(PageParameters):
    """Which time a report is about: a month, past days with today among them, or two days.

    Without any of them it is this month.
    """

    month: Month | None = None
    days: Literal["7", "30", "90"] | None = None
    since: Day | None = Field(None, alias="from")
    until: Annotated[Day | None, AfterValidator(_within_reach)] = Field(None, alias="to")


def _known_model(value: str) -> str:
    if value not in pricing.models():
        known = ", ".join(pricing.models())
        raise PydanticCustomError("model", "Must be one of {known}.", {"known": known})
    return value


def _share(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"0(\.\d{1,4})?|1(\.0{1,4})?", value, re.ASCII):
            raise PydanticCustomError(
                "share", "Must be a share from 0 to 1, such as 0.65, with four places at most."
            )
        return Decimal(value)
    return value


Share = Annotated[
    Decimal, BeforeValidator(_share), WithJsonSchema({"type": "string", "format": "share"})
]


def _both(now: str | None, info: ValidationInfo) -> str | None:
    if (now is None) != (info.data.get("was") is None):
        raise PydanticCustomError("both", "Give both this and was, or neither.")
    return now


class Compared(Paging):
    """Which earlier collection to compare `with`, and which changed rows: all, or those of a pair.

    `was` and `now` are words of the answers: a category, or a risk.
    """

    other: UUID | None = Field(None, alias="with")
    was: Sought | None = None
    now: Annotated[Sought | None, AfterValidator(_both), Field(validate_default=True)] = None

    @property
    def cell(self) -> tuple[str, str] | None:
        return (self.was, self.now) if self.was is not None and self.now is not None else None


class ComparedTable(PageParameters):
    """Which earlier collection to compare `with`, and whether `all` rows are wanted."""

    other: UUID | None = Field(None, alias="with")
    rows: Literal["changed", "all"] = "changed"


class Collections(Paging):
    """Which collections to list: by a part of the name, type, sender, and days of queueing."""

    search: Sought | None = None
    job_type: JobTypeName | None = None
    by: Sought | None = None
    since: Day | None = Field(None, alias="from")
    until: Annotated[Day | None, AfterValidator(in_order)] = Field(None, alias="to")

    def only(self, tenant: Tenant) -> CollectionFilter:
        """Which ones, by the days of the tenant."""
        zone, day = ZoneInfo(tenant.time_zone), timedelta(days=1)
        return CollectionFilter(
            self.search,
            self.job_type,
            self.by,
            datetime.combine(self.since, time(), zone) if self.since else None,
            datetime.combine(self.until + day, time(), zone) if self.until else None,
        )


class WhatIf(Spending):
    """Which charges to replay, and what to change."""

    model: Annotated[str, AfterValidator(_known_model)] | None = None
    batch_share: Share | None = None
    cache_hit: Share | None = None


class Members(PageParameters):
    """Which members to list: those that came after the one with this number."""

    after: Annotated[int, Field(ge=1, le=2**53)] | None = None


def _known_action(value: str) -> str:
    if value not in Action.values:
        raise PydanticCustomError("action", "Is nothing that is recorded.")
    return value


RecordedAction = Annotated[
    str,
    AfterValidator(_known_action),
    WithJsonSchema({"type": "string", "enum": list(Action.values)}),
]


class AuditFilters(PageParameters):
    """Which entries of the audit to tell: of whom, of what, and of which days."""

    who: Sought | None = None
    action: RecordedAction | None = None
    since: Day | None = Field(None, alias="from")
    until: Annotated[Day | None, AfterValidator(in_order)] = Field(None, alias="to")


class AuditPage(AuditFilters, Paging):
    """Which of them to list."""


class AuditDownload(AuditFilters):
    """Which of them to download, and as what."""

    form: Literal["csv", "ndjson"] = Field("csv", alias="as")


def asks(
    parameters: type[AskedT],
) -> Callable[[Callable[Concatenate[MemberRequest, AskedT, P], HttpResponseBase]], Page[P]]:
    """Hands the page its parameters, read; where one is nonsense, a 400 page says which.

    Comes below the guards: strangers learn nothing. The page's `parameters` name what it takes.
    """

    def decorate(
        page: Callable[Concatenate[MemberRequest, AskedT, P], HttpResponseBase],
    ) -> Page[P]:
        @wraps(page)
        def answered(
            request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            try:
                asked = parameters.read(request.GET)
            except InvalidInput as refusal:
                return render(request, "400.html", {"errors": refusal.errors}, status=400)
            return page(request, asked, *args, **kwargs)

        vars(answered)["parameters"] = parameters
        return answered

    return decorate
