"""What the readers of workbooks have in common: sheets, records, and what is to be told of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

# The number of a row, its cells, and by index those that cannot be read with the reason.
Record = tuple[int, list[str], dict[int, str]]

NO_VALUE = "formula without a stored value"
_RANGE = re.compile(r"([A-Z]+)(\d+):([A-Z]+)(\d+)$")
_MOST_MERGED = 100_000


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A worksheet of a workbook."""

    name: str
    is_hidden: bool


@dataclass(slots=True)
class Told:
    """What was met while a sheet was read, beside its rows."""

    hidden_rows: int = 0
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row, first column, last row and last column of merged cells; columns from 0."""
    notes: list[str] = field(default_factory=list)

    def merged(self, reference: str) -> None:
        """Keep a range like "A1:B2"."""
        if (found := _RANGE.match(reference)) and len(self.merges) < _MOST_MERGED:
            first, top, last, bottom = found.groups()
            self.merges.append((int(top), _index(first), int(bottom), _index(last)))

    def warnings(self) -> list[str]:
        """Sentences about it, which quote nothing."""
        told = list(self.notes)
        if self.hidden_rows:
            told.append(counted(self.hidden_rows, "hidden row was", "hidden rows were"))
        if self.hidden_columns:
            told.append(
                counted(len(self.hidden_columns), "hidden column was", "hidden columns were")
            )
        return told


class Book(Protocol):
    """An open workbook."""

    sheets: list[SheetInfo]

    def records(self, index: int, told: Told) -> Iterator[Record]:
        """The shown rows of a sheet; what else was met is put into `told`."""


def counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many} passed over"


def _index(letters: str) -> int:
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    return column - 1
