"""An uploaded table, read row by row: CSV, a workbook or NDJSON."""

import io
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import PurePath
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

from . import csv_file, ndjson_file, workbook_file
from .encoding import charset_of
from .table_parts import DEFAULT_LIMITS, Record, Sheet, TableLimits, UnreadableTable

__all__ = ["Row", "Sheet", "Table", "TableLimits", "UnreadableTable", "open_table"]

_KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xltx": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
_UNSUPPORTED = "This kind of file cannot be read. Upload .csv, .xlsx or .ndjson (.xls, .ods too)."
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Row(NamedTuple):
    """A row of a table, numbered as a spreadsheet or editor shows it."""

    number: int
    cells: dict[str, Any]
    """What stands under each header; for NDJSON what the object holds."""
    errors: dict[str, str]
    """By header, why a cell cannot be read: "#N/A"."""


class Table:
    """An open table. It is a context manager; what it holds is let go with it at the latest."""

    def __init__(
        self,
        kind: str,
        header: tuple[str, ...] | None,
        rows: Callable[[], Iterator[Row]],
        *,
        sheets: tuple[Sheet, ...] = (),
        sheet: str | None = None,
        warnings: tuple[str, ...] = (),
        close: Callable[[], object] | None = None,
    ) -> None:
        self.kind = kind
        """csv, ndjson or workbook."""
        self.sheets = sheets
        """The worksheets of a workbook, in their order."""
        self.sheet = sheet
        """The name of the one that is read."""
        self.header = header
        """The headers as written, without spaces around them; None for NDJSON."""
        self.warnings = warnings
        """What was passed over, and what is worth knowing. They quote no cell."""
        self._rows = rows
        self.close: Callable[[], object] = weakref.finalize(self, close) if close else lambda: None
        """Let go of what was unpacked. The file itself stays open."""

    def rows(self) -> Iterator[Row]:
        """The rows from the first on; blank ones are left out. Raises UnreadableTable at any row.

        One walk at a time: a second begins anew and ends the first.
        """
        # As a generator it keeps the table, and what it holds, until the last row.
        yield from self._rows()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_table(
    file: BinaryIO,
    filename: str,
    *,
    sheet: str | None = None,
    fields: Collection[str] = (),
    content_type: str | None = None,
    limits: TableLimits = DEFAULT_LIMITS,
) -> Table:
    """Open a table, whatever it is called.

    Of a workbook `sheet` is read; without it the visible sheet whose header fits best to `fields`,
    the names of the columns that are wanted. The charset in `content_type` counts for text. `file`
    must be seekable and stay open. Raises UnreadableTable.
    """
    if file.seek(0, io.SEEK_END) > limits.size:
        raise UnreadableTable(
            f"The file is too large: at most {limits.size // 1_000_000} MB are accepted."
        )
    charset = charset_of(content_type)
    kind = _kind(file, PurePath(filename).suffix.lower())
    file.seek(0)
    if kind == "ndjson":
        encoding = ndjson_file.encoding(file, charset)

        def objects() -> Iterator[Row]:
            found = ndjson_file.objects(file, encoding, limits)
            return _counted((Row(number, cells, {}) for number, cells in found), limits)

        return Table(kind, None, objects)
    if kind == "csv":
        source = csv_file.CsvFile(file, charset, limits)
        header, _ = _header(source.records(), limits)
        return Table(
            kind,
            tuple(header.values()),
            lambda: _rows(source.records(), limits),
            warnings=source.warnings,
        )
    book = workbook_file.WorkbookFile(file, sheet, fields, limits)
    header, _ = _header(book.records(), limits)
    return Table(
        kind,
        tuple(header.values()),
        lambda: _rows(book.records(), limits),
        sheets=book.sheets,
        sheet=book.sheet,
        warnings=book.warnings,
        close=book.close,
    )


def _kind(file: BinaryIO, suffix: str) -> str:
    """What a table is: by its first bytes, then by its name."""
    file.seek(0)
    start = file.read(64)
    if not start:
        raise UnreadableTable("The file is empty.")
    if start.startswith((_ZIP, _OLE)):
        return "workbook"
    if start.startswith((b"%PDF-", b"{\\rtf")) or (suffix and suffix not in _KINDS):
        raise UnreadableTable(_UNSUPPORTED)
    kind = _KINDS.get(suffix, "csv")
    if kind == "workbook":
        raise UnreadableTable(f"The file is not an {suffix} workbook, or it is damaged.")
    if start.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"{"):
        return "ndjson"
    return kind


def _counted(rows: Iterable[Row], limits: TableLimits) -> Iterator[Row]:
    count = 0
    for row in rows:
        count += 1
        if count > limits.rows:
            raise UnreadableTable(f"The table has more than {limits.rows:,} rows.")
        yield row
    if not count:
        raise UnreadableTable("The table has no rows.")


def _rows(records: Iterator[Record], limits: TableLimits) -> Iterator[Row]:
    header, rest = _header(records, limits)
    return _counted(_under_header(header, rest, limits), limits)


def _under_header(
    header: dict[int, str], records: Iterable[Record], limits: TableLimits
) -> Iterator[Row]:
    last = max(header)
    for number, cells, errors in records:
        for index, cell in enumerate(cells):
            if index in header or not (cell.strip() or index in errors):
                continue
            if index > last:
                count = max(i for i, each in enumerate(cells) if each.strip() or i in errors) + 1
                raise UnreadableTable(
                    f"Row {number:,} has {count} cells; the header has {last + 1}."
                )
            raise UnreadableTable(f"Column {_column(index + 1)} has no name in the header.")
        if max(map(len, cells)) > limits.cell:
            raise csv_file.too_long(number, limits)
        size = len(cells)
        yield Row(
            number,
            {name: cells[index] if index < size else "" for index, name in header.items()},
            {header[index]: reason for index, reason in errors.items()},
        )


def _header(
    records: Iterator[Record], limits: TableLimits
) -> tuple[dict[int, str], Iterator[Record]]:
    """The headers by the index of their columns, and the records below them."""
    found = next((r for r in records if any(cell.strip() for cell in r[1]) or r[2]), None)
    if found is None:
        raise UnreadableTable("The table has no rows.")
    _, cells, errors = found
    for index, reason in errors.items():
        raise UnreadableTable(f"Column {_column(index + 1)} has no name in the header: {reason}.")
    header = {index: cell.strip() for index, cell in enumerate(cells) if cell.strip()}
    if len(header) > limits.columns:
        raise UnreadableTable(
            f"The table has {len(header):,} columns; at most {limits.columns} are accepted."
        )
    first: dict[str, int] = {}
    for index, name in header.items():
        if name in first:
            raise UnreadableTable(
                f"Columns {_column(first[name] + 1)} and {_column(index + 1)} have one name."
            )
        first[name] = index
    return header, _without_blanks(records, are_rows=len(header) == 1)


def _without_blanks(records: Iterable[Record], *, are_rows: bool) -> Iterator[Record]:
    """Without blank rows at the end, and unless they `are_rows` without those between others.

    Where a table has one column, a blank row is an empty cell, and not a row that parts others.
    """
    blanks: list[Record] = []
    for number, cells, errors in records:
        if not errors and not any(cell.strip() for cell in cells):
            if are_rows:
                blanks.append((number, [""], {}))
            continue
        yield from blanks
        blanks.clear()
        yield number, cells, errors


def _column(number: int) -> str:
    """A column's number, and its letters in a spreadsheet: "28 (AB)"."""
    letters = ""
    left = number
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{number} ({letters})"
