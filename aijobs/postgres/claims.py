"""A request that is sent twice is done once: what the API and the forms share.

The key is stored in the transaction that does the work. Whoever stores the same key meanwhile waits
for its end, so of two at once one does the work, and a failed one leaves no key behind.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime

import psycopg
from django.db import OperationalError, connection

from aijobs.models import Claim
from aijobs.models.idempotency import CLAIM_KEY
from citizenapp.tenants.models import Tenant


class StillUnderWay(Exception):
    """The first request with this key has not ended yet."""


def is_first(tenant: Tenant, claim: Claim, now: datetime, *, wait_seconds: int) -> bool:
    """Store the key, in the transaction that is open; False where it is stored already.

    Raises StillUnderWay where another transaction holds it for longer than `wait_seconds`.
    """
    with connection.cursor() as cursor, telling_of_waits():
        cursor.execute("SELECT set_config('lock_timeout', %s, TRUE)", [f"{wait_seconds}s"])
        cursor.execute(CLAIM_KEY, claim.parameters(tenant, now))
        is_ours = bool(cursor.rowcount)
        # The work itself may wait as long as it must.
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    return is_ours


@contextlib.contextmanager
def telling_of_waits() -> Iterator[None]:
    """Turns the error of a lock that was not got in time into StillUnderWay."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise StillUnderWay from None
        raise
