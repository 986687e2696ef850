"""Advisory locks: one worker at a time on one thing, freed by PostgreSQL if the worker dies."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def key_of(name: str) -> int:
    """What PostgreSQL calls the lock of this name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def is_taken(name: str) -> bool:
    """Whether somebody has the lock at this moment. Outside a transaction it leaves no trace."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key_of(name)])
        return not cursor.fetchone()[0]


@contextmanager
def exclusive(name: str) -> Iterator[bool]:
    """Yields whether the lock is ours. It spares work; correctness rests on the moves."""
    key = key_of(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
