"""What was paid for and exists only here is stored, though PostgreSQL be away for a while."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection

# What a call to PostgreSQL raises while it is away; the last while it may only be read, as in the
# middle of a failover.
AWAY = (InterfaceError, OperationalError, InternalError)
PAUSE_SECONDS = 0.5
# Four minutes: longer than a restart or a failover takes, shorter than a task may last.
MOST_TRIES = 480

P = ParamSpec("P")
T = TypeVar("T")


def retry_while_db_down(store: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `store`, again and again while PostgreSQL is away.

    It may have been stored when the connection broke: `store` must change nothing the second
    time. Raises what the last call raised.
    """
    for _ in range(MOST_TRIES - 1):
        try:
            return store(*args, **kwargs)
        except AWAY:
            if connection.in_atomic_block:
                raise  # What went before in the transaction is lost, and nobody here has it.
            connection.close()
            time.sleep(PAUSE_SECONDS)
    return store(*args, **kwargs)
