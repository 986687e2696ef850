"""How sums of money are written. One rule (docs/decisions/0009-the-shown-price.md):

- Sums that stand together, on a card or in a table and its total, have the same decimal places.
- They add up as they stand there: what was spent and what was saved to the full price, and the
  rows of a table to its total. So they are divided, not rounded one by one.
- What was saved is rounded down, and a range outwards.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple, Protocol

from django import template

from citizenapp.tenants import reader

register = template.Library()

LEDGER_PLACES = 10
_FIGURES = 3  # of the largest of some sums, so cents from one dollar on
_FEWER_FIGURES = 2  # of a bound, and of the smallest sum in a list
_LEAST_PLACES = 2


class Sums(Protocol):
    """What some usage cost, what it costs at full price, and the difference; in USD."""

    @property
    def cost(self) -> Decimal: ...
    @property
    def full(self) -> Decimal: ...
    @property
    def saved(self) -> Decimal: ...


class Foreseen(Protocol):
    """A saving that was predicted, and what came of it; in USD."""

    @property
    def predicted(self) -> Decimal: ...
    @property
    def saved(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """The three sums as they are written, and the value that is written for the full price."""

    cost: str
    full: str
    saved: str
    full_value: Decimal


def written(amount: Decimal, places: int) -> str:
    """An amount that has no more than so many places, as the reader writes it: "$1,234.50"."""
    return reader.usd(amount, places)


def places_for(amounts: Iterable[Decimal], figures: int = _FIGURES) -> int:
    """How many places let the largest amount show so many figures: cents at least."""
    largest = max(map(abs, amounts), default=Decimal(0))
    if not largest:
        return _LEAST_PLACES
    return min(max(_LEAST_PLACES, figures - 1 - largest.adjusted()), LEDGER_PLACES)


class Range(Protocol):
    """What a sum may turn out to be, in USD."""

    @property
    def low(self) -> Decimal: ...
    @property
    def high(self) -> Decimal: ...


def between(*ranges: Range) -> list[str]:
    """Ranges that stand together, rounded outwards: two figures of the highest end of them."""
    places = places_for([one.high for one in ranges], _FEWER_FIGURES)
    return [
        f"{written(_rounded(one.low, places, ROUND_FLOOR), places)}–"
        f"{written(_rounded(one.high, places, ROUND_CEILING), places)}"
        for one in ranges
    ]


def exact(amounts: Sequence[Decimal]) -> list[str]:
    """Amounts that stand together to the last place that one of them has: cents at least."""
    places = max([_LEAST_PLACES, *(_places_of(amount) for amount in amounts)])
    return [written(amount, places) for amount in amounts]


def divided(amounts: Sequence[Decimal], total: Decimal, places: int) -> list[Decimal]:
    """The amounts with so many places, such that they add up to `total`.

    `total` has no more than `places`, and differs from the true sum by less than one unit of the
    last place; so does each amount then. What rounding down leaves over goes to those that lost
    most by it, the earlier one first.
    """
    unit = Decimal(1).scaleb(-places)
    down = [_rounded(amount, places, ROUND_FLOOR) for amount in amounts]
    left = int((total - sum(down, Decimal(0))) / unit)
    losers = sorted(range(len(down)), key=lambda i: down[i] - amounts[i])
    for i in losers[:left]:
        down[i] += unit
    return down


def of_one(sums: Sums, places: int) -> tuple[Decimal, Decimal, Decimal]:
    """Cost, full price and saving with so many places: the first is the rest of the others."""
    full = _rounded(sums.full, places, ROUND_FLOOR)
    saved = _rounded(sums.saved, places, ROUND_FLOOR)
    return full - saved, full, saved


@register.filter
def cents(amount: Decimal) -> str:
    """A sum by itself, which is nobody's bill: three figures of it, cents at least."""
    places = places_for([amount])
    return written(_rounded(amount, places, ROUND_FLOOR), places)


@register.filter
def in_range(amount: Decimal, highest: Decimal) -> str:
    """A sum that stands beside a range with this end: with as many places."""
    places = places_for([highest], _FEWER_FIGURES)
    return written(_rounded(amount, places, ROUND_HALF_EVEN), places)


