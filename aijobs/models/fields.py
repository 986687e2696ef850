"""Ids that sort by time, and JSON that comes out as it came in."""

import json
import secrets
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.db import models


def new_ids(now: datetime, count: int) -> list[uuid.UUID]:
    """UUIDs of version 7 (RFC 9562): ordered by `now` and, within one call, by position.

    48 bits of milliseconds, a counter of 26 bits that starts in its lower half (RFC 9562,
    6.2, method 1), 48 random bits. `count` is at most 2**25.
    """
    head = int(now.timestamp() * 1000) << 80
    start = secrets.randbits(25)
    noise = secrets.token_bytes(6 * count)
    ids = []
    for position in range(count):
        counter = start + position
        ids.append(
            uuid.UUID(
                int=head
                | 0x7 << 76
                | (counter >> 14) << 64
                | 0b10 << 62
                | (counter & 0x3FFF) << 48
                | int.from_bytes(noise[6 * position : 6 * position + 6])
            )
        )
    return ids


def dump_json(value: object) -> str:
    """JSON text as it is stored: UTF-8 where possible, ASCII escapes where a lone surrogate is."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"))


if TYPE_CHECKING:
    AnyField = models.Field[Any, Any]
else:
    AnyField = models.Field  # not subscriptable at run time


class JSONTextField(AnyField):
    """JSON kept as text (PostgreSQL's `json`), not parsed into `jsonb`.

    Documents and answers are written once and never searched inside, and `jsonb` can hold
    neither a lone surrogate nor U+0000: what comes in must come out unharmed.
    """

    def db_type(self, connection: object) -> str:  # noqa: ARG002
        return "json"

    def get_prep_value(self, value: object) -> str | None:
        return None if value is None else dump_json(value)
