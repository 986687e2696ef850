from .word_files import CASES, cell, paragraph, read, row, run, table, text_of, word_file


def test_figures_stay_under_their_headings_in_merged_and_late_rows() -> None:
    text = read(CASES / "docx-merged-cells.docx").text
    assert (
        "| Item | Q1 | Q2 | Q3 |\n| --- | --- | --- | --- |\n| Roof | 600 (both) |  | 50 |" in text
    )
    assert "| Cover | Sum | Excess |\n| --- | --- | --- |\n|  | 100 | 10 |" in text
    assert r"| a b | c | n00 \| n01 / n10 \| n11 |" in text


def test_a_cell_in_a_content_control_keeps_its_place() -> None:
    text = read(CASES / "docx_cell_in_content_control.docx").text
    assert "| Flood | 250 000 | 1 500 |" in text


def test_a_cell_merged_over_rows_stands_in_the_first() -> None:
    merged = table(
        row(cell("Roof", '<w:vMerge w:val="restart"/>'), cell("1")),
        row(cell("hidden", "<w:vMerge/>"), cell("2")),
        row(cell("Wall"), cell("3")),
    )
    assert text_of(merged) == "| Roof | 1 |\n| --- | --- |\n|  | 2 |\n| Wall | 3 |"


def test_rows_that_end_early_and_rows_in_wrappers_are_whole() -> None:
    late = row(cell("1"), properties='<w:gridAfter w:val="1"/>')
    wrapped = f"<w:sdt><w:sdtContent>{row(cell('2'), cell('3'))}</w:sdtContent></w:sdt>"
    custom = f"<w:customXml>{row(cell('4'), '<w:ins>' + cell('5') + '</w:ins>')}</w:customXml>"
    text = text_of(table(row(cell("a"), cell("b")), late, wrapped, custom))
    assert text.split("\n")[2:] == ["| 1 |  |", "| 2 | 3 |", "| 4 | 5 |"]


def test_deleted_rows_are_left_out_and_told() -> None:
    body = table(row(cell("a")), row(cell("gone"), properties="<w:del/>"))
    document = read(word_file(body))
    assert document.text == "| a |\n| --- |"
    assert document.warnings == ("text deleted with tracked changes was left out",)


def test_pipes_and_paragraphs_in_a_cell_stay_in_it() -> None:
    text = text_of(table(row(cell(paragraph("a|b") + paragraph("c")), cell("d"))))
    assert text == "| a\\|b / c | d |\n| --- | --- |"


def test_text_around_a_table_is_apart_from_it() -> None:
    text = text_of(paragraph("before") + table(row(cell("a"), cell("b"))) + paragraph("after"))
    assert text == "before\n\n| a | b |\n| --- | --- |\n\nafter"


def test_a_span_without_measure_does_not_fill_the_memory() -> None:
    wide = row(cell("a", '<w:gridSpan w:val="999999999"/>'), cell("b"))
    text = text_of(table(wide))
    assert text.startswith("| a |")
    assert len(text) < 2000


def test_rows_with_fewer_cells_are_filled_up() -> None:
    text = text_of(table(row(cell("a"), cell("b"), cell("c")), row(cell("1"))))
    assert text == "| a | b | c |\n| --- | --- | --- |\n| 1 |  |  |"


def test_text_that_the_style_of_a_table_hides_is_left_out_and_told() -> None:
    vanish = "<w:rPr><w:vanish/></w:rPr>"
    styles = (
        f'<w:style w:type="table" w:styleId="Row"><w:tblStylePr w:type="firstRow">{vanish}'
        '</w:tblStylePr></w:style><w:style w:type="table" w:styleId="Child"><w:basedOn'
        f' w:val="Row"/></w:style><w:style w:type="table" w:styleId="All">{vanish}</w:style>'
        f'<w:style w:type="table" w:styleId="Edge"><w:tblStylePr w:type="lastCol">{vanish}'
        "</w:tblStylePr></w:style>"
    )
    grid = "<w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid>"

    def shown(style: str, look: str) -> list[str]:
        about = f'<w:tblPr><w:tblStyle w:val="{style}"/><w:tblLook {look}/></w:tblPr>'
        rows = row(cell("a"), cell("b")) + row(
            cell("c"), cell(paragraph(run("d", '<w:vanish w:val="0"/>')))
        )
        document = read(word_file(f"<w:tbl>{about}{grid}{rows}</w:tbl>x", styles=styles))
        hidden = document.warnings == ("hidden text was left out",)
        return [line for line in document.text.split("\n") if "---" not in line] + ["!"] * hidden

    plain = ["| a | b |", "| c | d |"]
    assert shown("Child", 'w:firstRow="0"') == shown("Child", 'w:val="0000"') == plain
    assert shown("Child", 'w:firstRow="1"') == ["|  |  |", "| c | d |", "!"]
    assert shown("Row", 'w:val="04A0"') == ["|  |  |", "| c | d |", "!"]
    assert shown("All", "") == ["|  |  |", "|  | d |", "!"]
    assert shown("Edge", 'w:lastColumn="1"') == ["| a |  |", "| c | d |", "!"]
