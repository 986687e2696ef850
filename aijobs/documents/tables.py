"""An uploaded table, read row by row: CSV, XLSX or NDJSON."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath
from typing import Any, BinaryIO, NoReturn

import orjson

from .confined import Bounds, Unreadable, extracted
from .encoding import UnknownEncoding, encoding_of

Row = tuple[int, dict[str, Any]]

_KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
_UNSUPPORTED = "This kind of file cannot be read. Upload .csv, .xlsx or .ndjson."
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class UnreadableTable(ValueError):
    """A file that no rows can be read from. The message is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class TableLimits:
    """What one table may ask for."""

    size: int = 300_000_000  # bytes
    rows: int = 100_000
    columns: int = 50
    cell: int = 1_000_000  # characters
    unpacked: int = 300_000_000  # bytes of an .xlsx
    seconds: int = 60  # for an .xlsx


DEFAULT_LIMITS = TableLimits()


def read_table(
    file: BinaryIO,
    filename: str,
    *,
    limits: TableLimits = DEFAULT_LIMITS,
) -> Iterator[Row]:
    """The rows of a table as (row number, {column: cell}).

    Row numbers are those a spreadsheet or editor shows, the header being row 1. CSV and XLSX give
    text cells under lower-case column names, an underscore for each space; NDJSON gives what the
    objects hold. Blank rows are left out. `file` must be seekable, and stay open: CSV and NDJSON
    are read as the rows are asked for, so UnreadableTable can be raised at any row.
    """
    if file.seek(0, io.SEEK_END) > limits.size:
        raise UnreadableTable(
            f"The file is too large: at most {limits.size // 1_000_000} MB are accepted."
        )
    kind = _kind(file, PurePath(filename).suffix.lower())
    file.seek(0)
    if kind == "ndjson":
        rows = _ndjson(file, limits)
    else:
        records = _xlsx(file, limits) if kind == "xlsx" else _csv(file, limits)
        rows = _under_header(records, limits)
    return _counted(rows, limits)


def _kind(file: BinaryIO, suffix: str) -> str:
    """What a table is: by its first bytes, then by its name."""
    file.seek(0)
    start = file.read(64)
    if not start:
        raise UnreadableTable("The file is empty.")
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if start.startswith((_OLE, b"%PDF-")) or (suffix and suffix not in _KINDS):
        raise UnreadableTable(_UNSUPPORTED)
    kind = _KINDS.get(suffix, "csv")
    if kind == "xlsx":
        raise UnreadableTable("The file is not an .xlsx workbook, or it is damaged.")
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "ndjson"
    return kind


def _counted(rows: Iterable[Row], limits: TableLimits) -> Iterator[Row]:
    count = 0
    for number, row in rows:
        count += 1
        if count > limits.rows:
            raise UnreadableTable(f"The table has more than {limits.rows:,} rows.")
        yield number, row
    if not count:
        raise UnreadableTable("The table has no rows.")


# CSV and XLSX: records of text cells, the first one the header.

Record = tuple[int, list[str]]


def _under_header(records: Iterator[Record], limits: TableLimits) -> Iterator[Row]:
    header: list[str] | None = None
    for number, cells in records:
        if not any(cell and not cell.isspace() for cell in cells):
            continue
        if header is None:
            header = _header(cells, limits)
            continue
        if any(cell.strip() for cell in cells[len(header) :]):
            raise UnreadableTable(
                f"Row {number:,} has {len(cells)} cells; the header has {len(header)}."
            )
        if max(map(len, cells)) > limits.cell:
            _refuse_cell(number, limits)
        yield number, dict(zip_longest(header, cells[: len(header)], fillvalue=""))


def _header(cells: list[str], limits: TableLimits) -> list[str]:
    names = [re.sub(r"[\s-]+", "_", cell.strip().casefold()) for cell in cells]
    while not names[-1]:
        del names[-1]
    if len(names) > limits.columns:
        raise UnreadableTable(
            f"The table has {len(names):,} columns; at most {limits.columns} are accepted."
        )
    for number, name in enumerate(names, 1):
        if not name:
            raise UnreadableTable(f"Column {number} has no name in the header.")
        if name in names[: number - 1]:
            raise UnreadableTable(f"Columns {names.index(name) + 1} and {number} have one name.")
    return names


