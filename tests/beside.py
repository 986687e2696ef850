"""Something that is done while a transaction of the test is open, and waits for it."""

import threading
import time
from collections.abc import Callable

from django.db import connection


def beside(act: Callable[[], object], until: Callable[[], object]) -> list[str]:
    """Run `act` beside the open transaction; let that end by `until` once `act` waits for it.

    Returns what was raised.
    """
    raised: list[str] = []
    keys: list[int] = []
    has_begun = threading.Event()

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                keys.append(cursor.fetchone()[0])
            has_begun.set()
            act()
        except Exception as error:
            raised.append(f"{type(error).__name__}: {error}")
        finally:
            has_begun.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    has_begun.wait(30)
    deadline = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", keys)
            if cursor.fetchone()[0]:
                break
    until()
    thread.join(30)
    return raised
