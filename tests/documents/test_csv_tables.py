import io
from typing import Any

import pytest

from aijobs.documents import TableLimits, UnreadableTable, read_table

Rows = list[tuple[int, dict[str, Any]]]


def rows(text: str | bytes, filename: str = "a.csv", **limits: int) -> Rows:
    data = text.encode() if isinstance(text, str) else text
    return list(read_table(io.BytesIO(data), filename, limits=TableLimits(**limits)))


def refusal(text: str | bytes, filename: str = "a.csv", **limits: int) -> str:
    with pytest.raises(UnreadableTable) as caught:
        rows(text, filename, **limits)
    return str(caught.value)


def test_each_row_has_its_number_and_its_cells_by_column() -> None:
    assert rows("text,categories\nhello,a;b\nbye,c;d\n") == [
        (2, {"text": "hello", "categories": "a;b"}),
        (3, {"text": "bye", "categories": "c;d"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("filename", ["a.csv", "a.tsv", "a.txt", "table"])
def test_the_delimiter_is_the_one_of_the_header(delimiter: str, filename: str) -> None:
    text = delimiter.join(['"a, b; c"', "d", "e"]) + "\n" + delimiter.join("123")
    assert rows(text, filename) == [(2, {"a,_b;_c": "1", "d": "2", "e": "3"})]


def test_a_single_column_needs_no_delimiter() -> None:
    assert rows("text\nhello\n") == [(2, {"text": "hello"})]


def test_line_ends_and_quotes_inside_a_cell_are_kept() -> None:
    text = 'text,n\r\n"one\r\ntwo\u2028""three""",1\r\nfour,2\r\n'
    assert rows(text) == [
        (2, {"text": 'one\r\ntwo\u2028"three"', "n": "1"}),
        (3, {"text": "four", "n": "2"}),
    ]


def test_blank_lines_are_left_out_and_still_counted() -> None:
    assert rows("\n\ntext,n\n\n , \nhello,1\n,2\n") == [
        (6, {"text": "hello", "n": "1"}),
        (7, {"text": "", "n": "2"}),
    ]


def test_column_names_are_written_in_one_way() -> None:
    assert rows(" Document Text ,MAX-LENGTH\na,5\n") == [
        (2, {"document_text": "a", "max_length": "5"})
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_part_of_the_header(encoding: str) -> None:
    assert rows("text;n\nZażółć 👋;1\n".encode(encoding)) == [(2, {"text": "Zażółć 👋", "n": "1"})]


def test_an_older_encoding_far_down_is_recognized() -> None:
    tail = "Die Gebühr beträgt fünf Euro; Änderungen bedürfen der Schriftform."
    text = "text,n\n" + "plain,1\n" * 100_000 + f'"{tail}",2\n' * 50
    assert rows(text.encode("cp1252"), rows=200_000)[-1][1]["text"] == tail


def test_short_rows_are_filled_up_and_trailing_blanks_cut_off() -> None:
    assert rows("a,b,c,,\n1\n1,2,3,,\n") == [
        (2, {"a": "1", "b": "", "c": ""}),
        (3, {"a": "1", "b": "2", "c": "3"}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty."),
        ("\n \n", "The table has no rows."),
        ("text,n\n\n", "The table has no rows."),
        ("a,,b\n1,2,3\n", "Column 2 (B) has no name in the header."),
        ("a,b,A \n1,2,3\n", "Columns 1 (A) and 3 (C) have one name."),
        ("a,b\n1,2\n1,2,3\n", "Row 3 has 3 cells; the header has 2."),
        ('a,b\n1,"2"3\n', "Row 2 cannot be read. Is a quotation mark not closed or not doubled?"),
        (
            'a,b\n1,2\n"3,4\n',
            "Row 3 cannot be read. Is a quotation mark not closed or not doubled?",
        ),
    ],
)
def test_a_broken_table_is_refused_with_the_place(text: str, message: str) -> None:
    assert refusal(text) == message


def test_the_rows_before_a_broken_one_are_handed_out() -> None:
    table = read_table(io.BytesIO(b'a\n1\n"2'), "a.csv")
    assert next(table) == (2, {"a": "1"})
    with pytest.raises(UnreadableTable, match="Row 3"):
        next(table)


def test_bytes_that_are_no_text_are_refused() -> None:
    assert "Save it as UTF-8" in refusal(b"a,b\n\xff\0\x81,2\n")


def test_a_table_at_its_limits_is_read_and_one_beyond_is_refused() -> None:
    assert len(rows("a\n1\n2\n", rows=2)) == 2
    assert refusal("a\n1\n2\n3\n", rows=2) == "The table has more than 2 rows."
    assert rows("a,b\n1,2\n", columns=2)
    assert refusal("a,b,c\n", columns=2) == "The table has 3 columns; at most 2 are accepted."
    assert rows("a\n12345\n", cell=5)
    assert refusal("a\n123456\n", cell=5).startswith("Row 2 has a cell of more than 5 characters.")
    assert "too large" in refusal("a\n" + "1\n" * 100, size=100)


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    assert refusal('a\n"' + "x\n" * 1_000_000).startswith("Row 2 has a cell of more than")


@pytest.mark.parametrize(("data", "filename"), [(b"%PDF-1.7", "a.csv"), (b"a,b", "a.doc")])
def test_other_kinds_of_file_are_refused(data: bytes, filename: str) -> None:
    assert ".csv, .xlsx or .ndjson" in refusal(data, filename)


def test_the_file_stays_open_for_whoever_opened_it() -> None:
    file = io.BytesIO(b"a\n1\n")
    list(read_table(file, "a.csv"))
    assert not file.closed


def test_a_file_may_be_closed_before_its_last_row_is_asked_for() -> None:
    with io.BytesIO(b"a\n1\n2\n") as file:
        table = read_table(file, "a.csv")
        next(table)
    del table
