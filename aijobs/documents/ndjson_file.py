"""NDJSON: one object a line."""

import codecs
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import orjson

from .encoding import UnknownEncoding, encoding_of
from .table_parts import UNKNOWN_ENCODING, TableLimits, UnreadableTable

Lines = Iterator[bytes]


def encoding(file: BinaryIO, charset: str | None) -> str:
    """The codec of the file. JSON is UTF-8 unless a mark, its zeros or its sender say otherwise."""
    start = io.BytesIO(file.read(4096))
    file.seek(0)
    if (
        start.getvalue().startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        or b"\0" in (start.getvalue()[:64])
    ):
        try:
            return encoding_of(file, charset).codec
        except UnknownEncoding:
            raise UnreadableTable(UNKNOWN_ENCODING) from None
    return "utf-8"


def objects(
    file: BinaryIO, codec: str, limits: TableLimits
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with the number of its line."""
    longest = 8 * limits.cell  # bytes: every character of a cell may be an escape
    file.seek(0)
    lines = _lines(file, longest) if codec == "utf-8" else _recoded(file, codec, longest)
    for number, line in enumerate(lines, 1):
        if len(line) > longest:
            raise UnreadableTable(f"Line {number:,} is longer than {longest // 1_000_000} MB.")
        if number == 1:
            yield from _numbered(line.removeprefix(codecs.BOM_UTF8), number)
        else:
            yield from _numbered(line, number)


def _numbered(line: bytes, number: int) -> Iterator[tuple[int, dict[str, Any]]]:
    # Old systems end a file with the character 0x1A.
    if line and not line.isspace() and line != b"\x1a":
        yield number, _object(line, number)


def _lines(file: BinaryIO, longest: int) -> Lines:
    while line := file.readline(longest + 1):
        yield line


def _recoded(file: BinaryIO, codec: str, longest: int) -> Lines:
    text = io.TextIOWrapper(file, codec, newline="\n")
    try:
        while line := text.readline(longest + 1):
            yield line.encode("utf-8", "surrogatepass")
    finally:
        # Closing the file is up to whoever opened it, and may have happened already.
        with suppress(ValueError):
            text.detach()


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
