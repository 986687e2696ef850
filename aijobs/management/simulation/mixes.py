"""Days that are built in: who comes, with how much time, and when Anthropic is slow."""

from collections.abc import Sequence
from dataclasses import dataclass

# Of a hundred batches of one size, 68 take between a third of the median and three times as long:
# the standard deviation of the logarithm. Of all sizes together it is 1.68 (turnaround/prior.py).
SPREAD = 1.0


@dataclass(frozen=True, slots=True)
class Mix:
    """`tenants` in the form of `Customer.parse`. `slow`: hours, and how many times longer."""

    title: str
    tenants: Sequence[str]
    slow: Sequence[tuple[int, int, float]] = ()


OFFICE = (
    "desk=120x4/10m-4h~8-18",
    "claims=24x60@3/30m-8h~8-18",
    "letters=40x20~7-19",
    "archive=4x1500/8h-1d~8-18",
)

MIXES = {
    "office": Mix("people at desks, and an archive that has a day", OFFICE),
    "night": Mix(
        "imports in the evening that are needed in the morning",
        ("import=2x8000/6h-12h~19-22", "reports=8x250/2h-8h~20-24", "alarm=24x4/5m-30m"),
    ),
    "bursts": Mix(
        "many at once, within hours, at any time",
        ("portal=16x400/1h-6h", "gold=30x150@3/30m-4h", "small=40x5/5m-1h"),
    ),
    "slow-afternoon": Mix(
        "the office, while batches take five times as long from 13 to 17 h", OFFICE, ((13, 17, 5),)
    ),
}
