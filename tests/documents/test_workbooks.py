"""Workbooks as they are written by others, and what is read of them."""

import io
import zipfile
from datetime import date
from pathlib import Path

import docx
import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs.documents import Row, Table, TableLimits, UnreadableTable, open_table

CASES = Path(__file__).parent / "cases"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def opened(data: bytes, sheet: str | None = None, fields: tuple[str, ...] = ()) -> Table:
    return open_table(io.BytesIO(data), "a.xlsx", sheet=sheet, fields=fields)


def case(name: str, fields: tuple[str, ...] = ()) -> Table:
    return opened((CASES / name).read_bytes(), fields=fields)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def column(table: Table, name: str) -> list[str]:
    return [row.errors.get(name) or row.cells[name] for row in table.rows()]


def test_the_sheet_that_fits_is_read() -> None:
    table = case("table.xlsx", ("text", "reference"))
    assert [(sheet.name, sheet.is_hidden) for sheet in table.sheets] == [
        ("Info", False),
        ("Policies", False),
    ]
    assert (table.kind, table.sheet) == ("workbook", "Policies")
    assert table.header == ("text", "reference", "date")
    cells = {"text": "Hail on the bonnet", "reference": "00123", "date": "01.03.2026"}
    assert list(table.rows()) == [Row(2, cells, {})]
    assert table.warnings == ("1 other sheet was passed over",)


def test_a_hidden_sheet_is_never_the_default() -> None:
    table = case("xlsx_first_sheet_hidden.xlsx")
    assert column(table, "document_text") == ["The visible claim"]
    assert table.warnings == ("1 hidden sheet was passed over",)


def test_numbers_are_read_as_they_are_shown_and_errors_are_named() -> None:
    assert column(case("xlsx_number_formats.xlsx"), "document_text")[:10] == [
        "00001234",
        "7.5%",
        "7.00",
        "04/05/2026",
        "01:30",
        "36:00",
        "1,234.50 EUR",
        "#DIV/0!",
        "#N/A",
        "4111111111111111",
    ]


def test_a_row_with_an_error_is_kept_and_named() -> None:
    rows = list(case("xlsx_error_cell.xlsx").rows())
    assert [row.number for row in rows] == [2, 3, 4]
    assert rows[1] == Row(3, {"document_text": ""}, {"document_text": "#N/A"})


def test_a_formula_without_a_value_is_named() -> None:
    rows = list(case("one.xlsx").rows())
    assert [row.errors for row in rows] == [{}, {}, {"text": "formula without a stored value"}, {}]
    book = openpyxl.Workbook()
    for line in (["a", "b"], ["x", "=1+1"]):
        book.active.append(line)
    assert column(opened(saved(book)), "b") == ["formula without a stored value"]


def test_a_sheet_is_chosen_by_its_name() -> None:
    book = openpyxl.Workbook()
    book.active.append(["a"])
    for number in range(25):
        sheet = book.create_sheet(f"S{number}")
        sheet.append(["b"])
        sheet.append([number])
    book["S3"].sheet_state = "veryHidden"
    data = saved(book)
    assert column(opened(data, "s7"), "b") == ["7"]
    assert opened(data, "S3").warnings[0] == "the sheet that was read is hidden"
    with pytest.raises(UnreadableTable) as caught:
        opened(data, "Jobs")
    assert '"S0", "S1"' in str(caught.value)
    assert str(caught.value).endswith("and 5 more.")


def test_a_chart_sheet_is_no_table() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        chart = book.add_chart({"type": "bar"})
        book.add_chartsheet("Chart").set_chart(chart)
        sheet = book.add_worksheet("Data")
        sheet.write_column(0, 0, ["text", "a"])
        chart.add_series({"values": "=Data!$A$2:$A$2"})
    table = opened(out.getvalue())
    assert [sheet.name for sheet in table.sheets] == ["Data"]
    assert column(table, "text") == ["a"]


