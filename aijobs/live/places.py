"""How many answers are held open in this process, for each tenant: waits and streams.

Each is an open connection, of which a process has so many. A call that stays for minutes counts as
one call for the limit of calls, so that this is a limit of its own.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

# A view counts in its thread, and what is held in the event loop.
_lock = threading.Lock()
_held: Counter[int] = Counter()


def has_room(tenant_id: int) -> bool:
    """Whether one more may be held. Those that come at the same moment may all be told yes."""
    most: int = settings.AIJOBS_HELD_ANSWERS
    with _lock:
        return not most or _held[tenant_id] < most


@contextmanager
def held(tenant_id: int) -> Iterator[None]:
    """An answer is open for as long as the block lasts."""
    with _lock:
        _held[tenant_id] += 1
    try:
        yield
    finally:
        with _lock:
            _held[tenant_id] -= 1
            if not _held[tenant_id]:
                del _held[tenant_id]
