import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.documents import Row, Table, TableLimits, UnreadableTable, open_table
from tests.documents.rows import read_table

CASES = Path(__file__).parent / "cases"

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
        ("a,b,a \n1,2,3\n", "Columns 1 (A) and 3 (C) have one name."),
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


def table(data: bytes, filename: str = "a.csv", content_type: str | None = None) -> Table:
    return open_table(io.BytesIO(data), filename, content_type=content_type)


def case(name: str) -> Table:
    return table((CASES / name).read_bytes())


def test_headers_stay_as_they_are_written() -> None:
    found = case("own.csv")
    assert found.header == ("Policy No.", "Holder", "Policy text")
    assert next(found.rows()).cells["Policy No."] == "P-001"
    assert case("extra.csv").header == ("id", "text")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}\r\n", "SEP={}\n", '"sep={}"\n', "\ufeffsep={}\r\n"])
def test_the_line_that_names_the_delimiter_is_no_row(line: str, delimiter: str) -> None:
    text = line.format(delimiter) + delimiter.join(["a,;x", "b"]).replace(",;", ":")
    text += "\r\n" + delimiter.join(["1", "2"])
    assert list(table(text.encode()).rows()) == [Row(2, {"a:x": "1", "b": "2"}, {})]


def test_the_case_that_excel_writes_is_read() -> None:
    assert list(case("sep.csv").rows()) == [
        Row(2, {"text": "Hail", "categories": "home|motor"}, {})
    ]


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\n\x1a\x1a"])
def test_the_end_mark_of_old_systems_is_no_row(end: str) -> None:
    assert list(table(f"a,b\n1,2{end}".encode()).rows()) == [Row(2, {"a": "1", "b": "2"}, {})]


def test_utf_16_without_a_mark_is_read() -> None:
    found = case("csv_utf16_no_mark.csv")
    assert found.header == ("document_text",)
    assert [row.cells for row in found.rows()] == [{"document_text": "Hail in Cologne"}]


def test_a_byte_that_is_not_utf_8_is_named_in_its_row() -> None:
    found = table("text,n\nMüller,1\nGröße,2\n".encode() + b"B\xe4r,3\n")
    assert found.warnings == ("1 byte is not text in UTF-8 and marked with \ufffd",)
    last = list(found.rows())[-1]
    assert last.cells == {"text": "B\ufffdr", "n": "3"}
    assert list(last.errors) == ["text"]


@pytest.mark.parametrize("text", ["€5,000", "Müller", "£5,000"])
def test_short_texts_in_windows_1252_are_read(text: str) -> None:
    assert [r.cells for r in table(f"text;n\n{text};1".encode("cp1252")).rows()] == [
        {"text": text, "n": "1"}
    ]


def test_the_encoding_that_the_sender_names_is_believed() -> None:
    found = table("Miasto\nŁódź\n".encode("iso-8859-2"), content_type="text/csv; charset=latin2")
    assert [row.cells for row in found.rows()] == [{"Miasto": "Łódź"}]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    assert [row.number for row in case("csv-skip-then-number.csv").rows()] == [2, 3, 4, 6]


def test_a_nul_is_no_text() -> None:
    data = b"a\n" + b"x\n" * 200_000 + b"y\0\n"
    with pytest.raises(UnreadableTable, match=r"Row 200,002 has a NUL"):
        list(open_table(io.BytesIO(data), "a.csv", limits=TableLimits(rows=300_000)).rows())


def test_a_column_without_a_name_may_only_be_empty() -> None:
    assert table(b"a,,b\n1,,2\n").header == ("a", "b")


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1a"))


@given(
    st.lists(st.tuples(cells, cells).filter(lambda row: any(map(str.strip, row))), min_size=1),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_the_csv_module_writes_comes_back(
    lines: list[tuple[str, str]], delimiter: str, encoding: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([("a", "b"), *lines])
    found = table(out.getvalue().encode(encoding))
    assert [tuple(row.cells.values()) for row in found.rows()] == lines
