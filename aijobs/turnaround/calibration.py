"""What was foreseen, corrected by what came true.

Split-conformal prediction (V. Vovk et al., Algorithmic Learning in a Random World, 2005; for
quantiles: Y. Romano et al., Conformalized Quantile Regression, 2019): with each batch is stored
what was foreseen when it was sent. How many times longer it took than a quantile said is its score.
A quantile is multiplied by the same quantile of the scores of past batches. So, as long as batches
go on as they did, so many of them end within it, whatever the model is worth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, exp, floor, log

from aijobs.turnaround.model import LEVELS
from aijobs.turnaround.survival import Distribution, Observation


@dataclass(frozen=True, slots=True)
class Past:
    """A batch that has ended: what was foreseen and promised at LEVELS, and what it took."""

    foreseen: Sequence[float]
    promised: Sequence[float]
    seconds: float
    has_ended: bool = True
    """Otherwise it was canceled after so many seconds, and would have gone on."""


class Correction:
    """Factors for the quantiles at LEVELS, learned from batches that are over."""

    def __init__(self, past: Sequence[Past]) -> None:
        self._factors = [_factor(past, at, level) for at, level in enumerate(LEVELS)]

    def apply(self, foreseen: Sequence[float]) -> list[float]:
        """The seconds that can be promised at LEVELS, of those foreseen there.

        Quantiles never cross: each is at least the one before.
        """
        corrected = (value * factor for value, factor in zip(foreseen, self._factors, strict=True))
        return list(accumulate(corrected, max))


def _factor(past: Sequence[Past], at: int, level: float) -> float:
    """1 where there are too few batches to say anything about this level.

    With n of them, the least score that at most a share of 1 - level will exceed is the one in
    place (n + 1) * level; for low levels it is counted from the other end. Those that were canceled
    are the slow ones. Left out, they would make batches look quicker than they are: they count as
    taking longer than that, as in the model.
    """
    place = (len(past) + 1) * level
    place = ceil(place) if level >= 0.5 else floor(place)
    if not 1 <= place <= len(past):
        return 1.0
    scores = Distribution(
        Observation(log(max(one.seconds, 1.0) / one.foreseen[at]), 1.0, one.has_ended)
        for one in past
    )
    return exp(scores.quantile(place / len(past)))


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of the batches that were promised to end within a time at this level, how many did."""

    level: float
    batches: int
    came_true: int

    @property
    def share(self) -> float:
        """What came true of them, from 0 to 1; 0 where there were none."""
        return self.came_true / self.batches if self.batches else 0.0


def reliability(past: Iterable[Past]) -> list[Reliability]:
    """What came true of promises, level by level. Each was made before its batch had ended."""
    known = list(past)
    return [
        Reliability(level, len(known), sum(one.seconds <= one.promised[at] for one in known))
        for at, level in enumerate(LEVELS)
    ]


def within_range(past: Iterable[Past], low: float = 0.1, high: float = 0.9) -> tuple[int, int]:
    """How many batches ended between these two promises, and of how many."""
    first, last = LEVELS.index(low), LEVELS.index(high)
    known = list(past)
    inside = sum(one.promised[first] <= one.seconds <= one.promised[last] for one in known)
    return inside, len(known)