def test_hidden_rows_and_columns_are_passed_over_and_told() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (["text", "draft", "n"], ["a", "x", 1], ["b", "x", 2], ["c", "x", 3]):
        sheet.append(line)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    table = opened(saved(book))
    assert list(table.rows()) == [
        Row(2, {"text": "a", "n": "1"}, {}),
        Row(4, {"text": "c", "n": "3"}, {}),
    ]
    assert table.warnings == (
        "1 hidden row was passed over",
        "1 hidden column was passed over",
    )


def test_a_merged_cell_stands_in_its_first() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (["text", "group"], ["a", "g"], ["b", None], ["c", "h"]):
        sheet.append(line)
    sheet.merge_cells("B2:B3")
    assert column(opened(saved(book)), "group") == ["g", "", "h"]


def test_what_a_merged_cell_covers_is_not_read() -> None:
    book = openpyxl.Workbook()
    for line in (["text", "group"], ["a", "g"], ["b", "covered"]):
        book.active.append(line)
    data = io.BytesIO(saved(book))
    out = io.BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            merged = b'</sheetData><mergeCells><mergeCell ref="B2:B3"/></mergeCells>'
            new.writestr(name, old.read(name).replace(b"</sheetData>", merged))
    assert column(opened(out.getvalue()), "group") == ["g", ""]


def test_a_column_without_a_name_may_only_be_empty() -> None:
    book = openpyxl.Workbook()
    for line in (["a", None, "b"], [1, None, 2]):
        book.active.append(line)
    assert opened(saved(book)).header == ("a", "b")
    book.active.append([1, "x", 2])
    with pytest.raises(UnreadableTable, match=r"Column 2 \(B\) has no name"):
        list(opened(saved(book)).rows())


def test_a_superscript_in_a_cell_stays_apart() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "text")
        raised = book.add_format({"font_script": 1})
        sheet.write_rich_string(1, 0, "10", raised, "6", " EUR")
    assert column(opened(out.getvalue()), "text") == ["10^6 EUR"]


def test_a_protected_workbook_is_called_protected() -> None:
    data = OLE + b"\0" * 2000 + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(UnreadableTable, match="protected by a password"):
        opened(data)


