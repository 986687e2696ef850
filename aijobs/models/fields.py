"""Ids that sort by time, and JSON that comes out as it came in."""

import itertools
import json
import secrets
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.db import models


def ids_from(now: datetime) -> Iterator[uuid.UUID]:
    """UUIDs of version 7 (RFC 9562) in ascending order: by `now`, then by position.

    48 bits of milliseconds, a counter of 26 bits that starts in its lower half (RFC 9562,
    6.2, method 1), 48 random bits. Good for at least 2**25 ids.
    """
    head = int(now.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62
    for counter in itertools.count(secrets.randbits(25)):
        place = (counter >> 14) << 64 | (counter & 0x3FFF) << 48
        yield uuid.UUID(int=head | place | secrets.randbits(48))


def new_id(now: datetime) -> uuid.UUID:
    """One such id."""
    return next(ids_from(now))


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
