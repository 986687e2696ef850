"""Reads what is learned from: the batches of all tenants, who share them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import connection
from django.db.models import QuerySet

from aijobs.models import Batch
from aijobs.turnaround import conditions
from aijobs.turnaround.calibration import Correction, Past
from aijobs.turnaround.conditions import Conditions, Recent
from aijobs.turnaround.model import Kind, Model, Seen
from aijobs.turnaround.promise import Promise
from aijobs.turnaround.survival import Observation

# Ended batches that are looked at, the newest ones; and of them, those that what was foreseen is
# compared with.
BATCHES, COMPARED = 400, 200

_FIELDS = (
    *("requests", "model_names", "submitted_at", "ended_at", "canceling_at"),
    *("foreseen_seconds", "promised_seconds", "is_over"),
)
_COLUMNS = ", ".join(_FIELDS[:-1])
# The batches that Anthropic works on, and the newest of those that have ended; the newest first.
SEEN = f"""
SELECT {_COLUMNS}, is_over FROM (
    SELECT id, {_COLUMNS}, FALSE AS is_over FROM aijobs_batch WHERE status = ANY(%(remote)s)
    UNION ALL (
        SELECT id, {_COLUMNS}, TRUE FROM aijobs_batch
        WHERE submitted_at IS NOT NULL AND ended_at IS NOT NULL ORDER BY id DESC LIMIT %(most_seen)s
    )
) AS seen ORDER BY is_over, id DESC
"""  # noqa: S608 - names of our own
LATELY = f"SELECT * FROM ({SEEN}) AS known WHERE NOT is_over OR ended_at >= %(since)s"  # noqa: S608


def seen_parameters() -> dict[str, Any]:
    """Those of SEEN."""
    return {"remote": [str(one) for one in Batch.REMOTE], "most_seen": BATCHES}


@dataclass(slots=True)
class Turnaround:
    """What is known at a moment of how long batches take."""

    now: datetime
    model: Model = field(default_factory=Model)
    correction: Correction = field(default_factory=lambda: Correction([]))
    conditions: Conditions = field(default_factory=Conditions)

    @classmethod
    def load(cls, now: datetime) -> Self:
        """Of the batches that go on, and of the newest of those that have ended. One query."""
        with connection.cursor() as cursor:
            cursor.execute(SEEN, seen_parameters())
            return cls.of(cursor.fetchall(), now)

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]], now: datetime) -> Self:
        """The same of what SEEN has found."""
        going_on, ended = _told(rows)
        return cls(
            now,
            Model([_seen(one, now) for one in going_on + ended], _cancellations(ended)),
            Correction([past for one in ended if (past := _compared(one))][:COMPARED]),
            conditions.observe(_recent(going_on, ended, now)),
        )

    def foresee(self, requests: int, models: frozenset[str]) -> list[float]:
        """What the model says of such a batch, sent now, as it is stored with it."""
        return self.model.foresee(Kind(requests, models, self.now)).levels()

    def usual(self, requests: int, models: frozenset[str]) -> Promise:
        """The same, corrected by what came true."""
        return Promise(self.correction.apply(self.foresee(requests, models)))

    def promise(self, requests: int, models: frozenset[str]) -> Promise:
        """The same as Anthropic is at the moment: slower than usual, maybe."""
        return self.usual(requests, models).times(self.conditions.factor)

    def of_batch(self, batch: Batch) -> Promise:
        """Of a batch that was sent: what was promised then, and how Anthropic is at the moment."""
        if batch.promised_seconds is None:
            return self.promise(batch.requests, frozenset(batch.model_names))
        return Promise(batch.promised_seconds).times(self.conditions.factor)


def conditions_at(now: datetime) -> Conditions:
    """How Anthropic is at a moment, by itself: reads far fewer rows than `load`. One query."""
    with connection.cursor() as cursor:
        cursor.execute(LATELY, {**seen_parameters(), "since": conditions.since(now)})
        going_on, ended = _told(cursor.fetchall())
    return conditions.observe(_recent(going_on, ended, now))


def _told(rows: Iterable[Sequence[Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Batches that go on, and those that have ended, by the names of their fields."""
    known = [dict(zip(_FIELDS, row, strict=True)) for row in rows]
    going_on = [one for one in known if not one["is_over"]]
    return going_on, [one for one in known if one["is_over"]]


def over() -> QuerySet[Batch]:
    """Batches that have ended, the newest first."""
    return Batch.objects.filter(submitted_at__isnull=False, ended_at__isnull=False).order_by("-pk")


def past_of(row: dict[str, Any]) -> Past | None:
    """What was foreseen of a batch and what it took; None where nobody can tell."""
    if row["canceling_at"] or not row["foreseen_seconds"]:
        return None
    return Past(row["foreseen_seconds"], row["promised_seconds"], _took(row))


def _compared(row: dict[str, Any]) -> Past | None:
    """The same of one that was canceled as well: it would have taken longer than until then."""
    if not row["foreseen_seconds"]:
        return None
    seen = _seen(row, row["ended_at"])
    foreseen, promised = row["foreseen_seconds"], row["promised_seconds"]
    return Past(foreseen, promised, max(seen.seconds, 1.0), seen.has_ended)


def _took(row: dict[str, Any]) -> float:
    took: timedelta = row["ended_at"] - row["submitted_at"]
    # Anthropic's clock and ours may differ a little.
    return max(took.total_seconds(), 1.0)


def _seen(row: dict[str, Any], now: datetime) -> Seen:
    """One that was canceled would have gone on: of that, only the time until then is known."""
    end = row["canceling_at"] or row["ended_at"]
    seconds = ((end or now) - row["submitted_at"]).total_seconds()
    has_ended = row["ended_at"] is not None and row["canceling_at"] is None
    return Seen(
        row["requests"], frozenset(row["model_names"]), row["submitted_at"], seconds, has_ended
    )


def _cancellations(ended: list[dict[str, Any]]) -> list[Observation]:
    return [
        Observation(max((one["ended_at"] - one["canceling_at"]).total_seconds(), 1.0), 1.0)
        for one in ended
        if one["canceling_at"]
    ]


def _recent(
    going_on: list[dict[str, Any]], ended: list[dict[str, Any]], now: datetime
) -> list[Recent]:
    lately = [one for one in ended if one["ended_at"] >= conditions.since(now)]
    found = []
    for one in going_on + lately:
        if one["promised_seconds"] and not one["canceling_at"]:
            end = one["ended_at"]
            seconds = ((end or now) - one["submitted_at"]).total_seconds()
            found.append(Recent(tuple(one["promised_seconds"]), seconds, end is not None))
    return found
