"""The query parameters of a job's page and of the reading desk."""

import re
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal, NamedTuple, cast
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from aijobs.jobtypes import InvalidInput
from aijobs.models import Collection
from aijobs.reading.collections import UNDERWAY, collection_of
from aijobs.reading.filters import IN_PROGRESS, JobFilter
from aijobs.reading.job_list import JobList
from aijobs.reading.neighbours import Listed
from aijobs.reading.parameters import Sought, Status, storable
from aijobs.reading.rows import Risk, RowFilter
from aijobs.web import list_parameters
from aijobs.web.parameters import PageParameters
from aijobs.web.redirects import is_ours
from citizenapp.tenants.models import Tenant

# What of a query belongs to one job, and is no part of the list that it stands in.
OF_ONE_JOB = ("job", "at")
_PLACE = re.compile(r"(?:([1-9]\d{0,3})\.)?(part|page|quote)-([1-9]\d{0,6})", re.ASCII)


def _of_rows(value: str | None, info: ValidationInfo) -> str | None:
    if value and not (info.data.get("order") and info.data.get("collection")):
        raise PydanticCustomError("rows", "Narrows nothing but the rows of a collection.")
    return value


OfRows = AfterValidator(_of_rows)


class Listing(list_parameters.Jobs):
    """A list of jobs: newest first, or as a collection shows them, in the order of its rows.

    These may be narrowed as on its page.
    """

    # The page of a collection has a word of its own for what is in progress.
    status: Literal[Status, "in_progress", "underway"] | None = None  # type: ignore[assignment]
    order: Literal["rows"] | None = None
    category: Annotated[Sought | None, OfRows] = None
    reason: Annotated[Sought | None, OfRows] = None
    search: Annotated[Sought | None, OfRows] = None
    risk: Annotated[Risk | None, OfRows] = None

    def only(self, tenant: Tenant) -> JobFilter:
        found = super().only(tenant)
        is_underway = self.status == UNDERWAY
        return replace(found, status=IN_PROGRESS) if is_underway else found

    @property
    def of_rows(self) -> RowFilter:
        """What the page of the collection was narrowed to."""
        return RowFilter(self.status, self.category, self.reason, self.search, self.risk)


def _list(value: str) -> str:
    try:
        query = QueryDict(value)
        if value and "=" not in value:
            raise PydanticCustomError("list", "Must be the query of a list of jobs.")
        Listing.read(query)
    except (InvalidInput, ValueError) as refusal:
        raise PydanticCustomError("list", "Must be the query of a list of jobs.") from refusal
    return value


class Place(NamedTuple):
    """A place in a job's documents; `document` is None where it is not said."""

    document: int | None
    kind: Literal["part", "page", "quote"]
    number: int


START = Place(None, "part", 1)


def _place(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _PLACE.fullmatch(value)
    if found is None:
        raise PydanticCustomError("at", "Must be a place such as 2.page-3, part-4 or quote-1.")
    document, kind, number = found.groups()
    return Place(int(document) if document else None, cast(Any, kind), int(number))


class OfDocument(PageParameters):
    """`at`: which document to show, and where: a part, a page, or what an answer quotes."""

    at: Annotated[
        Place, BeforeValidator(_place), WithJsonSchema({"type": "string", "format": "place"})
    ] = START


class Job(OfDocument):
    """`list`: the query of the list that one came from."""

    list: (
        Annotated[
            str,
            Field(max_length=list_parameters.LONGEST_QUERY),
            AfterValidator(storable),
            AfterValidator(_list),
        ]
        | None
    ) = None


def _of_ours(value: str) -> str:
    if not is_ours(value):
        raise PydanticCustomError("then", "Must be a page of this site.")
    return value


class Then(PageParameters):
    """Where a form leads to when it was accepted."""

    then: Annotated[str, Field(max_length=4_000), AfterValidator(_of_ours)] | None = None


class Result(PageParameters):
    """As what to download a result."""

    form: Literal["md", "json", "docx"] | None = Field(None, alias="as")


class Desk(OfDocument, Listing):
    """Which results to read, and which one of them now."""

    job: UUID | None = None
    unread: Literal["1"] | None = None


def listed(tenant: Tenant, asked: Listing) -> Listed:
    """The jobs that it lists, in the order in which its page shows them.

    One query where the rows of a collection are narrowed, none otherwise.
    """
    is_by_rows, narrowed = asked.order == "rows", None
    if is_by_rows and asked.collection and not asked.of_rows.is_empty:
        try:
            found = collection_of(tenant, asked.collection)
        except Collection.DoesNotExist:
            # Of one of somebody else nothing is there: no row is either.
            found = Collection(pk=asked.collection, total=0)
        narrowed = found, asked.of_rows
    return Listed(tenant, asked.only(tenant), by_rows=is_by_rows, rows=narrowed)


def list_named(tenant: Tenant, query: str) -> Listed:
    """The list that one came from. The query was checked.

    Where each collection is one row of it, its jobs are none.
    """
    asked = Listing.read(QueryDict(query))
    found = listed(tenant, asked)
    is_grouped = JobList(tenant, found.only, asked.is_apart).is_grouped
    return replace(found, where=Q(collection=None)) if is_grouped else found


def query_of(collection: Collection, only: RowFilter) -> str:
    """The query of the list that the page of a collection shows, narrowed like this."""
    narrowed = {name: value for name, value in asdict(only).items() if value}
    return urlencode({"collection": collection.pk, "order": "rows"} | narrowed)


def address_of(query: str) -> str:
    """The page of the list: that of a collection where it shows its rows in their order."""
    asked = Listing.read(QueryDict(query))
    if asked.order == "rows" and asked.collection:
        address = reverse("collection", args=[asked.collection])
        narrowed = {name: value for name, value in asdict(asked.of_rows).items() if value}
        return f"{address}?{urlencode(narrowed)}" if narrowed else address
    return f"{reverse('dashboard')}?{query}" if query else reverse("dashboard")
