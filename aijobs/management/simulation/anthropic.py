"""Anthropic as it is played: how long each batch takes, a cancellation, and a direct call.

All of it follows from the seed and the moment. So whatever is sent at a moment, and by whichever
schedule, meets the same Anthropic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from django.conf import settings

from aijobs.management.simulation.arrivals import START
from aijobs.models import Batch
from aijobs.turnaround import prior
from aijobs.turnaround.choice import storing

LONGEST = timedelta(seconds=prior.LONGEST)
# What is sent within as long is as lucky as each other.
SLOT = timedelta(minutes=5)
# Half or twice as long as the median is usual.
SPREAD = 0.5
# A direct call takes so many seconds at the median.
CALL, CALL_SPREAD, LONGEST_CALL = 8.0, 0.5, 120.0
# So many are drawn, and come again in their order.
CALLS = 4_093


class Slow(NamedTuple):
    """From one moment to another everything at Anthropic takes so many times longer."""

    since: datetime
    until: datetime
    times: float


@dataclass(frozen=True, slots=True)
class Anthropic:
    """`median`: seconds that a batch takes at the median, whatever its size; None: as typical of
    its size. `recorded`: how many times that, of past batches; else it is drawn by `spread`.
    """

    seed: int
    median: float | None = None
    spread: float = SPREAD
    recorded: Sequence[float] = ()
    slow: Sequence[Slow] = ()
    _luck: dict[int, float] = field(default_factory=dict)
    _calls: list[timedelta] = field(default_factory=list)

    def ends(self, sent_at: datetime, requests: int) -> datetime:
        """When a batch has ended. Larger ones that are sent at the same moment end no earlier."""
        usual = prior.typical(requests) if self.median is None else self.median
        left, at = timedelta(seconds=usual * self._ratio(sent_at)), sent_at
        for since, until, times in self.slow:
            if at + left > since and at < until:
                left -= max(since - at, timedelta())
                at = max(at, since)
                done = min(left, (until - at) / times)
                left -= done
                at += done * times
        return min(at + left, sent_at + LONGEST)

    def canceling(self, sent_at: datetime) -> timedelta:
        """From the wish to cancel a batch to its end, where it would not end before."""
        return timedelta(seconds=prior.canceling(self._random(sent_at, 2).random()))

    def call(self, number: int) -> timedelta:
        """How long the direct call with this number takes."""
        if not self._calls:
            random = Random(self.seed)  # noqa: S311
            for _ in range(CALLS):
                seconds = min(CALL * random.lognormvariate(0, CALL_SPREAD), LONGEST_CALL)
                self._calls.append(timedelta(seconds=seconds))
        return self._calls[number % CALLS]

    def _ratio(self, sent_at: datetime) -> float:
        slot = (sent_at - START) // SLOT
        if slot not in self._luck:
            random = self._random(sent_at, 1)
            drawn = random.choice(self.recorded) if self.recorded else None
            self._luck[slot] = random.lognormvariate(0, self.spread) if drawn is None else drawn
        return self._luck[slot]

    def _random(self, sent_at: datetime, purpose: int) -> Random:
        slot = (sent_at - START) // SLOT
        return Random((self.seed * 1_000_003 + slot) * 3 + purpose)  # noqa: S311


def turnarounds_of(day: date) -> list[tuple[int, float]]:
    """Of the batches that ended on a day in UTC and were not canceled: requests and seconds."""
    since = datetime(day.year, day.month, day.day, tzinfo=UTC)
    ended = Batch.objects.filter(
        ended_at__gte=since,
        ended_at__lt=since + timedelta(days=1),
        submitted_at__isnull=False,
        canceling_at=None,
    )
    rows: Any = ended.order_by("pk").values_list("requests", "submitted_at", "ended_at")
    return [
        (requests, max((ended_at - submitted_at).total_seconds(), 1.0))
        for requests, submitted_at, ended_at in rows
    ]


def stored(sent_at: datetime, ended_at: datetime, requests: int) -> datetime:
    """When we have the results of a batch: poll finds its end when it asks next."""
    every = timedelta(seconds=settings.AIJOBS_POLL_EVERY)
    asked_at = sent_at + every * -(-(ended_at - sent_at) // every)
    return asked_at + storing(requests)


def recorded(turnarounds: Sequence[tuple[int, float]]) -> list[float]:
    """How many times what is typical of its size each batch took."""
    return [seconds / prior.typical(requests) for requests, seconds in turnarounds]