def _csv(file: BinaryIO, limits: TableLimits) -> Iterator[Record]:
    try:
        encoding = encoding_of(file)
    except UnknownEncoding:
        raise UnreadableTable(
            "The file is not text in a known encoding. Save it as UTF-8."
        ) from None
    with _as_text(file, encoding) as text:
        yield from _records(text, _delimiter(text), limits)


def _xlsx(file: BinaryIO, limits: TableLimits) -> Iterator[Record]:
    try:
        with (
            extracted("xlsx", file, Bounds(limits.seconds, limits.unpacked)) as table,
            _as_text(table, "utf-8") as text,
        ):
            yield from _records(text, ",", limits)
    except Unreadable as refused:
        raise UnreadableTable(str(refused)) from None


@contextmanager
def _as_text(file: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield text
    finally:
        # Closing the file is up to whoever opened it, and may have happened already.
        with suppress(ValueError):
            text.detach()


def _records(text: io.TextIOWrapper, delimiter: str, limits: TableLimits) -> Iterator[Record]:
    # Python keeps this limit for the whole process.
    csv.field_size_limit(max(limits.cell, csv.field_size_limit()))
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    number = 0
    problem = ""
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = str(error)
        except UnicodeDecodeError:
            problem = "encoding"
        # Raised outside the handler: a decoding error carries part of the file.
        if "field larger" in problem:
            _refuse_cell(number, limits)
        if problem == "encoding":
            raise UnreadableTable(f"Row {number:,} is in another encoding than the rows before.")
        if problem:
            raise UnreadableTable(
                f"Row {number:,} cannot be read. Is a quotation mark not closed or not doubled?"
            )
        yield number, cells


def _refuse_cell(number: int, limits: TableLimits) -> NoReturn:
    raise UnreadableTable(
        f"Row {number:,} has a cell of more than {limits.cell:,} characters. "
        "Is a quotation mark not closed?"
    )


def _delimiter(text: io.TextIOWrapper) -> str:
    """Comma, semicolon or tab: the one that the first line with text in it has most of."""
    header = ""
    # What cannot be decoded is met again, and reported, as a row.
    with suppress(UnicodeDecodeError):
        lines = iter(lambda: text.readline(65_536), "")
        header = next((line for line in lines if line.strip()), "")
    text.seek(0)
    return max(",;\t", key=re.sub('"[^"]*"', "", header).count)


# NDJSON: one object a line.


def _ndjson(file: BinaryIO, limits: TableLimits) -> Iterator[Row]:
    longest = 8 * limits.cell  # bytes: every character of a cell may be an escape
    number = 0
    while line := file.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise UnreadableTable(f"Line {number:,} is longer than {longest // 1_000_000} MB.")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.isspace():
            yield number, _object(line, number)


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except ValueError:
        value = _lenient(line)
    # Raised outside the handler: the parser's error carries the line.
    if not isinstance(value, dict):
        raise UnreadableTable(f"Line {number:,} is not a JSON object.")
    return value


def _lenient(line: bytes) -> object:
    """Lone surrogates, which orjson refuses, are kept in documents."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


# SHIM
class Table:
    def __init__(self, header, rows):
        self.header, self._rows = header, rows
        self.sheets = ()
        self.sheet = None
        self.warnings = ()

    def rows(self):
        return self._rows


def open_table(file, filename, *, sheet=None, fields=(), limits=DEFAULT_LIMITS):
    import itertools

    rows = read_table(file, filename, limits=limits)
    first = next(rows)
    rows = ((n, c, {}) for n, c in itertools.chain([first], rows))
    kind = "ndjson" if filename.endswith(("ndjson", "jsonl")) else "csv"
    return Table(None if kind == "ndjson" else tuple(first[1]), rows)
