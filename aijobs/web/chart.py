"""The bars of what was spent and saved by day, laid out in percent of the drawing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from math import ceil

from aijobs.reading.money import Money
from citizenapp.tenants import reader

MOST_LINES = 5  # above the ground
MOST_DATES = 5
_STEPS = [Decimal(step) for step in ("1", "2", "2.5", "5", "10")]


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart: a bar of full price, of which the lower part was spent."""

    day: date
    x: float
    width: float
    slot: float
    slot_width: float
    spent_height: float
    saved_height: float

    @property
    def spent_y(self) -> float:
        return round(100 - self.spent_height, 3)

    @property
    def saved_y(self) -> float:
        return round(self.spent_y - self.saved_height, 3)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the scale, and what it stands for in USD."""

    y: float
    amount: str


# Without slots: what is asked for by every bar is worked out once.
@dataclass(frozen=True)
class Chart:
    """`days` holds every day of the period in order, at least one.

    Charts that are to be compared share a scale: `highest` is the highest full price of a day in
    any of them. A small one has fewer lines.
    """

    days: list[tuple[date, Money]]
    highest: Decimal | None = None
    most_lines: int = MOST_LINES
    most_dates: int = MOST_DATES

    @cached_property
    def peak(self) -> Decimal:
        """The highest full price of a day that has to fit in."""
        if self.highest is not None:
            return self.highest
        return max((money.full for _, money in self.days), default=Decimal(0))

    @cached_property
    def step(self) -> Decimal:
        """USD between two lines: a round number, and as small as few lines allow."""
        if not self.peak:
            return Decimal(0)
        unit = Decimal(1).scaleb((self.peak / self.most_lines).adjusted())
        return next(step * unit for step in _STEPS if step * unit * self.most_lines >= self.peak)

    @cached_property
    def count(self) -> int:
        """How many lines are above the ground: the highest is at or above the highest day."""
        return ceil(self.peak / self.step) if self.peak else 0

    @cached_property
    def top(self) -> Decimal:
        """What the whole height stands for, in USD."""
        return self.step * self.count

    @property
    def lines(self) -> list[Line]:
        """From the top to the ground."""
        exponent = self.step.normalize().as_tuple().exponent
        places = max(0, -exponent) if isinstance(exponent, int) else 0
        # Cents have two places.
        places = 2 if places == 1 else places
        return [
            Line(
                round(100 - 100 * number / self.count, 3),
                reader.usd(self.step * number, places if number else 0),
            )
            for number in range(self.count, -1, -1)
            if self.count
        ]

    @property
    def dates(self) -> Iterator[tuple[date, float]]:
        """Some days at equal distances, each with the middle of its bar."""
        every = -(-len(self.days) // self.most_dates)
        width = 100 / len(self.days)
        for number in range(0, len(self.days), every):
            yield self.days[number][0], round(number * width + width / 2, 3)

    @property
    def bars(self) -> list[tuple[Bar, Money]]:
        """One for each day, with what it stands for; none where nothing was charged."""
        if not self.top:
            return []
        step = 100 / len(self.days)
        return [
            (
                Bar(
                    day=day,
                    x=round(number * step + step * 0.12, 3),
                    width=round(step * 0.76, 3),
                    slot=round(number * step, 3),
                    slot_width=round(step, 3),
                    spent_height=round(float(100 * money.cost / self.top), 3),
                    saved_height=round(float(100 * money.saved / self.top), 3),
                ),
                money,
            )
            for number, (day, money) in enumerate(self.days)
        ]
