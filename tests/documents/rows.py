"""The rows of a table under names that are short to write in a test."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from aijobs.documents import TableLimits, UnreadableTable, open_table

DEFAULT_LIMITS = TableLimits()


def read_table(
    file: BinaryIO, filename: str, *, limits: TableLimits = DEFAULT_LIMITS
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row as (row number, {column: cell}): lower-case names, an underscore for each space.

    Raises UnreadableTable also for a cell that cannot be read.
    """
    table = open_table(file, filename, limits=limits)

    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        with table:
            for number, cells, errors in table.rows():
                for reason in errors.values():
                    raise UnreadableTable(f"Row {number} has a cell that cannot be read: {reason}.")
                yield number, {_short(name): cell for name, cell in cells.items()}

    return rows()


def _short(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.casefold())
