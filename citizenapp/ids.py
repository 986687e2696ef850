"""Ids that sort by time."""

import itertools
import secrets
import uuid
from collections.abc import Iterator
from datetime import datetime


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
