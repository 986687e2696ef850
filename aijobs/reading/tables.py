"""Tables that are handed out: of spending, of quotes and of the budget, for CSV and workbooks."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from aijobs.budgets.standing import Standing
from aijobs.jobtypes.text import utf8
from aijobs.models import Quote
from aijobs.reading.money import Money
from aijobs.reading.pages import first_id_of
from aijobs.reading.usage import Period
from citizenapp.tenants.models import Tenant

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
QUOTES = (
    *("quote_id", "confirmed_at", "created_by", "job_type", "jobs"),
    *("low_usd", "likely_usd", "high_usd", "charged_usd", "is_within", "job_id", "collection_id"),
)
BUDGET = ("month", "budget_usd", "limit_usd", "spent_usd", "reserved_usd", "left_usd")
COSTS = ("cost_usd", "sync_cost_usd", "saved_usd", "batch_sync_cost_usd", "cache_saved_usd")


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows of cells; one that would be a formula begins with an apostrophe."""
    text = io.StringIO()
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
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


class Table(NamedTuple):
    """Rows under a header; amounts are Decimal, and what is not there is None."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]


def quotes_table(tenant: Tenant, period: Period) -> Table:
    """Quotes of a time that were confirmed, beside what was charged once all was over."""
    return Table("quotes", QUOTES, _quotes(tenant, period))


def budget_table(found: Standing) -> Table:
    """How the month of a tenant stands."""
    month = found.month.first_day.isoformat()
    amounts = (found.budget, found.limit, found.spent, found.reserved, found.left)
    return Table("budget", BUDGET, [(month, *amounts)])


def table_texts(row: Sequence[Any]) -> list[str]:
    """A row for a CSV, with every place that the ledger keeps."""
    return [f"{cell:.10f}" if isinstance(cell, Decimal) else _name(cell) for cell in row]


def table_cells(row: Sequence[Any]) -> list[str | int | float]:
    """The same row for a workbook, in which amounts and counts are numbers."""
    return [
        float(cell) if isinstance(cell, Decimal) else cell if isinstance(cell, int) else _name(cell)
        for cell in row
    ]


def _quotes(tenant: Tenant, period: Period) -> Iterator[Sequence[Any]]:
    found = Quote.objects.filter(
        tenant=tenant,
        pk__gte=first_id_of(period.since),
        pk__lt=first_id_of(period.until),
        confirmed_at__isnull=False,
    ).order_by("pk")
    for quote in found.defer("fields", "answer", "queued").iterator(chunk_size=1_000):
        charged = quote.charged_usd
        is_within = "" if charged is None else quote.low_usd <= charged <= quote.high_usd
        confirmed_at = quote.confirmed_at
        yield (
            *(quote.pk, confirmed_at and f"{confirmed_at:%Y-%m-%dT%H:%M:%SZ}", quote.created_by),
            *(quote.job_type, quote.jobs, quote.low_usd, quote.likely_usd, quote.high_usd),
            *(charged, str(is_within).lower(), quote.job_id, quote.collection_id),
        )


def _name(value: Any) -> str:
    return "" if value is None else utf8(str(value))


def _names(group: Sequence[Any]) -> list[str]:
    return [utf8(str(value)) for value in group]


def _amounts(money: Money) -> tuple[Any, ...]:
    return money.cost, money.full, money.saved, money.batch_full, money.cache_saved


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    is_formula = cell.startswith(FORMULA_STARTS) and not _AMOUNT.fullmatch(cell)
    return f"'{cell}" if is_formula else cell
