"""A workbook, unpacked in a confined process into records."""

import io
import json
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from .confined import Bounds, Confined, Unreadable
from .table_parts import Record, Sheet, TableLimits, UnreadableTable

_LONGEST_NAME = 1_000


class WorkbookFile:
    """The rows of one sheet of a workbook, and what was told about it."""

    def __init__(
        self, file: BinaryIO, sheet: str | None, fields: Collection[str], limits: TableLimits
    ) -> None:
        wanted = {
            "sheet": None if sheet is None else sheet[:_LONGEST_NAME],
            "fields": list(fields),
            "rows": limits.rows + 2,
        }
        stack = ExitStack()
        bounds = Bounds(limits.seconds, limits.unpacked)
        try:
            with Confined() as confined:
                self._output = stack.enter_context(
                    confined.extracted("workbook", file, bounds, wanted)
                )
        except Unreadable as refused:
            raise UnreadableTable(str(refused)) from None
        self.close = stack.close
        end = self._output.seek(-20, io.SEEK_END)
        self._size = int(self._output.read())
        self._output.seek(self._size)
        about = json.loads(self._output.read(end - self._size))
        self.sheets = tuple(Sheet(*each) for each in about["sheets"])
        self.sheet: str = about["sheet"]
        self.warnings = tuple(about["warnings"])
        # By row, the columns that a merged cell covers.
        self._merges: list[list[int]] = sorted(about["merges"])

    def records(self) -> Iterator[Record]:
        """The records, from the first on."""
        position = 0
        merges = _Merges(self._merges)
        while position < self._size:
            self._output.seek(position)
            line = self._output.readline()
            position += len(line)
            number, cells, errors = json.loads(line)
            yield merges.applied(number, cells, {int(at): text for at, text in errors.items()})


class _Merges:
    """Merged cells: what stands in their first is shown, what they cover is not."""

    def __init__(self, ranges: list[list[int]]) -> None:
        self._ranges = ranges
        self._next = 0
        self._open: list[list[int]] = []

    def applied(self, number: int, cells: list[str], errors: dict[int, str]) -> Record:
        """The row without what is covered; rows come from the top downwards."""
        while self._next < len(self._ranges) and self._ranges[self._next][0] <= number:
            self._open.append(self._ranges[self._next])
            self._next += 1
        if self._open:
            self._open = [each for each in self._open if each[2] >= number]
        for top, first, _, last in self._open:
            for column in range(first, min(last + 1, len(cells))):
                if (number, column) != (top, first):
                    cells[column] = ""
                    errors.pop(column, None)
        return number, cells, errors
