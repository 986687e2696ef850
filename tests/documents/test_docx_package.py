import pytest

from aijobs.documents import UnreadableDocument, read_document

from .word_files import CASES, RELS, paragraph, read, rels_with, run, with_body


def test_strict_open_xml_opens() -> None:
    assert read(CASES / "docx_strict.docx").text == "A perfectly ordinary letter."


def test_a_dangling_relationship_and_a_damaged_part_of_styles_keep_nothing_back() -> None:
    rels = rels_with(
        '<Relationship Id="x1" Type="a/image" Target="media/gone.png"/>'
        '<Relationship Id="x2" Type="a/theme" Target="NULL"/>'
    )
    assert read(with_body(paragraph("Terms"), parts={RELS: rels})).text == "Terms"
    assert read(with_body(paragraph("Terms"), parts={"word/styles.xml": "<w"})).text == "Terms"


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="damaged"):
        read(with_body("<w:sdt><w:sdtContent>" * 5000))


def test_pictures_are_told_and_do_not_refuse_unless_there_is_nothing_else() -> None:
    picture = (
        '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
        'wordprocessingDrawing"><wp:docPr id="1" name="p" descr="A logo"/><pic:pic xmlns:pic="http:'
        '//schemas.openxmlformats.org/drawingml/2006/picture"/></wp:inline></w:drawing></w:r>'
    )
    document = read_document(with_body(paragraph(run("Hi") + picture)), "a.docx")
    assert document.text == "Hi"
    assert document.warnings == ("1 picture was not read (1 with a description)",)
    with pytest.raises(UnreadableDocument, match="nothing but pictures"):
        read(with_body(paragraph(picture)))
