"""Query parameters, read by pydantic models from which OpenAPI documents them too."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from aijobs import jobtypes
from aijobs.api.shapes import GroupBy, Status
from aijobs.jobtypes import InvalidInput

_MESSAGES = {
    "extra_forbidden": "There is no such parameter.",
    "literal_error": "Must be {expected}.",
    "uuid_parsing": "Must be an id.",
    "uuid_type": "Must be an id.",
    "int_parsing": "Must be a whole number.",
    "greater_than_equal": "Must be at least {ge}.",
    "less_than_equal": "Must be at most {le}.",
}


def _moment(value: object) -> datetime:
    """In UTC; a date is its midnight, and what names no time zone is in UTC already."""
    found: date | None = None
    if isinstance(value, str):
        with suppress(ValueError):
            found = parse_datetime(value) or parse_date(value)
    if found is None:
        raise PydanticCustomError(
            "moment", "Must be a date, or a moment such as 2026-11-02T09:00:00Z."
        )
    if not isinstance(found, datetime):
        return datetime.combine(found, time(), UTC)
    if found.tzinfo:
        with suppress(OverflowError):  # At the ends of time a day more or less is all the same.
            return found.astimezone(UTC)
    return found.replace(tzinfo=UTC)


def _known_job_type(value: object) -> object:
    if value not in jobtypes.names():
        known = ", ".join(jobtypes.names())
        raise PydanticCustomError("job_type", "Must be one of {known}.", {"known": known})
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]
JobTypeName = Annotated[str, BeforeValidator(_known_job_type)]


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """Raises InvalidInput, naming the parameter."""
        problems: list[ErrorDetails] = []
        try:
            return cls.model_validate(query.dict())
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        raise InvalidInput({str(one["loc"][0])[:100]: [_message(one)] for one in problems})

    @classmethod
    def documented(cls) -> list[OpenApiParameter]:
        """The same parameters for OpenAPI."""
        properties = cls.model_json_schema()["properties"]
        return [
            OpenApiParameter(name, _plain(schema), description=schema.get("description", ""))
            for name, schema in properties.items()
        ]


def _message(problem: ErrorDetails) -> str:
    template = _MESSAGES.get(problem["type"])
    return template.format(**problem.get("ctx", {})) if template else problem["msg"]


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what only Python knows: a parameter that is not given is not null, it is absent."""
    chosen = next((one for one in schema.get("anyOf", []) if one != {"type": "null"}), schema)
    return {
        name: value
        for name, value in (chosen | {"default": schema.get("default")}).items()
        if name not in {"title", "description"} and value is not None
    }


class Paging(Parameters):
    cursor: str | None = Field(None, description="From `next` or `previous` of a page.")
    page_size: int = Field(50, ge=1, le=100)


class JobFilters(Paging):
    status: Status | None = None
    job_type: JobTypeName | None = None
    collection: UUID | None = None
    created_after: Moment | None = Field(None, description="This moment or later.")
    created_before: Moment | None = Field(None, description="Before this moment.")


class Download(Parameters):
    form: Literal["ndjson", "csv"] = Field("ndjson", alias="as")


class Period(Parameters):
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
    group_by: GroupBy = "day"

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
