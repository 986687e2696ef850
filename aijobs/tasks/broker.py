"""django-q2's queue in PostgreSQL, calm while PostgreSQL is away, and seen at its work."""

import contextlib
import mmap
import time
from typing import Any

from django_q.brokers.orm import ORM

from aijobs.postgres.outages import AWAY

AWAY_SECONDS = 0.5


class Signs:
    """When django-q2's processes last did what, in seconds of the monotonic clock.

    Lies in memory that forked processes share. Nothing in it is locked, so a process that is
    killed can leave nothing locked behind; each value is eight bytes, written at once.
    """

    FIELDS = (
        *("guarded", "pulled", "took", "started", "ended", "acknowledged", "busy", "stage"),
        "stopping",
    )
    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values = memoryview(mmap.mmap(-1, 8 * len(self.FIELDS))).cast("d")

    def reset(self) -> None:
        """Everybody was here just now, and nothing is under way."""
        for field in self.FIELDS:
            self.note(field, time.monotonic() if field in {"guarded", "pulled"} else 0)

    @property
    def is_stopping(self) -> bool:
        """Whether the cluster was asked to end: work in hand is finished, none is begun."""
        return self["stopping"] > 0

    def note(self, field: str, value: float | None = None) -> None:
        self._values[self.FIELDS.index(field)] = time.monotonic() if value is None else value

    def __getitem__(self, field: str) -> float:
        return self._values[self.FIELDS.index(field)]


signs = Signs()


class Broker(ORM):
    """Waits for PostgreSQL where django-q2's processes would die, each with a traceback."""

    def dequeue(self) -> list[tuple[int, str]] | None:
        signs.note("pulled")
        try:
            tasks: list[tuple[int, str]] | None = super().dequeue()
        except AWAY:
            time.sleep(AWAY_SECONDS)
            return None
        if tasks:
            signs.note("took")
        return tasks

    def acknowledge(self, task_id: Any) -> None:
        # What stays in the queue will be run once more, and find nothing left to do.
        with contextlib.suppress(*AWAY):
            super().acknowledge(task_id)
        signs.note("acknowledged")

    def fail(self, task_id: Any) -> None:
        """What cannot be read, as after a change of SECRET_KEY, never starts."""
        super().fail(task_id)
        signs.note("started")
