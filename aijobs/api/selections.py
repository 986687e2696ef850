"""`fields=` and `wait=`: what an address that tells a state tells of it, and when."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from aijobs.api import operation_shapes, shapes
from aijobs.api.parameters import JobFilters, Paging
from aijobs.live.waiting import LONGEST_SECONDS
from aijobs.reading.parameters import Parameters


def _name_them(schema: dict[str, Any], selection: type[BaseModel]) -> None:
    assert issubclass(selection, Selection)
    names = {"type": "string", "enum": list(selection.shape.model_fields)}
    description = schema["properties"]["fields"]["description"]
    schema["properties"]["fields"] = {
        "type": "array", "items": names, "minItems": 1, "description": description,
    }  # fmt: skip


class Selection(Parameters):
    """Which fields of the shape to tell; None is all of them."""

    model_config = ConfigDict(json_schema_extra=_name_them)
    shape: ClassVar[type[shapes.Shape]]
    lists: ClassVar[frozenset[str]] = frozenset({"fields"})

    fields: tuple[str, ...] | None = Field(
        None,
        description="Tell these fields only, of a list in each row. They may also be sent with"
        " commas between them. The ETag is that of the whole.",
    )

    @field_validator("fields", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = dict.fromkeys(name.strip() for name in value.split(",") if name.strip())
        known = cls.shape.model_fields
        for name in names:
            if name not in known:
                raise PydanticCustomError(
                    "fields",
                    "There is no field {name}. There are: {known}.",
                    {"name": repr(name[:50]), "known": ", ".join(known)},
                )
        return tuple(names) or None


class Waited(Selection):
    """How long to wait for a change."""

    wait: int = Field(
        0,
        ge=0,
        le=LONGEST_SECONDS,
        description="Seconds to hold the answer until the state differs from the one that there is,"
        " or with `If-None-Match` from that one. What has ended is answered at once.",
    )


class JobRead(Waited):
    shape = shapes.Job


class CollectionRead(Waited):
    shape = shapes.Collection


class OperationRead(Waited):
    shape = operation_shapes.Operation


class JobListing(Selection, JobFilters):
    shape = shapes.JobSummary


class CollectionListing(Selection, Paging):
    shape = shapes.CollectionSummary


class OperationListing(Selection, Paging):
    shape = operation_shapes.OperationSummary
