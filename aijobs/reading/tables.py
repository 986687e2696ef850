"""Tables that are handed out: CSV in which nothing becomes a formula, and that of spending."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from aijobs.jobtypes.text import utf8
from aijobs.reading.money import Money

# What a spreadsheet takes for the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# By this mark Excel knows a CSV as UTF-8. Programs may take it for a part of the first header.
BYTE_ORDER_MARK = "\ufeff"
# One below zero is a number, and no formula.
_AMOUNT = re.compile(r"-\d+\.\d{10}")

COUNTS = (
    *("jobs", "answers", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_write_tokens"),
)
COSTS = ("cost_usd", "sync_cost_usd", "saved_usd", "batch_sync_cost_usd", "cache_saved_usd")


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows of cells; one that would be a formula begins with an apostrophe."""
    text = io.StringIO()
    csv.writer(text).writerows([_guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def spending_header(names: Sequence[str]) -> list[str]:
    """The columns of a table of spending, grouped by these names."""
    return [*names, *COUNTS, *COSTS]


def spending_cells(group: Sequence[Any], money: Money) -> list[str | int | float]:
    """A row of it for a workbook, in which amounts are numbers; one value for each name."""
    counts = [getattr(money, name) for name in COUNTS]
    return [*_names(group), *counts, *(float(amount) for amount in _amounts(money))]


def spending_texts(group: Sequence[Any], money: Money) -> list[str]:
    """The same row for a CSV, with every place that the ledger keeps."""
    counts = [str(getattr(money, name)) for name in COUNTS]
    return [*_names(group), *counts, *(f"{amount:.10f}" for amount in _amounts(money))]


def _names(group: Sequence[Any]) -> list[str]:
    return [utf8(str(value)) for value in group]


def _amounts(money: Money) -> tuple[Any, ...]:
    return money.cost, money.full, money.saved, money.batch_full, money.cache_saved


def _guarded(cell: str) -> str:
    is_formula = cell.startswith(FORMULA_STARTS) and not _AMOUNT.fullmatch(cell)
    return f"'{cell}" if is_formula else cell
