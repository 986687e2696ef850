import io
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from aijobs.documents import Document, DocumentLimits, UnreadableDocument
from tests.documents.reading import read_document

from .word_files import replaced, saved

BOX = (Inches(1), Inches(2), Inches(4), Inches(1))
# One grey point.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080000000"
    "03a7e9b550000000a4944415478da63680000008200815c67d0a40000000049454e44ae426082"
)


def read(presentation: Any, *, accept_partial: bool = False) -> Document:
    return read_document(saved(presentation), "a.pptx", accept_partial=accept_partial)


def with_slides(*texts: str) -> Any:
    presentation = pptx.Presentation()
    for text in texts:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = text
    return presentation


def test_slides_come_in_order_with_tables_and_notes() -> None:
    presentation = with_slides("Cover", "Terms")
    first = presentation.slides[0]
    table = first.shapes.add_table(2, 2, *BOX).table
    for cell, text in zip(table.iter_cells(), ["Hail", "Excess", "yes", "5|6"], strict=True):
        cell.text = text
    first.notes_slide.notes_text_frame.text = "Mention the excess."
    group = presentation.slides[1].shapes.add_group_shape()
    group.shapes.add_textbox(*BOX).text_frame.text = "In a group"
    document = read(presentation)
    assert document.text == (
        "[slide 1]\n# Cover\n\n| Hail | Excess |\n| --- | --- |\n| yes | 5\\|6 |\n\n"
        "[speaker's notes]\nMention the excess.\n\n[slide 2]\n# Terms\nIn a group"
    )
    assert document.pages == 2
    assert document.warnings == ()


def test_a_hidden_slide_is_left_out_and_named() -> None:
    presentation = with_slides("Cover", "Draft", "End")
    presentation.slides[1]._element.set("show", "0")
    document = read(presentation)
    assert document.text == "[slide 1]\n# Cover\n\n[slide 3]\n# End"
    assert document.warnings == ("slide 2 is hidden and was left out",)


def test_figures_stay_in_their_columns_in_merged_cells() -> None:
    presentation = with_slides("Cover")
    table = presentation.slides[0].shapes.add_table(2, 3, *BOX).table
    table.cell(1, 0).merge(table.cell(1, 1))
    for at, text in (((0, 0), "a"), ((0, 1), "b"), ((0, 2), "c"), ((1, 0), "x"), ((1, 2), "9")):
        table.cell(*at).text = text
    assert "| a | b | c |\n| --- | --- | --- |\n| x |  | 9 |" in read(presentation).text


def test_numbers_and_bullets_are_shown() -> None:
    presentation = with_slides("Cover")
    frame = presentation.slides[0].shapes.add_textbox(*BOX).text_frame
    for text, tag, attributes in (
        ("one", "buAutoNum", {"type": "alphaLcParenR"}),
        ("two", "buAutoNum", {"type": "alphaLcParenR"}),
        ("dot", "buChar", {"char": "•"}),
    ):
        paragraph = frame.add_paragraph()
        paragraph.text = text
        properties = paragraph._p.get_or_add_pPr()
        namespace = "http://schemas.openxmlformats.org/drawingml/2006/main"
        mark = properties.makeelement(f"{{{namespace}}}{tag}", attributes)
        properties.append(mark)
    assert read(presentation).text.endswith("# Cover\na) one\nb) two\n- dot")


def test_charts_are_read_from_their_stored_values() -> None:
    presentation = with_slides("Cover")
    data = CategoryChartData()
    data.categories = ["Hail", "Flood"]
    data.add_series("2025", (7, 9))
    presentation.slides[0].shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *BOX, data)
    text = read(presentation).text
    assert "|  | 2025 |\n| --- | --- |\n| Hail | 7 |\n| Flood | 9 |" in text


def test_a_slide_of_pictures_alone_is_named_and_others_are_told() -> None:
    presentation = with_slides("Cover")
    presentation.slides[0].shapes.add_picture(io.BytesIO(PNG), *BOX)
    assert read(presentation).warnings[0].startswith("1 picture was not read")
    blank = presentation.slides.add_slide(presentation.slide_layouts[6])
    blank.shapes.add_picture(io.BytesIO(PNG), *BOX)
    with pytest.raises(UnreadableDocument, match="slide 2 has pictures and no text"):
        read(presentation)
    assert read(presentation, accept_partial=True).text.startswith("[slide 1]\n# Cover")


def test_a_damaged_slide_is_named_and_a_presentation_without_text_is_refused() -> None:
    data = replaced(saved(with_slides("a", "b")), {"ppt/slides/slide2.xml": "<p:sld"})
    with pytest.raises(UnreadableDocument, match="slide 2 is damaged"):
        read_document(data, "a.pptx")
    with pytest.raises(UnreadableDocument, match="no text"):
        read(pptx.Presentation())


def test_too_many_slides_are_refused_with_their_number() -> None:
    with pytest.raises(UnreadableDocument, match="3 slides; at most 2"):
        read_document(saved(with_slides("a", "b", "c")), "a.pptx", limits=DocumentLimits(pages=2))
