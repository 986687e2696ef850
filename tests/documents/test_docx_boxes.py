"""Boxes, forms, symbols, equations, charts: what Word shows that is not a run of text."""

import pytest

from aijobs.documents import UnreadableDocument

from .word_files import CASES, cell, paragraph, read, row, run, table, text_of, word_file


def drawn(inner: str) -> str:
    data = f"<a:graphic><a:graphicData>{inner}</a:graphicData></a:graphic>"
    frame = f'<wp:inline><wp:docPr id="1" name="x"/>{data}</wp:inline>'
    return f"<w:r><w:drawing>{frame}</w:drawing></w:r>"


def old_shape(inner: str) -> str:
    return f"<w:r><w:pict><v:shape>{inner}</v:shape></w:pict></w:r>"


def boxed(inner: str) -> str:
    return drawn(f"<wps:wsp><wps:txbx><w:txbxContent>{inner}</w:txbxContent></wps:txbx></wps:wsp>")


def missing(data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read(data)
    return str(caught.value)


def test_a_text_box_stays_apart_from_its_paragraph_and_is_read_once() -> None:
    text = read(CASES / "docx-textbox-glued.docx").text
    assert text.split("\n") == [
        "The excess is EUR 300 for each claim.",
        "00 is the reference of this letter",
    ]


def test_a_text_box_in_a_cell_stays_in_it() -> None:
    held = f"<w:tc>{paragraph('300', inner=boxed(paragraph('net')))}</w:tc>"
    assert text_of(table(row(held, cell("b")))).startswith("| 300 / net | b |")


def test_a_text_box_takes_no_part_of_the_paragraphs_around_it() -> None:
    deleted_end = "<w:rPr><w:del/></w:rPr>"
    body = paragraph("Pay ", deleted_end) + paragraph("500", inner=boxed(paragraph("box")))
    assert text_of(body) == "Pay 500\nbox"


def test_a_box_may_hold_a_table_and_old_ones_are_read() -> None:
    held = table(row(cell("a"), cell("b")))
    old = old_shape(f"<v:textbox><w:txbxContent>{held}</w:txbxContent></v:textbox>")
    assert text_of(paragraph("x", inner=old)) == "x\n\n| a | b |\n| --- | --- |"


def test_a_watermark_is_read() -> None:
    mark = old_shape('<v:textpath string="DRAFT"/>')
    assert text_of(paragraph("x", inner=mark)) == "x\nDRAFT"


def test_legacy_form_fields_show_ticks_and_choices() -> None:
    document = read(CASES / "docx_form_fields_strike_hidden.docx")
    assert "Yes ☒ No ☐\nRegion: South" in document.text
    assert "basic" not in document.text
    assert "reject" not in document.text


@pytest.mark.parametrize(("checked", "shown"), [("1", "☒"), ("0", "☐"), ("true", "☒")])
def test_controls_that_are_ticked_are_read(checked: str, shown: str) -> None:
    control = (
        f'<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{checked}"/></w14:checkbox></w:sdtPr>'
        f"<w:sdtContent>{run('?')}</w:sdtContent></w:sdt>"
    )
    assert text_of(paragraph("Flood ", inner=control)) == f"Flood {shown}"


@pytest.mark.parametrize(
    ("font", "code", "shown"),
    [("Wingdings", "F0FE", "☑"), ("Wingdings", "00A8", "☐"), ("Symbol", "F0B3", "≥")],
)
def test_signs_of_symbol_fonts_are_read(font: str, code: str, shown: str) -> None:
    sign = f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'
    assert text_of(paragraph("a ", inner=sign)) == f"a {shown}"


def test_a_sign_that_is_not_known_is_missing() -> None:
    sign = '<w:r><w:sym w:font="Own Signs" w:char="F045"/></w:r>'
    assert "symbol font" in missing(word_file(paragraph("a", inner=sign)))


def test_equations_are_read_as_a_line() -> None:
    def part(name: str, text: str) -> str:
        return f"<m:{name}><m:r><m:t>{text}</m:t></m:r></m:{name}>"

    fraction = f"<m:f>{part('num', 'a+b')}{part('den', '2')}</m:f>"
    power = f"<m:sSup>{part('e', 'x')}{part('sup', '2')}</m:sSup>"
    inner = f"<m:oMath><m:r><m:t>y=</m:t></m:r>{fraction}<m:r><m:t>+</m:t></m:r>{power}</m:oMath>"
    assert text_of(paragraph("Premium: ", inner=inner)) == "Premium: y=(a+b)/2+x^2"


def test_an_equation_that_a_field_draws_is_missing() -> None:
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    inner = mark("begin") + r"<w:r><w:instrText> EQ \F(1,2) </w:instrText></w:r>" + mark("end")
    assert "1 field" in missing(word_file(paragraph("x", inner=inner)))


def test_text_behind_a_field_without_an_end_is_missing() -> None:
    begun = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    body = paragraph("Shown.") + paragraph(inner=begun + run("Swallowed."))
    assert "1 field" in missing(word_file(body))


def test_charts_are_read_from_their_stored_values() -> None:
    def points(name: str, *texts: str) -> str:
        stored = (f'<c:pt idx="{n}"><c:v>{text}</c:v></c:pt>' for n, text in enumerate(texts))
        return (
            f"<c:{name}><c:strRef><c:strCache>{''.join(stored)}</c:strCache></c:strRef></c:{name}>"
        )

    title = (
        "<c:title><c:tx><c:rich><a:p><a:r><a:t>Losses</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    )
    series = points("tx", "Hail") + points("cat", "2025", "2026") + points("val", "7", "9")
    chart = f"<c:chart>{title}<c:plotArea><c:ser>{series}</c:ser></c:plotArea></c:chart>"
    text = text_of(paragraph("x", inner=drawn('<c:chart r:id="chart"/>')), chart=chart)
    assert text == "x\n\nLosses\n\n|  | Hail |\n| --- | --- |\n| 2025 | 7 |\n| 2026 | 9 |"


def test_a_chart_without_values_is_missing() -> None:
    assert "1 chart" in missing(word_file(paragraph("x", inner=drawn('<c:chart r:id="gone"/>'))))


def test_the_text_of_smart_art_is_read() -> None:
    said = "<dgm:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></dgm:t>"
    data = f"<dgm:pt>{said.format('Report')}</dgm:pt><dgm:pt>{said.format('Pay')}</dgm:pt>"
    body = paragraph("x", inner=drawn('<dgm:relIds r:dm="diagramData"/>'))
    assert text_of(body, diagramData=f"<dgm:ptLst>{data}</dgm:ptLst>") == "x\nReport\nPay"


def test_embedded_objects_are_missing_and_pictures_are_counted() -> None:
    preview = '<v:shape><v:imagedata r:id="p"/></v:shape>'
    for program, named in (
        ("Excel.Sheet.12", "1 embedded spreadsheet"),
        ("Own", "1 embedded object"),
    ):
        held = f'<w:object>{preview}<o:OLEObject ProgID="{program}"/></w:object>'
        assert named in missing(word_file(paragraph("x", inner=f"<w:r>{held}</w:r>")))
    document = read(word_file(paragraph("x", inner=drawn("<pic:pic/>") * 2)))
    assert document.warnings == ("2 pictures were not read (0 with a description)",)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("aFChunk_html", b"<html><body><p>Sum: 500</p></body></html>"),
        ("aFChunk_txt", b"Sum: 500"),
        ("aFChunk_rtf", rb"{\rtf1\ansi Sum: {\b 500}\par}"),
        ("aFChunk_docx", word_file(paragraph("Sum: 500"))),
        (
            "aFChunk_mht",
            b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
            b"Content-Type: text/html; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Sum=3A 500</p>\r\n--b--\r\n",
        ),
    ],
)
def test_imported_chunks_are_read(kind: str, data: bytes) -> None:
    body = paragraph("Before") + f'<w:altChunk r:id="{kind}"/>' + paragraph("After")
    lines = [line for line in text_of(body, **{kind: data}).split("\n") if line]
    assert lines == ["Before", "Sum: 500", "After"]


def test_a_chunk_that_cannot_be_read_is_missing() -> None:
    body = paragraph("Before") + '<w:altChunk r:id="gone"/>'
    assert "1 imported part" in missing(word_file(body))
