"""Signs of life: which of our processes runs where, and what it did last."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import connection, models

# Of each of these one at least must live.
NEEDED = ("cluster", "relay")
BEAT_SECONDS = 5.0
SILENT_AFTER = timedelta(seconds=20)
# Of a machine that never comes back, nobody needs to be reminded for ever.
FORGOTTEN_AFTER = timedelta(days=1)

# Whoever starts anew on the same machine takes the place of those that were silent by then.
BEAT = """
WITH replaced AS (
    DELETE FROM aijobs_heartbeat
    WHERE beat_at < %(forgotten)s
       OR (name = %(name)s AND host = %(host)s AND pid <> %(pid)s AND beat_at < %(started_at)s)
)
INSERT INTO aijobs_heartbeat (name, host, pid, started_at, beat_at, note)
VALUES (%(name)s, %(host)s, %(pid)s, %(started_at)s, %(now)s, %(note)s)
ON CONFLICT (name, host, pid) DO UPDATE
SET started_at = EXCLUDED.started_at, beat_at = EXCLUDED.beat_at, note = EXCLUDED.note
"""


@dataclass(frozen=True, slots=True)
class Process:
    """A process of ours, as it signs."""

    name: str
    host: str
    pid: int
    started_at: datetime

    @classmethod
    def here(cls, name: str, now: datetime) -> Self:
        """The running process, which began `now`."""
        return cls(name, socket.gethostname()[:255], os.getpid(), now)

    def parameters(self, now: datetime, note: str) -> dict[str, Any]:
        """Those of the statement BEAT."""
        return {
            "name": self.name,
            "host": self.host,
            "pid": self.pid,
            "started_at": self.started_at,
            "now": now,
            "forgotten": now - FORGOTTEN_AFTER,
            "note": note[:200],
        }

    def beat(self, now: datetime, note: str = "") -> None:
        """Say that it lives, and what it did last."""
        with connection.cursor() as cursor:
            cursor.execute(BEAT, self.parameters(now, note))

    def sign_off(self) -> None:
        """Say that it ends as it should: nobody will miss it."""
        Heartbeat.objects.filter(name=self.name, host=self.host, pid=self.pid).delete()


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def alive(self, now: datetime) -> Self:
        return self.filter(beat_at__gt=now - SILENT_AFTER)

    def silent(self, now: datetime) -> Self:
        """Died or hang, and nothing has taken their place."""
        return self.filter(beat_at__lte=now - SILENT_AFTER)

    def missing(self, now: datetime) -> list[str]:
        """The kinds of process of which none lives."""
        names = set(self.alive(now).values_list("name", flat=True))
        return [name for name in NEEDED if name not in names]


class Heartbeat(models.Model):
    """One row a process, rewritten every few seconds; gone when the process ends as it should."""

    name = models.CharField(max_length=20)
    host = models.CharField(max_length=255)
    pid = models.PositiveBigIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True, help_text="What it did last.")

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "host", "pid"], name="heartbeat_one_a_process")
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"

    def is_alive(self, now: datetime) -> bool:
        return self.beat_at > now - SILENT_AFTER
