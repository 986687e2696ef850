"""The query parameters of the pages. A page that takes some says so with `asks`."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from functools import wraps
from typing import Annotated, Concatenate, Literal, ParamSpec, TypeVar
from uuid import UUID

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
from aijobs.jobtypes.text import utf8
from aijobs.reading.pages import Position
from aijobs.reading.parameters import JobTypeName, Parameters, Status
from aijobs.web.guards import MemberRequest, Page

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


class Jobs(JobsInCollection):
    """Which jobs of a tenant to list."""

    job_type: JobTypeName | None = None
    collection: UUID | None = None


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
