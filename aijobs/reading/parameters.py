"""Query parameters of lists and reports: what API and pages have in common.

An empty parameter is as good as none: a form sends one for each field that was left alone.
Nonsense is refused and named. Nobody is shown everything who asked for something.
"""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Annotated, ClassVar, Literal, Self

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from aijobs import jobtypes
from aijobs.jobtypes import InvalidInput
from aijobs.jobtypes.text import utf8
from aijobs.jobtypes.words import words

Status = Literal["queued", "submitted", "processing", "completed", "failed", "canceled"]
# Of the rows of a collection also: those submitted or processing.
RowStatus = Literal[Status, "underway"]

_MESSAGES = {
    "extra_forbidden": "There is no such parameter.",
    "literal_error": "Must be {expected}.",
    "uuid_parsing": "Must be an id.",
    "uuid_type": "Must be an id.",
    "int_parsing": "Must be a whole number.",
    "bool_parsing": "Must be true or false.",
    "string_too_long": "Must have at most {max_length} characters.",
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


def storable(text: str) -> str:
    if "\0" in text or text != utf8(text):
        raise PydanticCustomError("text", "Holds a character that nothing is searched for.")
    return text


def _searchable(text: str) -> str:
    if not words(text):
        raise PydanticCustomError("words", "Must hold a word or a number.")
    return text


Sought = Annotated[str, Field(max_length=200), AfterValidator(storable)]
# What jobs are searched by.
Words = Annotated[
    Sought,
    AfterValidator(_searchable),
    WithJsonSchema({"type": "string", "maxLength": 200, "pattern": r"[^\W_]"}),
]
TagName = Annotated[str, Field(max_length=50), AfterValidator(storable)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
JobTypeName = Annotated[
    str,
    BeforeValidator(_known_job_type),
    WithJsonSchema({"type": "string", "enum": list(jobtypes.names())}),
]


class Parameters(BaseModel):
    """The parameters of an address, by name; one that is no field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    # Those that may come several times, or once with commas.
    lists: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """Raises InvalidInput, with messages by parameter."""
        given = {
            name: ",".join(filter(None, query.getlist(name))) if name in cls.lists else value
            for name, value in query.items()
        }
        given = {name: value for name, value in given.items() if value != ""}
        problems: list[ErrorDetails] = []
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        # Raised outside the handler: pydantic's error quotes what was sent.
        raise InvalidInput({str(one["loc"][0])[:100]: [_message(one)] for one in problems})


def _message(problem: ErrorDetails) -> str:
    template = _MESSAGES.get(problem["type"])
    return template.format(**problem.get("ctx", {})) if template else problem["msg"]
