"""The query parameters of the pages. A page that takes some says so with `asks`."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import wraps
from typing import Annotated, ClassVar, Concatenate, Literal, ParamSpec, TypeVar
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase, QueryDict
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
from aijobs.jobtypes.text import utf8
from aijobs.jobtypes.words import words
from aijobs.reading.filters import JobFilter
from aijobs.reading.pages import Position
from aijobs.reading.parameters import JobTypeName, Parameters, Status
from aijobs.web.guards import MemberRequest, Page
from citizenapp.tenants.models import Tenant

LONGEST_RANGE = timedelta(days=366)

P = ParamSpec("P")
AskedT = TypeVar("AskedT", bound=Parameters)


class PageParameters(Parameters):
    """What is no field is left alone: links from elsewhere bring parameters of their own."""

    model_config = ConfigDict(extra="ignore")


def _storable(text: str) -> str:
    if "\0" in text or text != utf8(text):
        raise PydanticCustomError("text", "Holds a character that nothing is searched for.")
    return text


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


class JobsInCollection(Paging):
    """Which jobs of a collection to list."""

    status: Status | None = None


class RowsOfCollection(JobsInCollection):
    """Which rows of a collection to show, and where to begin: at a `page`, or at a `row`."""

    category: Annotated[str, Field(max_length=200), AfterValidator(_storable)] | None = None
    reason: Annotated[str, Field(max_length=60), AfterValidator(_storable)] | None = None
    search: Annotated[str, Field(max_length=200), AfterValidator(_storable)] | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    row: Annotated[int, Field(ge=1, le=10_000_000)] | None = None


class Several(PageParameters):
    """Some jobs by their ids, with commas between them."""

    lists: ClassVar[frozenset[str]] = frozenset({"job"})

    job: Annotated[tuple[UUID, ...], BeforeValidator(_apart), Field(max_length=50)] = ()


class Chosen(PageParameters):
    """The job type that a form begins with, or the quote that is to be changed in it."""

    job_type: JobTypeName | None = None
    quote: UUID | None = None


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


def _usd(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"\d{1,9}(\.\d{1,10})?", value, re.ASCII):
            raise PydanticCustomError("usd", "Must be an amount in dollars, such as 0.25.")
        return Decimal(value)
    return value


def _not_below(most: Decimal | None, info: ValidationInfo) -> Decimal | None:
    least = info.data.get("cost_from")
    if least is not None and most is not None and least > most:
        raise PydanticCustomError("order", "Must not be below the lowest cost.")
    return most


def _in_order(until: date | None, info: ValidationInfo) -> date | None:
    since = info.data.get("since")
    if since and until and since > until:
        raise PydanticCustomError("order", "Must not be before the first day.")
    return until


def _searchable(text: str) -> str:
    if not words(text):
        raise PydanticCustomError("words", "Must hold a word or a number.")
    return text


Usd = Annotated[Decimal, BeforeValidator(_usd), WithJsonSchema({"type": "string", "format": "usd"})]
# Above them no day of a list lies; below, its midnight is a moment in every time zone.
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(9000, 1, 1)


class Jobs(Paging):
    """Which jobs of a tenant to list, and how: `collections` as a row each, or apart."""

    status: Literal[Status, "in_progress"] | None = None
    job_type: JobTypeName | None = None
    collection: UUID | None = None
    by: Annotated[str, Field(max_length=150), AfterValidator(_storable)] | None = None
    tag: Annotated[str, Field(max_length=50), AfterValidator(_storable)] | None = None
    since: Annotated[Day, Field(ge=_FIRST_DAY, le=_LAST_DAY)] | None = Field(None, alias="from")
    until: Annotated[Day, Field(ge=_FIRST_DAY, le=_LAST_DAY), AfterValidator(_in_order)] | None = (
        Field(None, alias="to")
    )
    cost_from: Usd | None = None
    cost_to: Annotated[Usd | None, AfterValidator(_not_below)] = None
    q: (
        Annotated[
            str, Field(max_length=200), AfterValidator(_storable), AfterValidator(_searchable)
        ]
        | None
    ) = None
    collections: Literal["apart"] | None = None
    view: Literal["cost"] | None = None

    def only(self, tenant: Tenant) -> JobFilter:
        """The same for whoever reads jobs. Days are those of the tenant."""
        zone = ZoneInfo(tenant.time_zone)
        day = timedelta(days=1)
        return JobFilter(
            status=self.status,
            job_type=self.job_type,
            collection_id=self.collection,
            created_by=self.by,
            tag=self.tag,
            created_after=datetime.combine(self.since, time(), zone) if self.since else None,
            created_before=(
                datetime.combine(self.until + day, time(), zone) if self.until else None
            ),
            cost_from=self.cost_from,
            cost_to=self.cost_to,
            text=self.q,
        )

    @property
    def is_apart(self) -> bool:
        return self.collections == "apart"

    def query(self, *without: str) -> str:
        """What follows the “?” in an address that asks the same, but for these parameters."""
        given = self.model_dump(by_alias=True, exclude_none=True)
        return urlencode({name: value for name, value in given.items() if name not in without})


class FromList(PageParameters):
    """The list that one comes from: what follows the “?” in its address."""

    of_list: Annotated[str, Field(max_length=2_000), AfterValidator(_storable)] | None = Field(
        None, alias="list"
    )

    @property
    def query(self) -> str:
        """The same, as the list itself would say it; empty where that is nonsense."""
        with suppress(InvalidInput):
            return Jobs.read(QueryDict(self.of_list or "")).query()
        return ""


def _within_reach(until: date | None, info: ValidationInfo) -> date | None:
    since = info.data.get("since")
    if since and until and since > until:
        raise PydanticCustomError("order", "Must not be before the first day.")
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


class WhatIf(Spending):
    """Which charges to replay, and what to change."""

    model: Annotated[str, AfterValidator(_known_model)] | None = None
    batch_share: Share | None = None
    cache_hit: Share | None = None


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
