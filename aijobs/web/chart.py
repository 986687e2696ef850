"""The bars of what was spent and saved by day, laid out in percent of the drawing."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aijobs.reading.money import Money


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart: a bar of full price, of which the lower part was spent."""

    day: date
    x: float
    width: float
    spent_height: float
    saved_height: float

    @property
    def spent_y(self) -> float:
        return 100 - self.spent_height

    @property
    def saved_y(self) -> float:
        return self.spent_y - self.saved_height


@dataclass(frozen=True, slots=True)
class Chart:
    """`days` holds every day of the period in order, at least one."""

    days: list[tuple[date, Money]]

    @property
    def first(self) -> date:
        return self.days[0][0]

    @property
    def last(self) -> date:
        return self.days[-1][0]

    @property
    def top(self) -> Decimal:
        """The full price of the dearest day, in USD."""
        return max((money.full for _, money in self.days), default=Decimal(0))

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
                    spent_height=round(float(100 * money.cost / self.top), 3),
                    saved_height=round(float(100 * money.saved / self.top), 3),
                ),
                money,
            )
            for number, (day, money) in enumerate(self.days)
        ]
