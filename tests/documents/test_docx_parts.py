import pytest

from aijobs.documents import UnreadableDocument

from .word_files import CASES, paragraph, read, run, text_of, word_file

CHART = (
    "<c:chart><c:title><a:p><a:r><a:t>Claims</a:t></a:r></a:p></c:title><c:ser><c:tx><c:v>2025"
    '</c:v></c:tx><c:cat><c:pt idx="0"><c:v>Hail</c:v></c:pt></c:cat><c:val><c:pt idx="0"><c:v>7'
    "</c:v></c:pt></c:val></c:ser></c:chart>"
)


def test_notes_have_their_mark_in_the_text_and_stand_at_the_end() -> None:
    assert read(CASES / "docx_footnotes.docx").text == (
        "Storm is covered[note 1]. Hail is covered[note 2].\n\n# Notes\n\n"
        "[note 1] Only from force 8.\n[note 2] Not for glass roofs."
    )


def noted(body: str, notes: str) -> bytes:
    return word_file(body, footnotes=notes)


def test_a_note_that_is_not_there_is_named_and_one_that_names_itself_ends() -> None:
    body = paragraph(run("a") + '<w:r><w:footnoteReference w:id="5"/></w:r>')
    with pytest.raises(UnreadableDocument, match="1 note whose text"):
        read(noted(body, ""))
    inside = paragraph(run("b") + '<w:r><w:footnoteReference w:id="5"/></w:r>')
    text = read(noted(body, f'<w:footnote w:id="5">{inside}</w:footnote>')).text
    assert text == "a[note 1]\n\n# Notes\n\n[note 1] b[note 2]"


def test_a_mark_of_the_writers_own_is_kept() -> None:
    body = paragraph(
        run("a") + '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="5"/><w:t>*</w:t></w:r>'
    )
    note = f'<w:footnote w:id="5">{paragraph("b")}</w:footnote>'
    assert read(noted(body, note)).text == "a[note *]\n\n# Notes\n\n[note *] b"


def section(*references: tuple[str, str, str], more: str = "") -> str:
    inner = "".join(
        f'<w:{kind}Reference w:type="{page}" r:id="{name}"/>' for kind, page, name in references
    )
    return f"<w:sectPr>{inner}{more}</w:sectPr>"


def test_distinct_headers_and_footers_are_read_once_and_only_if_shown() -> None:
    field = f'<w:fldSimple w:instr=" PAGE ">{run("7")}</w:fldSimple>'
    last = section(
        ("header", "default", "header_1"),
        ("header", "first", "header_2"),
        ("header", "even", "header_3"),
        ("footer", "default", "footer_1"),
        more="<w:titlePg/>",
    )
    data = word_file(
        paragraph("Body", section(("header", "default", "header_4"))) + last,
        header_1=paragraph("Policy"),
        header_2=paragraph("Cover sheet"),
        header_3=paragraph("Never shown"),
        header_4=paragraph("Policy"),
        footer_1=paragraph(run("Page ") + field + run(" of ")),
    )
    assert read(data).text == "[header]\nPolicy\nCover sheet\n\nBody"


def test_a_header_that_is_not_there_is_named() -> None:
    data = word_file(paragraph("Body") + section(("header", "default", "gone")))
    with pytest.raises(UnreadableDocument, match="1 header that could not"):
        read(data)
    assert read(data, accept_partial=True).text == "Body"


def test_a_text_box_stays_apart_from_its_paragraph_and_comes_once() -> None:
    assert read(CASES / "docx-textbox-glued.docx").text == (
        "The excess is EUR 300 for each claim.\n00 is the reference of this letter"
    )
    inner = f"<w:txbxContent>{paragraph('box')}</w:txbxContent>"
    box = f"<v:shape><v:textbox>{inner}</v:textbox></v:shape>"
    assert text_of(paragraph(f"{run('a')}<w:r><w:pict>{box}</w:pict></w:r>{run('b')}")) == "ab\nbox"


def test_comments_are_counted_and_left_out() -> None:
    comments = f"<w:comment>{paragraph('Reject!')}</w:comment>"
    document = read(word_file(paragraph("a"), comments=comments))
    assert document.text == "a"
    assert document.warnings == ("1 comment was left out",)


def test_charts_and_diagrams_are_read_or_named() -> None:
    body = paragraph("a") + paragraph(
        '<w:r><w:drawing><a:graphic><c:chart r:id="chart"/></a:graphic></w:drawing></w:r>'
        '<w:r><w:drawing><a:graphic><dgm:relIds r:dm="diagramData"/></a:graphic></w:drawing></w:r>'
    )
    points = '<dgm:pt type="node"><dgm:t><a:p><a:r><a:t>Step</a:t></a:r></a:p></dgm:t></dgm:pt>'
    text = text_of(body, chart=CHART, diagramData=points)
    assert "Claims\n\n|  | 2025 |\n| --- | --- |\n| Hail | 7 |\n\nStep" in text
    with pytest.raises(UnreadableDocument, match="1 chart; 1 diagram"):
        read(word_file(body))


def test_embedded_objects_are_named() -> None:
    inner = '<w:object><v:shape><v:imagedata/></v:shape><o:OLEObject ProgID="Excel.Sheet.12"/>'
    body = paragraph(f"{run('a')}<w:r>{inner}</w:object></w:r>")
    with pytest.raises(UnreadableDocument, match="1 embedded spreadsheet"):
        read(word_file(body))


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("html", b"<html><body><p>M\xc3\xbcller</p></body></html>", "Müller"),
        ("txt", "5 €".encode("cp1252"), "5 €"),
        ("docx", word_file(paragraph("inner")), "inner"),
    ],
)
def test_imported_parts_are_read(kind: str, content: bytes, expected: str) -> None:
    name = f"aFChunk_{kind}"
    body = paragraph("a") + f'<w:altChunk r:id="{name}"/>'
    assert expected in text_of(body, **{name: content})


def test_imported_parts_that_are_not_read_are_named() -> None:
    body = paragraph("a") + '<w:altChunk r:id="aFChunk_doc"/>'
    with pytest.raises(UnreadableDocument, match="1 imported part"):
        text_of(body, aFChunk_doc=b"\xd0\xcf\x11\xe0\0\1")


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="damaged"):
        read(word_file("<w:sdt><w:sdtContent>" * 5000))


def test_pictures_are_told_and_do_not_refuse_unless_there_is_nothing_else() -> None:
    picture = (
        '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
        'wordprocessingDrawing"><wp:docPr id="1" name="p" descr="A logo"/><pic:pic xmlns:pic="http:'
        '//schemas.openxmlformats.org/drawingml/2006/picture"/></wp:inline></w:drawing></w:r>'
    )
    document = read(word_file(paragraph(run("Hi") + picture)))
    assert document.text == "Hi"
    assert document.warnings == ("1 picture was not read (1 with a description)",)
    with pytest.raises(UnreadableDocument, match="nothing but pictures"):
        read(word_file(paragraph(picture)))
