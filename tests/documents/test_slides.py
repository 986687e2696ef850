from typing import Any

import pytest

from aijobs.documents import Document, DocumentLimits, UnreadableDocument, read_document

from .docx_files import packed

_SCHEMAS = "http://schemas.openxmlformats.org"
_DECLARED = (
    f'xmlns:p="{_SCHEMAS}/presentationml/2006/main" xmlns:a="{_SCHEMAS}/drawingml/2006/main" '
    f'xmlns:r="{_SCHEMAS}/officeDocument/2006/relationships"'
)


def _related(*relations: tuple[str, str, str]) -> bytes:
    inner = "".join(
        f'<Relationship Id="{key}" Type="x/{kind}" Target="{target}"/>'
        for key, kind, target in relations
    )
    return f"<Relationships>{inner}</Relationships>".encode()


def slide(*shapes: str, attributes: str = "") -> str:
    tree = f"<p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld>"
    return f"<p:sld {_DECLARED} {attributes}>{tree}</p:sld>"


def shape(*paragraphs: str, kind: str = "body") -> str:
    place = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>'
    return f"<p:sp>{place}<p:txBody>{''.join(paragraphs)}</p:txBody></p:sp>"


def line(text: str, properties: str = "") -> str:
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


def pptx(*slides: str, notes: str = "") -> bytes:
    """Slides in the reverse order of their files' names; the first has the notes."""
    listed = "".join(f'<p:sldId id="{n}" r:id="s{n}"/>' for n in range(len(slides)))
    files = {
        "_rels/.rels": _related(("a", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {_DECLARED}><p:sldIdLst>{listed}</p:sldIdLst>"
        "</p:presentation>".encode(),
        "ppt/_rels/presentation.xml.rels": _related(
            *((f"s{n}", "slide", f"slides/slide{9 - n}.xml") for n in range(len(slides)))
        ),
    }
    for n, xml in enumerate(slides):
        files[f"ppt/slides/slide{9 - n}.xml"] = xml.encode()
    if notes:
        files["ppt/slides/_rels/slide9.xml.rels"] = _related(("n", "notesSlide", "../notes.xml"))
        files["ppt/notes.xml"] = slide(notes).encode()
    return packed(files)


def read(data: bytes, **options: Any) -> Document:
    return read_document(data, "a.pptx", **options)


def test_slides_are_read_in_their_order_with_titles_lists_and_notes() -> None:
    numbered = '<a:pPr><a:buAutoNum type="arabicPeriod"/></a:pPr>'
    first = slide(
        shape(line("Cover"), kind="title"), shape(line("Storm", numbered), line("Hail", numbered))
    )
    document = read(pptx(first, slide(shape(line("Last"))), notes=shape(line("Say it."))))
    assert document.text == (
        "[slide 1]\n# Cover\n1. Storm\n2. Hail\n\n[speaker's notes]\nSay it.\n\n[slide 2]\nLast"
    )
    assert document.pages == 2


def test_tables_of_slides_are_read() -> None:
    def cell(text: str, attributes: str = "") -> str:
        return f"<a:tc {attributes}><a:txBody>{line(text)}</a:txBody></a:tc>"

    rows = "".join(
        f"<a:tr>{''.join(cells)}</a:tr>"
        for cells in (
            [cell("Peril"), cell("Limit")],
            [cell("Flood", 'gridSpan="2"'), cell("", 'hMerge="1"')],
        )
    )
    frame = f"<p:graphicFrame><a:graphic><a:tbl>{rows}</a:tbl></a:graphic></p:graphicFrame>"
    assert read(pptx(slide(frame))).text == (
        "[slide 1]\n| Peril | Limit |\n| --- | --- |\n| Flood |  |"
    )


def test_hidden_slides_are_told_and_pictures_without_text_are_missing() -> None:
    shown, hidden = slide(shape(line("Live"))), slide(shape(line("Draft")), attributes='show="0"')
    document = read(pptx(shown, hidden))
    assert document.text == "[slide 1]\nLive"
    assert document.warnings == ("slide 2 is hidden and was left out",)
    with pytest.raises(UnreadableDocument, match="slide 2 has pictures and no text"):
        read(pptx(shown, slide("<p:pic/>")))


def test_too_many_slides_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="3 slides; at most 2"):
        read(pptx(*[slide(shape(line("x")))] * 3), limits=DocumentLimits(pages=2))
