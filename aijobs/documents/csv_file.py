"""CSV: delimited text of any of the usual kinds, as records."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from .encoding import BAD_BYTES, UnknownEncoding, encoding_of, marked
from .table_parts import UNKNOWN_ENCODING, Record, TableLimits, UnreadableTable

_DELIMITERS = ",;\t|"
# How Excel says at the top which delimiter follows.
_SEP = re.compile(r'\ufeff?"?sep=([,;\t|])"?\r?\n?$', re.IGNORECASE)
_NOT_TEXT = "a character that is not text in the encoding of the file"


class CsvFile:
    """The records of a file of delimited text."""

    def __init__(self, file: BinaryIO, charset: str | None, limits: TableLimits) -> None:
        self._file = file
        self._limits = limits
        try:
            self._encoding = encoding_of(file, charset)
        except UnknownEncoding:
            raise UnreadableTable(UNKNOWN_ENCODING) from None
        self.warnings: tuple[str, ...] = ()
        if self._encoding.bad_bytes:
            self.warnings = (self._encoding.says_bad(),)
        # Python keeps this limit for the whole process.
        csv.field_size_limit(max(limits.cell, csv.field_size_limit()))

    def records(self) -> Iterator[Record]:
        """The records from the first on, numbered as a spreadsheet does."""
        self._file.seek(0)
        text = io.TextIOWrapper(
            self._file, self._encoding.codec, errors="surrogateescape", newline=""
        )
        try:
            yield from self._numbered(text)
        finally:
            # Closing the file is up to whoever opened it, and may have happened already.
            with suppress(ValueError):
                text.detach()

    def _numbered(self, text: io.TextIOWrapper) -> Iterator[Record]:
        lines = _Lines(text, 8 * self._limits.cell)
        delimiter = lines.delimiter()
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
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
            # Raised outside the handler: an error of the parser may carry part of the file.
            if "field larger" in problem:
                raise too_long(number, self._limits)
            if problem == _TOO_LONG:
                raise UnreadableTable(
                    f"Row {number:,} has a line of more than {8 * self._limits.cell:,} characters."
                )
            if problem == _NUL:
                raise UnreadableTable(
                    f"Row {number:,} has a NUL character: the file is damaged, or no text."
                )
            if problem:
                raise UnreadableTable(
                    f"Row {number:,} cannot be read. Is a quotation mark not closed or not doubled?"
                )
            yield self._record(number, cells)

    def _record(self, number: int, cells: list[str]) -> Record:
        errors: dict[int, str] = {}
        if self._encoding.bad_bytes:
            for index, cell in enumerate(cells):
                if BAD_BYTES.search(cell):
                    errors[index] = _NOT_TEXT
                    cells[index] = marked(cell)
        return number, cells, errors


_TOO_LONG = "line too long"
_NUL = "NUL"


class _Lines:
    """The lines of a text for the parser of CSV, without what is no line of the table."""

    def __init__(self, text: io.TextIOWrapper, longest: int) -> None:
        self._text = text
        self._longest = longest
        self._blank: list[str] = []
        self._ahead = self._read()

    def delimiter(self) -> str:
        """The one that the file names, or that the first line with text in it has most of."""
        if found := _SEP.match(self._ahead):
            self._ahead = self._read()
            return found[1]
        while self._ahead and not self._ahead.strip():
            self._blank.append(self._ahead)
            self._ahead = self._read()
        header = re.sub('"[^"]*"', "", self._ahead)
        return max(_DELIMITERS, key=header.count)

    def __iter__(self) -> Iterator[str]:
        yield from self._blank
        while line := self._ahead:
            self._ahead = self._read()
            if len(line) > self._longest:
                raise csv.Error(_TOO_LONG)
            if "\0" in line:
                raise csv.Error(_NUL)
            # Old systems end a file with the character 0x1A.
            if not self._ahead and line.endswith("\x1a"):
                line = line.rstrip("\x1a")
                if not line:
                    return
            yield line

    def _read(self) -> str:
        return self._text.readline(self._longest + 1)


def too_long(number: int, limits: TableLimits) -> UnreadableTable:
    """The refusal of a cell that is over the limit."""
    return UnreadableTable(
        f"Row {number:,} has a cell of more than {limits.cell:,} characters. "
        "Is a quotation mark not closed?"
    )
