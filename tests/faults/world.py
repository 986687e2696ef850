"""A world to crash in: a database, an emulator, and a time that all processes share."""

import fcntl
import mmap
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import override_settings

from tests.faults.receiver import Receiver
from tests.ground import Emulator

# Batches are small, so that there are several, and what would be waited for is short.
SETTINGS: dict[str, Any] = {
    "AIJOBS_SUBMIT_EVERY": 0,
    "AIJOBS_SUBMIT_WHEN": 1,
    "AIJOBS_POLL_EVERY": 1,
    "AIJOBS_SEND_SECONDS": 60,
    "AIJOBS_ANSWER_SECONDS": 1.0,
    "AIJOBS_RECONCILE_GRACE": 60,
    "AIJOBS_BATCH_REQUESTS": 4,
    # So few that what is in doubt takes the place of others.
    "AIJOBS_QUEUE_SLOTS": 9,
    "AIJOBS_MAX_ATTEMPTS": 5,
    "AIJOBS_URGENT_AT_ONCE": 2,
    "AIJOBS_DELETE_REMOTE_DAYS": 0,
    "AIJOBS_CACHE_CENTS": 0,
    "AIJOBS_SEED_SECONDS": 600,
    # Letters that outlive their senders, and can be counted.
    "EMAIL_BACKEND": "citizenapp.tenants.mailbox.MailboxBackend",
}
# Of the emulator, in seconds of the shared time.
LATENCIES = {"latency_base": 30, "latency_cancel": 5}
# So many that none is ever refused: what is told of them is learned all the same.
LIMITS = {"requests_per_minute": 100_000, "input_tokens_per_minute": 100_000_000}


class World:
    """Time goes on by itself, and in strides when there is nothing else to do.

    The emulator's clock goes with it, and never while a call is under way: that Anthropic makes a
    batch later than the grace period after its worker died is what nobody can make good.
    """

    def __init__(self, emulator: Emulator, receiver: Receiver, folder: Path) -> None:
        self.emulator = emulator
        self.receiver = receiver
        self.log = folder / "workers.log"
        self._lock = folder / "world.lock"
        self._lock.touch()
        self._rounds = folder / "rounds"
        self._rounds.touch()
        # Anonymous and shared: a worker's memory dies with it, this does not.
        self._ahead = mmap.mmap(-1, 8)
        self.done = mmap.mmap(-1, 64)

    def reset(self) -> None:
        """Begin anew: no rows, no batches at the emulator, no faults, no webhooks."""
        self.emulator.reset()
        self.receiver.forget()
        self.emulator.control("POST", "settings", LATENCIES | LIMITS)
        self._ahead[:] = bytes(8)
        self.done[:] = bytes(len(self.done))
        tables = ", ".join(
            model._meta.db_table
            for label in ("aijobs", "tenants")
            for model in apps.get_app_config(label).get_models()
        )
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")

    def count_round(self) -> None:
        """One more round of all stages. A byte at the end of a file outlives its writer."""
        with self._rounds.open("ab") as rounds:
            rounds.write(b".")

    @property
    def rounds(self) -> int:
        return self._rounds.stat().st_size

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time. The kernel frees the lock when its holder is killed."""
        with self._lock.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def now(self) -> datetime:
        (ahead,) = struct.unpack("d", self._ahead[:])
        return datetime.fromtimestamp(time.time() + ahead, UTC)

    def stride(self, seconds: float) -> None:
        """Let time pass, unless a call is under way."""
        with self.alone():
            if self.emulator.stats()["calls_under_way"]:
                time.sleep(0.005)
                return
            order = {"advance_seconds": seconds}
            theirs = self.emulator.control("POST", "clock", order)["now"]
            self._ahead[:] = struct.pack("d", theirs - time.time())


@contextmanager
def settings_of(emulator: Emulator) -> Iterator[None]:
    with override_settings(
        **SETTINGS,
        ANTHROPIC_BASE_URL=emulator.url,
        ANTHROPIC_API_KEY="emulator",
        EMULATED=True,
    ):
        yield
