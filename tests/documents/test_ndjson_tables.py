import io
from typing import Any

import pytest

from aijobs.documents import Row, TableLimits, UnreadableTable, open_table
from tests.documents.rows import read_table


def rows(data: bytes, filename: str = "a.ndjson", **limits: int) -> list[tuple[int, Any]]:
    return list(read_table(io.BytesIO(data), filename, limits=TableLimits(**limits)))


def refusal(data: bytes, **limits: int) -> str:
    with pytest.raises(UnreadableTable) as caught:
        rows(data, "a.ndjson", **limits)
    assert caught.value.__context__ is None
    return str(caught.value)


def test_each_line_is_an_object_with_its_types() -> None:
    data = b'{"text": "a", "n": 5}\r\n\n{"text": "b", "list": ["x"]}'
    assert rows(data) == [(1, {"text": "a", "n": 5}), (3, {"text": "b", "list": ["x"]})]


@pytest.mark.parametrize("filename", ["a.jsonl", "a.NDJSON", "a.csv", "a"])
def test_ndjson_is_known_by_its_start_whatever_it_is_called(filename: str) -> None:
    assert rows(b'\xef\xbb\xbf{"a": 1}\n', filename) == [(1, {"a": 1})]


def test_unusual_characters_pass_through() -> None:
    line = '{"a": "\\ud83d half, \u2028 line, \\u0000 nul, \U0001f600 whole"}'
    assert rows(line.encode()) == [(1, {"a": "\ud83d half, \u2028 line, \0 nul, 😀 whole"})]


@pytest.mark.parametrize(
    "line",
    [
        b"[1]",
        b'"a"',
        b"null",
        b'{"a": ',
        b'{"a": 1} {"b": 2}',
        b'{"a": "\xff"}',
        b'{"a":' * 200_000,
    ],
)
def test_a_line_that_is_no_object_is_named(line: bytes) -> None:
    assert refusal(b'{"a": 1}\n' + line) == "Line 2 is not a JSON object."


def test_a_pretty_printed_array_is_refused_at_once() -> None:
    assert refusal(b'[\n{"a": 1}\n]') == "Line 1 is not a JSON object."


def test_limits_hold() -> None:
    assert refusal(b'{"a": 1}\n' * 3, rows=2) == "The table has more than 2 rows."
    assert refusal(b'{"a": "' + b"x" * 9_000_000 + b'"}') == "Line 1 is longer than 8 MB."
    assert refusal(b"{\n", size=1).startswith("The file is too large")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_other_encodings_of_unicode_are_read(encoding: str) -> None:
    data = '{"a": "Müller"}\r\n{"a": "\u2028"}\n'.encode(encoding)
    assert rows(data) == [(1, {"a": "Müller"}), (2, {"a": "\u2028"})]


def test_the_end_mark_of_old_systems_is_no_row() -> None:
    assert rows(b'{"a": 1}\n\x1a') == [(1, {"a": 1})]


def test_an_open_table_has_no_header() -> None:
    table = open_table(io.BytesIO(b'{"a": 1}'), "a.ndjson")
    assert (table.kind, table.header, table.sheets, table.sheet) == ("ndjson", None, (), None)
    assert list(table.rows()) == [Row(1, {"a": 1}, {})]
