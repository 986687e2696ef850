"""Whether Anthropic is slow at the moment: seen by the batches of the last hour alone.

Nothing of it is stored. When the batches that show it are an hour old, it is over by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import comb
from statistics import median

from aijobs.turnaround.model import LEVELS

RECENT = timedelta(hours=1)
# The probability below which so many late batches are no chance any more.
CHANCE = 0.01
# The share of batches that take longer than nine of ten were promised to.
TENTH = 0.1

_USUAL, _LATE = LEVELS.index(0.5), LEVELS.index(0.9)


@dataclass(frozen=True, slots=True)
class Recent:
    """A batch that ended lately, or goes on: what was promised, and its seconds by now."""

    promised: tuple[float, ...]
    seconds: float
    has_ended: bool


@dataclass(frozen=True, slots=True)
class Conditions:
    """`factor`: how many times longer than usual batches take; 1 where nothing is unusual."""

    factor: float = 1.0

    @property
    def is_slow(self) -> bool:
        """Whether batches take longer than usual."""
        return self.factor > 1

    @property
    def told(self) -> str:
        """The same in a sentence; empty where nothing is unusual."""
        if not self.is_slow:
            return ""
        factor = max(self.factor, 1.1)
        times = f"{factor:.1f}".removesuffix(".0") if factor < 3 else round(factor)
        return f"Batches take about {times} times as long as usual at the moment."


def observe(recent: Iterable[Recent]) -> Conditions:
    """Slow is when more batches are late than chance would have it.

    Late is what took longer than nine of ten were promised to take. Of those that go on, only the
    late ones count: of the others nobody knows yet.
    """
    known = [one for one in recent if one.has_ended or one.seconds > one.promised[_LATE]]
    late = [one for one in known if one.seconds > one.promised[_LATE]]
    if not late or _chance_of(len(late), len(known)) > CHANCE:
        return Conditions()
    return Conditions(max(1.0, median(one.seconds / one.promised[_USUAL] for one in known)))


def _chance_of(late: int, batches: int) -> float:
    """That so many or more of so many are late, when each is with a probability of TENTH."""
    return sum(
        comb(batches, number) * TENTH**number * (1 - TENTH) ** (batches - number)
        for number in range(late, batches + 1)
    )


def since(now: datetime) -> datetime:
    """What ended before then says nothing about now."""
    return now - RECENT
