"""JSON that comes out as it came in."""

import json
from typing import TYPE_CHECKING, Any

import orjson
from django.db import models


def encode_json(value: object) -> bytes:
    """JSON as it is stored: UTF-8 where possible, ASCII escapes where a lone surrogate is."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def dump_json(value: object) -> str:
    """The same as text."""
    return encode_json(value).decode()


if TYPE_CHECKING:
    AnyField = models.Field[Any, Any]
else:
    AnyField = models.Field  # not subscriptable at run time


class JSONTextField(AnyField):
    """JSON kept as text (PostgreSQL's `json`), not parsed into `jsonb`.

    Documents and answers are written once and never searched inside. `jsonb` refuses a lone
    surrogate and U+0000, which documents hold now and then, and would reorder keys.
    """

    def db_type(self, connection: object) -> str:  # noqa: ARG002
        return "json"

    def get_prep_value(self, value: object) -> str | None:
        return None if value is None else dump_json(value)
