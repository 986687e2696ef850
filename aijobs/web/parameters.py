"""The query parameters of the pages. A page that takes some says so with `asks`."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Concatenate, Literal, ParamSpec, TypeVar
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import render
from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from aijobs.jobtypes import InvalidInput
from aijobs.jobtypes.text import utf8
from aijobs.reading.pages import Position
from aijobs.reading.parameters import JobTypeName, Parameters, Status
from aijobs.web.guards import MemberRequest, Page

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
    """The job type that a form begins with."""

    job_type: JobTypeName | None = None


class Days(PageParameters):
    """How many days a report reaches back, today among them."""

    days: Literal["7", "30", "90"] = "30"


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