@pytest.mark.parametrize("name", ["word/document.xml", "xl/workbook.bin"])
def test_other_packages_are_called_what_they_are(name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(UnreadableTable, match=r"not a workbook|\.xlsb"):
        opened(out.getvalue())


def test_a_word_document_is_no_workbook() -> None:
    out = io.BytesIO()
    docx.Document().save(out)
    with pytest.raises(UnreadableTable, match=r"The file is not a workbook\."):
        opened(out.getvalue())


def test_entities_of_its_own_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
    book = openpyxl.Workbook()
    book.active.append(["a"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(book))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                text = bomb + text[text.index("<worksheet") :]
            new.writestr(name, text)
    with pytest.raises(UnreadableTable, match="defines entities"):
        opened(out.getvalue())


def test_an_old_workbook_is_read_as_it_is_shown() -> None:
    data = (CASES / "shown.xls").read_bytes()
    table = opened(data)
    assert [sheet.is_hidden for sheet in table.sheets] == [True, False]
    assert list(table.rows()) == [
        Row(2, {"text": "Müller", "no": "00123", "day": "01.03.2026"}, {}),
        Row(3, {"text": "b", "no": "TRUE", "day": "7.5%"}, {}),
        Row(5, {"text": "d", "no": "", "day": ""}, {"no": "#N/A"}),
    ]
    assert table.warnings == ("1 hidden sheet was passed over", "1 hidden row was passed over")


ODS = """<office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:automatic-styles><style:style style:name="ta2">
<style:table-properties table:display="false"/></style:style></office:automatic-styles>
<office:body><office:spreadsheet>
<table:table table:name="Lists" table:style-name="ta2"><table:table-row>
<table:table-cell><text:p>hidden</text:p></table:table-cell></table:table-row></table:table>
<table:table table:name="Claims">
<table:table-row><table:table-cell><text:p>text</text:p></table:table-cell>
<table:table-cell><text:p>no</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="2">
<table:table-cell><text:p>a<text:s text:c="2"/>b</text:p><text:p>c</text:p></table:table-cell>
<table:table-cell office:value-type="float" office:value="123"><text:p>00123</text:p>
</table:table-cell><table:table-cell table:number-columns-repeated="16382"/></table:table-row>
<table:table-row table:visibility="filter"><table:table-cell><text:p>x</text:p></table:table-cell>
</table:table-row>
<table:table-row><table:table-cell table:formula="of:=1/0" office:value-type="string">
<text:p>#DIV/0!</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""


def test_an_open_document_is_read_as_it_is_shown() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS)
    table = opened(out.getvalue())
    assert table.sheet == "Claims"
    assert list(table.rows()) == [
        Row(2, {"text": "a  b\nc", "no": "00123"}, {}),
        Row(3, {"text": "a  b\nc", "no": "00123"}, {}),
        Row(5, {"text": "", "no": ""}, {"text": "#DIV/0!"}),
    ]
    assert table.warnings == ("1 hidden sheet was passed over", "1 hidden row was passed over")


def test_a_second_walk_begins_anew_and_the_file_stays_open() -> None:
    file = io.BytesIO((CASES / "table.xlsx").read_bytes())
    with open_table(file, "a.xlsx") as table:
        assert list(table.rows()) == list(table.rows())
    assert not file.closed


# What XML can hold; Excel writes a line end inside a cell as \n.
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
).filter(lambda text: text.strip() and not text.startswith(("=", "{")))
values = st.one_of(
    texts.map(lambda text: (text, "General", text)),
    st.integers(-(10**9), 10**9).map(lambda n: (n, "General", str(n))),
    st.integers(0, 99_999).map(lambda n: (n, "00000", f"{n:05d}")),
    st.integers(0, 10_000).map(lambda n: (n / 1000, "0.0%", f"{n / 10:.1f}%")),
    st.integers(0, 10**9).map(lambda n: (n / 4, "#,##0.00", f"{n / 4:,.2f}")),
    st.dates(date(1901, 1, 1)).map(lambda day: (day, "dd.mm.yyyy", f"{day:%d.%m.}{day.year:04d}")),
    st.booleans().map(lambda truth: (truth, "General", str(truth).upper())),
)
tables = st.lists(st.lists(values, min_size=2, max_size=2), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(tables)
def test_what_openpyxl_writes_comes_back(lines: list[list[tuple[object, str, str]]]) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    for number, line in enumerate(lines, 2):
        for at, (value, code, _) in enumerate(line, 1):
            cell = book.active.cell(number, at)
            cell.value = value
            cell.number_format = code
    found = [list(row.cells.values()) for row in opened(saved(book)).rows()]
    assert found == [[shown for _, _, shown in line] for line in lines]


@settings(max_examples=25, deadline=None)
@given(tables)
def test_what_xlsxwriter_writes_comes_back(lines: list[list[tuple[object, str, str]]]) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        for number, line in enumerate(lines, 1):
            for at, (value, code, _) in enumerate(line):
                sheet.write(number, at, value, book.add_format({"num_format": code}))
    found = [list(row.cells.values()) for row in opened(out.getvalue()).rows()]
    assert found == [[shown for _, _, shown in line] for line in lines]


def test_more_rows_than_are_accepted_are_refused_early() -> None:
    book = openpyxl.Workbook()
    for number in range(50):
        book.active.append([f"a{number}"])
    with pytest.raises(UnreadableTable, match="more than 3 rows"):
        list(open_table(io.BytesIO(saved(book)), "a", limits=TableLimits(rows=3)).rows())
