"""When a batch ends, as quantiles: before it is sent, and while it goes on.

Durations are seconds from its sending; levels, chances and shares are from 0 to 1.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from aijobs.turnaround import prior
from aijobs.turnaround.model import LEVELS

# Of ten that are told to end between two moments, one ends before them and one after.
EARLY, LATE = 0.1, 0.9

# Nothing ends before, and everything by then.
_ENDS = (0.0, *LEVELS, 1.0)


@dataclass(frozen=True, slots=True)
class Promise:
    """`seconds`: for each of LEVELS, within how many a batch has ended with that probability.

    Between two of them the logarithm is taken as a straight line.
    """

    seconds: Sequence[float]

    def within(self, level: float) -> float:
        """Seconds from its sending to its end, with this probability: the inverse of `share`."""
        points = self._points()
        at = max(1, min(bisect_left(_ENDS, level), len(_ENDS) - 1))
        return exp(_between(level, _ENDS[at - 1 : at + 1], points[at - 1 : at + 1]))

    def more(self, level: float, elapsed: float) -> float:
        """Further seconds to the end of a batch that goes on after so many, at this level."""
        gone = self.share(elapsed)
        return max(self.within(gone + (1 - gone) * level) - elapsed, 0.0)

    def chance(self, more: float, elapsed: float) -> float:
        """The probability that a batch that goes on after so many seconds ends in so many more."""
        gone = self.share(elapsed)
        if gone >= 1:
            return 1.0
        return max(0.0, self.share(elapsed + more) - gone) / (1 - gone)

    def times(self, factor: float) -> "Promise":
        """The same where everything takes so many times longer."""
        return Promise([min(one * factor, prior.LONGEST) for one in self.seconds])

    def share(self, seconds: float) -> float:
        """The probability that it has ended after so many seconds."""
        points = self._points()
        at = bisect_right(points, log(max(seconds, 1.0)))
        if at == len(points):
            return 1.0
        if at == 0:
            return 0.0
        return _between(log(max(seconds, 1.0)), points[at - 1 : at + 1], _ENDS[at - 1 : at + 1])

    def _points(self) -> list[float]:
        """The logarithms of the seconds at _ENDS."""
        seconds = [min(max(one, 1.0), prior.LONGEST) for one in self.seconds]
        return [0.0, *map(log, seconds), log(prior.LONGEST)]


def _between(value: float, known: Sequence[float], wanted: Sequence[float]) -> float:
    """On the straight line through two points."""
    width = known[1] - known[0]
    part = (value - known[0]) / width if width > 0 else 1.0
    return wanted[0] + part * (wanted[1] - wanted[0])
