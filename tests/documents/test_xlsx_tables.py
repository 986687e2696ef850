import io
import zipfile
from typing import Any
from xml.sax.saxutils import escape

import pytest

from aijobs.documents import TableLimits, UnreadableTable
from tests.documents.rows import read_table

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def relations(kind: str, target: str) -> str:
    relation = f'<Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{PACKAGE}/relationships">{relation}</Relationships>'


def xlsx(cells: dict[str, object]) -> bytes:
    """A workbook with one sheet; `cells` by reference, row by row."""
    rows: dict[str, str] = {}
    for reference, value in cells.items():
        row = reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        rows[row] = rows.get(row, "") + cell(reference, value)
    data = "".join(f'<row r="{number}">{row}</row>' for number, row in rows.items())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="{PACKAGE}.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
            f'<Override PartName="/xl/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/></Types>',
        )
        archive.writestr("_rels/.rels", relations("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", relations("worksheet", "sheet1.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="Jobs" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/sheet1.xml",
            f'<worksheet xmlns="{SHEET}"><sheetData>{data}</sheetData></worksheet>',
        )
    return out.getvalue()


def cell(reference: str, value: object) -> str:
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{reference}"><v>{value}</v></c>'
    text = f'<is><t xml:space="preserve">{escape(str(value))}</t></is>'
    return f'<c r="{reference}" t="inlineStr">{text}</c>'


def rows(data: bytes, filename: str = "a.xlsx", **limits: int) -> list[tuple[int, Any]]:
    return list(read_table(io.BytesIO(data), filename, limits=TableLimits(**limits)))


def refusal(data: bytes, filename: str = "a.xlsx", **limits: int) -> str:
    with pytest.raises(UnreadableTable) as caught:
        rows(data, filename, **limits)
    return str(caught.value)


def test_cells_become_text_under_their_column() -> None:
    book = xlsx(
        {"A1": "Text", "B1": "n", "C1": "flag", "A2": 'say "é;,\t👋"\n', "B2": 500, "C2": True}
    )
    assert rows(book) == [(2, {"text": 'say "é;,\t👋"\n', "n": "500", "flag": "TRUE"})]


def test_numbers_keep_their_fraction_only_if_they_have_one() -> None:
    assert rows(xlsx({"A1": "n", "A2": 3.0, "A3": 0.25})) == [(2, {"n": "3"}), (3, {"n": "0.25"})]


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    book = xlsx({"B3": "text", "B5": "a", "B9": "b"})
    assert rows(book) == [(5, {"text": "a"}), (9, {"text": "b"})]


def test_a_workbook_is_known_by_its_content_whatever_it_is_called() -> None:
    assert rows(xlsx({"A1": "a", "A2": 1}), "a.csv") == [(2, {"a": "1"})]


def test_a_semicolon_in_the_header_is_no_delimiter() -> None:
    assert rows(xlsx({"A1": "a;b", "A2": "1;2"})) == [(2, {"a;b": "1;2"})]


def test_an_empty_sheet_has_no_rows() -> None:
    assert refusal(xlsx({})) == "The table has no rows."
    assert refusal(xlsx({"A1": "text"})) == "The table has no rows."


def test_the_rules_for_headers_and_limits_are_those_of_csv() -> None:
    book = xlsx({"A1": "a", "B1": "a ", "A2": 1})
    assert refusal(book) == "Columns 1 (A) and 2 (B) have one name."
    assert refusal(xlsx({"A1": "a", "A2": 1, "A3": 2}), rows=1) == "The table has more than 1 rows."


@pytest.mark.parametrize("data", [b"PK\x03\x04 nothing", xlsx({"A1": "a"})[:-100]])
def test_a_damaged_workbook_is_called_damaged(data: bytes) -> None:
    assert "damaged" in refusal(data)


def test_text_that_is_called_a_workbook_is_refused() -> None:
    assert "not an .xlsx workbook" in refusal(b"a,b\n1,2\n")


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    book = xlsx({"A1": "text", "A2": "x" * 10_000_000})
    assert refusal(book, unpacked=1_000_000) == "The file unpacks to more than is accepted."


@pytest.mark.timeout(30)
def test_two_cells_that_span_the_whole_sheet_do_not_fill_the_memory() -> None:
    message = refusal(xlsx({"A1": "text", "XFD1048576": "end"}))
    assert message == "Row 1,048,576 has 16384 cells; the header has 1."
