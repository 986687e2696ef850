"""How long a batch of so many requests will take: quantiles from the history of our own.

Each batch of the history is compared with the time that is typical of its size (`prior`), and says
by how much it was slower or quicker. One that was sent lately, is about as large, holds the same
models and was sent at about this hour of the week says more. What was published of others counts
like a few batches of our own, and gives way as these come.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp, log
from operator import itemgetter
from typing import NamedTuple

from aijobs.turnaround import prior
from aijobs.turnaround.survival import Distribution, Observation, even

# What was published counts like so many batches of our own of the same kind.
PRIOR_WEIGHT = 5.0
PRIOR_POINTS = 40

# A batch that was sent this long before the newest says half as much.
HALF_LIFE = timedelta(days=7)
# Sizes of which one is so many times the other are about alike (the width of a Gaussian kernel).
SIZES_ALIKE = 4.0
# How many times more says a batch of the same models, and one of the same hours of the week.
SAME_MODELS, SAME_HOURS = 3.0, 3.0
HOURS_ALIKE, WEEK = timedelta(hours=2), timedelta(days=7)

# The levels at which what was foreseen is stored with a batch, and compared with what came true.
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch of the history. `seconds`: how long it took, or lasts by now where it goes on."""

    requests: int
    models: frozenset[str]
    sent_at: datetime
    seconds: float
    has_ended: bool = True


class Kind(NamedTuple):
    """What is known of a batch before it is sent; `models` are those that its requests ask."""

    requests: int
    models: frozenset[str]
    sent_at: datetime


@dataclass(slots=True)
class Model:
    """Learned from batches and from cancellations; `canceling` holds the seconds of the latter.

    One serves for one moment: what it has learned is kept by size and models, and every kind is
    taken to be sent when the first one is.
    """

    history: Sequence[Seen] = ()
    canceling: Sequence[Observation] = ()
    _known: dict[tuple[int, frozenset[str]], Distribution] = field(default_factory=dict)
    _aged: list["_Aged"] = field(default_factory=list)
    _canceled: Distribution | None = None

    def foresee(self, kind: Kind) -> "Foreseen":
        """How long such a batch will take."""
        # Sizes that differ by less than a tenth are foreseen alike.
        step = round(log(max(kind.requests, 1)) / log(1.1))
        key = (step, kind.models)
        if key not in self._known:
            self._known[key] = self._learn(kind)
        return Foreseen(prior.typical(kind.requests), self._known[key])

    def canceled_within(self, quantile: float) -> float:
        """Seconds from the wish to cancel a batch to its end, with this probability."""
        if self._canceled is None:
            points = [prior.canceling(point) for point in _points()]
            self._canceled = Distribution([*even(points, PRIOR_WEIGHT), *self.canceling])
        return self._canceled.quantile(quantile)

    def _learn(self, kind: Kind) -> Distribution:
        usual = even([prior.ratio(point) for point in _points()], PRIOR_WEIGHT)
        if len(self._aged) != len(self.history):
            # In this order the observations below are nearly sorted, which makes that quick.
            self._aged = sorted(
                (_aged(one, kind.sent_at) for one in self.history), key=itemgetter(0)
            )
        size = log(max(kind.requests, 1))
        own = [
            Observation(
                one.ratio,
                one.weight
                * exp(-0.5 * ((one.size - size) / log(SIZES_ALIKE)) ** 2)
                * (SAME_MODELS if one.models == kind.models else 1.0),
                one.has_ended,
            )
            for one in self._aged
        ]
        return Distribution([*usual, *own])


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Of one batch: its durations are `typical` seconds times what `ratios` says."""

    typical: float
    ratios: Distribution

    def quantile(self, share: float) -> float:
        """Seconds within which it has ended, with this probability."""
        return min(self.typical * self.ratios.quantile(share), prior.LONGEST)

    def levels(self) -> list[float]:
        """The quantiles at LEVELS."""
        return [self.quantile(level) for level in LEVELS]


def _points() -> list[float]:
    return [(number + 0.5) / PRIOR_POINTS for number in range(PRIOR_POINTS)]


class _Aged(NamedTuple):
    """A batch of the history as it is at a moment: what of it is the same for all kinds."""

    ratio: float
    """How many times longer it took than is typical of its size."""
    size: float
    """The logarithm of its requests."""
    weight: float
    """How much it says about a batch of its own size and of other models."""
    has_ended: bool
    models: frozenset[str]


def _aged(one: Seen, now: datetime) -> _Aged:
    age = max(now - one.sent_at, timedelta())
    weight = float(0.5 ** (age / HALF_LIFE))
    if min(age % WEEK, WEEK - age % WEEK) <= HOURS_ALIKE:
        weight *= SAME_HOURS
    ratio = max(one.seconds, 1.0) / prior.typical(one.requests)
    return _Aged(ratio, log(max(one.requests, 1)), weight, one.has_ended, one.models)
