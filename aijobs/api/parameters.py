"""The query parameters of the API, from which OpenAPI documents them too."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal, get_args
from uuid import UUID

from django.utils.dateparse import parse_date
from drf_spectacular.utils import OpenApiParameter
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from aijobs import own_data
from aijobs.reading.jobs import JobFilter
from aijobs.reading.pages import NEWEST, Position
from aijobs.reading.parameters import (
    JobTypeName,
    Moment,
    Parameters,
    RowStatus,
    Sought,
    Status,
    TagName,
    Words,
)
from aijobs.reading.rows import Risk, RowFilter
from aijobs.reading.usage import GroupBy

_CURSOR = re.compile(r"(older|newer)\.([0-9a-f]{32})")


def older_than(row_id: UUID) -> str:
    """The cursor of the page of rows that are older than this one."""
    return f"older.{row_id.hex}"


def newer_than(row_id: UUID) -> str:
    """The cursor of the page of rows that are newer than this one."""
    return f"newer.{row_id.hex}"


def _position(cursor: object) -> Position:
    match = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
    if match is None:
        raise PydanticCustomError("cursor", "Must come from `next` or `previous` of a page.")
    edge = UUID(match[2])
    return Position(before=edge) if match[1] == "older" else Position(after=edge)


Cursor = Annotated[
    Position,
    BeforeValidator(_position),
    WithJsonSchema({"type": "string", "pattern": f"^{_CURSOR.pattern}$"}),
]


def _possible(reference: str) -> str:
    if problem := own_data.problem_of_reference(reference):
        raise PydanticCustomError("reference", "{problem}", {"problem": problem})
    return reference


Reference = Annotated[
    str,
    AfterValidator(_possible),
    WithJsonSchema({"type": "string", "maxLength": own_data.MAX_REFERENCE_CHARS}),
]


class Paging(Parameters):
    """Which page of a list, and how many rows it has."""

    cursor: Cursor | None = Field(None, description="From `next` or `previous` of a page.")
    page_size: int = Field(50, ge=1, le=100)

    @property
    def position(self) -> Position:
        """Where the page lies."""
        return self.cursor or NEWEST


class JobFilters(Paging):
    """Which jobs to list. Each parameter narrows the list further."""

    status: Status | None = None
    job_type: JobTypeName | None = None
    collection: UUID | None = None
    reference: Reference | None = Field(None, description="What the sender calls it, exactly.")
    created_after: Moment | None = Field(None, description="This moment or later.")
    created_before: Moment | None = Field(None, description="Before this moment.")
    tag: TagName | None = Field(
        None, description="Jobs with this tag; capitals make no difference."
    )
    q: Words | None = Field(
        None,
        description="Jobs that hold all of these words: in their reference, the names of their"
        " files, their documents or their answer. Of the last word its beginning is enough. What"
        " is new is found a moment later.",
    )

    @property
    def only(self) -> JobFilter:
        """The same for whoever reads jobs."""
        return JobFilter(
            status=self.status,
            job_type=self.job_type,
            collection_id=self.collection,
            reference=self.reference,
            created_after=self.created_after,
            created_before=self.created_before,
            tag=self.tag,
            text=self.q,
        )


class Download(Parameters):
    """In which format results are sent, and which: all of them, where nothing else is said."""

    form: Literal["ndjson", "csv", "xlsx"] = Field("ndjson", alias="as")
    status: RowStatus | None = Field(
        None, description="Only jobs in this status; `underway` are those submitted or processing."
    )
    category: Sought | None = Field(None, description="Only rows classified as this.")
    risk: Risk | None = Field(None, description="Only analyses whose highest risk is this.")
    reason: Sought | None = Field(None, description="Only rows that failed with this error type.")
    search: Sought | None = Field(
        None,
        description="Only rows whose reference has this in it; of collections of at most 10,000"
        " rows, also those whose document has.",
    )
    bom: bool = Field(
        False, description="Begin a csv with a byte order mark, by which Excel knows it as UTF-8."
    )

    @property
    def only(self) -> RowFilter:
        """Which rows."""
        return RowFilter(self.status, self.category, self.reason, self.search, self.risk)


class DocumentForm(Parameters):
    """Which document of a job is sent, and in which form."""

    number: int = Field(1, ge=1, le=32_767, description="Which one, in the order of `documents`.")
    original: bool = Field(False, description="The file itself, and not its text.")


class Queueing(Parameters):
    """What to do with work that is sent."""

    quote: bool = Field(
        False, description="Queue nothing: answer what it would cost. The quote can be confirmed."
    )


class Cancel(Parameters):
    """What becomes of jobs that have left for Claude, and cannot be called back."""

    answers: Literal["keep", "drop"] = Field(
        "keep",
        description="Of what is on its way to Claude. `keep`: it is not canceled, and its result"
        " arrives. `drop`: it goes on and is charged, its answer is not kept, and it ends as"
        " canceled.",
    )

    @property
    def drops(self) -> bool:
        return self.answers == "drop"


class Retry(Parameters):
    """Which jobs of a collection to queue again."""

    status: Literal["failed", "canceled"] = "failed"


def _names(value: object) -> object:
    names = value.split(",") if isinstance(value, str) else value
    known = get_args(GroupBy)
    if isinstance(names, list) and not {*names} <= {*known}:
        raise PydanticCustomError(
            "group_by", "Must be one or several of {known}.", {"known": ", ".join(known)}
        )
    return tuple(dict.fromkeys(names)) if isinstance(names, list) else names


Groups = Annotated[
    tuple[GroupBy, ...],
    BeforeValidator(_names),
    WithJsonSchema(
        {"type": "array", "items": {"enum": [*get_args(GroupBy)], "type": "string"}, "minItems": 1}
    ),
]


class UsageParameters(Parameters):
    """Which period to report on; None leaves an end of it to the default. Moments are in UTC."""

    since: Moment | None = Field(
        None,
        alias="from",
        description="From the hour of this moment, or from this day on; default: 30 days before"
        " `to`.",
    )
    until: Moment | None = Field(
        None,
        alias="to",
        description="Up to the end of the hour of this moment, or of this day; default: now.",
    )
    group_by: Groups = Field(
        ("day",),
        description="One or several, which may also be sent with commas between them. With several,"
        " and with what is neither `day`, `job_type` nor `route`, the answer has `details`.",
    )
    details: bool = Field(
        False, description="Tell the share that went by batch and what the cache saved as well."
    )
    form: Literal["json", "csv", "xlsx"] = Field("json", alias="as")
    bom: bool = Field(
        False, description="Begin a csv with a byte order mark, by which Excel knows it as UTF-8."
    )
    table: Literal["usage", "quotes", "budget"] = Field(
        "usage",
        description="Of a csv: what was spent, the period's confirmed quotes beside what was"
        " charged, or how this month's budget stands. An xlsx has all three, each on its sheet.",
    )
    lists: ClassVar[frozenset[str]] = frozenset({"group_by"})

    @property
    def has_details(self) -> bool:
        """Whether the answer tells more than it did when it had three groups."""
        is_plain = len(self.group_by) == 1 and self.group_by[0] in {"day", "job_type", "route"}
        return self.details or not is_plain

    @model_validator(mode="before")
    @classmethod
    def _to_the_end_of_the_day(cls, values: dict[str, Any]) -> dict[str, Any]:
        last = values.get("to")
        try:
            day = parse_date(last) if isinstance(last, str) else None
        except ValueError:
            day = None
        if day is None or day == date.max:
            return values
        return values | {"to": (day + timedelta(days=1)).isoformat()}


def documented(parameters: type[Parameters]) -> list[OpenApiParameter]:
    """The parameters of an address as OpenAPI describes them."""
    properties = parameters.model_json_schema()["properties"]
    return [
        OpenApiParameter(name, _plain(schema), description=schema.get("description", ""))
        for name, schema in properties.items()
    ]


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what only Python knows: a parameter that is not given is not null, it is absent."""
    several = [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]
    (chosen,) = several  # Of two of them one would be told, and the other taken.
    return {
        name: value
        for name, value in (chosen | {"default": schema.get("default")}).items()
        if name not in {"title", "description"} and value is not None
    }