@register.filter
def level_with(amount: Decimal, other: Decimal) -> str:
    """One of two sums beside one another: both have the places that the larger one needs."""
    places = places_for([amount, other])
    return written(_rounded(amount, places, ROUND_FLOOR), places)


@register.filter
def together(sums: Sums) -> Shown:
    """The three sums of one card: as many places as the full price needs for three figures."""
    places = places_for([sums.full])
    return _shown(*of_one(sums, places), places)


@register.filter
def exactly(sums: Sums) -> Shown:
    """The three sums of one card to the last place that the ledger keeps."""
    cost, full, saved = exact([sums.cost, sums.full, sums.saved])
    return Shown(cost, full, saved, sums.full)


@register.filter
def to_the_last_place(sums: Sums) -> Shown:
    """The three sums with every place that the ledger keeps, as rows of a table have them."""
    return _shown(sums.cost, sums.full, sums.saved, LEDGER_PLACES)


@register.filter
def foreseen(caching: Foreseen) -> list[str]:
    """What was to be saved and what was, both rounded down."""
    amounts = [caching.predicted, caching.saved]
    places = places_for(amounts)
    return [written(_rounded(amount, places, ROUND_FLOOR), places) for amount in amounts]


@register.filter
def singly(rows: Sequence[Any]) -> list[tuple[Any, Shown | None]]:
    """Each row with its sums, in one unit for the whole table, where no total is shown.

    The unit is small enough for two figures of the smallest sum: what costs something is never
    written as $0.00. A row has its sums in `money`, which may be None.
    """
    fulls = [row.money.full for row in rows if row.money]
    smallest = min((full for full in fulls if full), default=Decimal(0))
    places = max(places_for(fulls), places_for([smallest], _FEWER_FIGURES))
    return [
        (row, _shown(*of_one(row.money, places), places) if row.money else None) for row in rows
    ]


@register.filter
def adding_up_to(rows: Sequence[tuple[Any, Sums]], total: Sums) -> list[tuple[Any, Sums, Shown]]:
    """Rows of (name, sums), each with what is written for it: together what `total` shows.

    `total` is written by `together`, and is the sum of all rows.
    """
    places = places_for([total.full])
    cost, _, saved = of_one(total, places)
    costs = divided([sums.cost for _, sums in rows], cost, places)
    savings = divided([sums.saved for _, sums in rows], saved, places)
    return [
        (name, sums, _shown(spent, spent + kept, kept, places))
        for (name, sums), spent, kept in zip(rows, costs, savings, strict=True)
    ]


@register.filter
def dearest(rows: Sequence[tuple[Any, Sums, Shown]]) -> str:
    """The highest full price among rows of `adding_up_to`, as it is written for its row."""
    shown = max((shown for *_, shown in rows), key=lambda one: one.full_value, default=None)
    return shown.full if shown else written(Decimal(0), _LEAST_PLACES)


class Compared(NamedTuple):
    """What something was, would be, and the difference, as they are written."""

    name: Any
    was: str
    would_be: str
    difference: str


def compared(
    rows: Sequence[tuple[Any, Sums, Sums]], was: Sums, would_be: Sums
) -> tuple[list[Compared], Compared]:
    """Rows of (name, was, would be), and their totals: what each row and each column shows adds up.

    The totals are written as `together` would, but with as many places as the larger needs.
    """
    places = places_for([was.full, would_be.full])
    totals = [of_one(total, places)[0] for total in (was, would_be)]
    columns = [
        divided([row[column].cost for row in rows], total, places)
        for column, total in zip((1, 2), totals, strict=True)
    ]

    def line(name: Any, before: Decimal, after: Decimal) -> Compared:
        return Compared(name, *(written(one, places) for one in (before, after, after - before)))

    lines = [line(row[0], *pair) for row, *pair in zip(rows, *columns, strict=True)]
    return lines, line("", *totals)


@register.filter
def beside(amount: Decimal, total: Sums) -> str:
    """Another amount on a card of `total`: with as many places, rounded down."""
    places = places_for([total.full])
    return written(_rounded(amount, places, ROUND_FLOOR), places)


def _shown(cost: Decimal, full: Decimal, saved: Decimal, places: int) -> Shown:
    return Shown(written(cost, places), written(full, places), written(saved, places), full)


def _rounded(amount: Decimal, places: int, rounding: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), rounding=rounding)


def _places_of(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
