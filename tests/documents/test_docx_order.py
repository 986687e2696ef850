from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .word_files import CASES, cell, paragraph, read, row, run, saved, table, text_of, word_file


def case(name: str) -> str:
    return read((CASES / name).read_bytes()).text


def test_a_cell_in_a_content_control_stays_in_its_column() -> None:
    assert "| Flood | 250 000 | 1 500 |" in case("docx_cell_in_content_control.docx")


def test_figures_stay_under_their_headings() -> None:
    text = case("docx-merged-cells.docx")
    assert (
        "| Item | Q1 | Q2 | Q3 |\n| --- | --- | --- | --- |\n| Roof | 600 (both) |  | 50 |" in text
    )
    assert "| Cover | Sum | Excess |\n| --- | --- | --- |\n|  | 100 | 10 |" in text
    assert r"| a b | c | n00 \| n01 / n10 \| n11 |" in text


@pytest.mark.parametrize(
    "wrapper",
    [
        "<w:sdt><w:sdtPr/><w:sdtContent>{}</w:sdtContent></w:sdt>",
        "<w:customXml><w:customXmlPr/>{}</w:customXml>",
        "<w:ins>{}</w:ins>",
        "<w:moveTo>{}</w:moveTo>",
        "<w:ins><w:sdt><w:sdtContent><w:customXml>{}</w:customXml></w:sdtContent></w:sdt></w:ins>",
        "<mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{}</mc:Fallback>"
        "</mc:AlternateContent>",
        "<w:own>{}</w:own>",
    ],
)
def test_every_wrapper_is_looked_through(wrapper: str) -> None:
    def wrapped(inner: str) -> str:
        return wrapper.replace("{}", inner)

    body = wrapped(paragraph("Block")) + table(
        wrapped(row(cell("One"), wrapped(cell("Two")), cell("Three")))
    )
    body += paragraph(inner=run("Before ") + wrapped(run("within")) + run(" after"))
    assert (
        text_of(body)
        == "Block\n\n| One | Two | Three |\n| --- | --- | --- |\n\nBefore within after"
    )


@pytest.mark.parametrize("wrapper", ["hyperlink", "smartTag", "dir", "bdo"])
def test_wrappers_of_runs_are_looked_through(wrapper: str) -> None:
    body = paragraph(inner=f"{run('Pay ')}<w:{wrapper}>{run('6')}</w:{wrapper}>{run(' euros')}")
    assert text_of(body) == "Pay 6 euros"


def test_results_of_fields_are_read_and_their_instructions_are_not() -> None:
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    instruction = "<w:r><w:instrText> REF a \\h </w:instrText></w:r>"
    nested = f"{mark('begin')}{instruction}{mark('separate')}{run('inner')}{mark('end')}"
    inner = (
        f"{run('See ')}{mark('begin')}{instruction}{nested}{mark('separate')}{run('clause 7')}"
        f'{mark("end")}{run(" and ")}<w:fldSimple w:instr="REF b">{run("clause 9")}</w:fldSimple>'
    )
    assert text_of(paragraph(inner=inner)) == "See clause 7 and clause 9"


def test_cells_that_are_merged_over_rows_are_read_once() -> None:
    body = table(
        row(cell("Peril"), cell("Sum")),
        row(cell("Storm", '<w:vMerge w:val="restart"/>'), cell("100")),
        row(cell("", "<w:vMerge/>"), cell("200")),
        row(cell("Hail"), properties='<w:gridAfter w:val="1"/>'),
    )
    assert text_of(body).split("\n")[2:] == ["| Storm | 100 |", "|  | 200 |", "| Hail |  |"]


def test_pipes_and_line_ends_in_cells_are_marked() -> None:
    two = f"<w:tc>{paragraph('a|b')}{paragraph('c', inner='<w:r><w:br/><w:t>d</w:t></w:r>')}</w:tc>"
    assert text_of(table(row(two, cell("e")))) == "| a\\|b / c / d | e |\n| --- | --- |"


def test_headings_are_known_by_outline_name_and_what_they_are_based_on() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Clause"/>'
        '<w:basedOn w:val="berschrift1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Deep"><w:pPr><w:outlineLvl w:val="2"/></w:pPr>'
        "</w:style>"
        '<w:style w:type="paragraph" w:styleId="A"><w:basedOn w:val="A"/></w:style>'
    )
    named = ["Titel", "berschrift1", "Own", "Deep", "A"]
    body = "".join(paragraph(name, f'<w:pStyle w:val="{name}"/>') for name in named)
    body += paragraph("Direct", '<w:outlineLvl w:val="1"/>')
    body += paragraph("Not", '<w:pStyle w:val="Own"/><w:outlineLvl w:val="9"/>')
    lines = [line for line in text_of(body, styles=styles).split("\n") if line]
    assert lines == [
        "# Titel", "# berschrift1", "# Own", "### Deep", "A", "## Direct", "Not",
    ]  # fmt: skip


# What a paragraph may hold: letters of any script, but no line ends, marks of ours or controls.
WORDS = st.lists(
    st.text(st.characters(categories=["L", "N", "Sc", "Pd"]), min_size=1, max_size=8),
    min_size=1,
    max_size=5,
).map(" ".join)
BLOCKS = st.lists(
    st.one_of(WORDS, st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=3)), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(BLOCKS, WORDS)
def test_what_is_written_comes_back_whole_and_in_order(blocks: list[Any], last: str) -> None:
    document = docx.Document()
    wanted: list[str] = []
    for block in [*blocks, last]:
        if isinstance(block, str):
            document.add_paragraph(block)
            wanted.append(block)
        else:
            added = document.add_table(len(block), 3)
            for number, cells in enumerate(block):
                for to, text in zip(added.rows[number].cells, cells, strict=True):
                    to.text = text
                wanted.append(f"| {' | '.join(cells)} |")
    found = read(saved(document)).text.split("\n")
    assert [line for line in found if line and set(line) != set("| -")] == wanted


def test_a_table_of_one_cell_is_a_frame() -> None:
    inner = paragraph("Terms", '<w:outlineLvl w:val="0"/>') + paragraph("One.")
    framed = table(row(f"<w:tc>{inner}{table(row(cell('a'), cell('b')))}</w:tc>"))
    assert text_of(framed) == "# Terms\nOne.\n\n| a | b |\n| --- | --- |"


def test_a_drop_cap_belongs_to_its_word() -> None:
    body = paragraph("T", '<w:framePr w:dropCap="drop"/>') + paragraph("his policy")
    assert text_of(body) == "This policy"


def test_runs_without_a_paragraph_are_read() -> None:
    assert text_of(f"{run('Loose.')}{paragraph('Bound.')}") == "Loose.\nBound."


def test_hidden_rows_and_cells_that_were_merged_away_are_told() -> None:
    body = table(
        row(cell("a"), cell("b")),
        row(cell("draft"), cell("x"), properties="<w:hidden/>"),
        row(cell("away", "<w:vMerge/>"), cell("c")),
    )
    found = read(word_file(body))
    assert "draft" not in found.text
    assert "away" not in found.text
    assert found.warnings == ("hidden text was left out",)
