from typing import Any

import pytest

from aijobs.documents import Document, UnreadableDocument, read_document

from .docx_files import packed

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_DECLARED = " ".join(
    f'xmlns:{name}="{_OASIS}{place}:1.0"'
    for name, place in [
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"),
        ("style", "style"), ("fo", "xsl-fo-compatible"), ("manifest", "manifest"),
    ]
)  # fmt: skip


def odt(body: str, automatic: str = "", styles: str = "", manifest: str = "") -> bytes:
    content = (
        f"<office:document-content {_DECLARED}><office:automatic-styles>{automatic}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    return packed(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": content.encode(),
            "styles.xml": f"<office:document-styles {_DECLARED}>{styles}"
            "</office:document-styles>".encode(),
            "META-INF/manifest.xml": f"<manifest:manifest {_DECLARED}>{manifest}"
            "</manifest:manifest>".encode(),
        }
    )


def read(data: bytes, **options: Any) -> Document:
    return read_document(data, "a.odt", **options)


def test_headings_paragraphs_and_tables_are_read_in_order() -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>".format
    rows = "".join(
        f"<table:table-row>{''.join(cells)}</table:table-row>"
        for cells in (
            [cell("Peril"), cell("Limit"), cell("Excess")],
            [
                '<table:table-cell table:number-columns-spanned="2"><text:p>Flood</text:p>'
                "</table:table-cell><table:covered-table-cell/>",
                cell("1 500"),
            ],
        )
    )
    body = (
        '<text:h text:outline-level="2">Cover</text:h><text:p>Storm<text:s text:c="2"/>'
        f"<text:span>and</text:span> hail</text:p><table:table>{rows}</table:table>"
        "<text:p>Last</text:p>"
    )
    assert read(odt(body)).text == (
        "## Cover\nStorm  and hail\n\n| Peril | Limit | Excess |\n| --- | --- | --- |\n"
        "| Flood |  | 1 500 |\n\nLast"
    )


def test_numbers_of_lists_are_read() -> None:
    style = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" '
        'style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" '
        'style:num-format="a" style:num-prefix="(" style:num-suffix=")"/></text:list-style>'
    )
    inner = "<text:list><text:list-item><text:p>hail</text:p></text:list-item></text:list>"
    body = (
        '<text:list text:style-name="L"><text:list-item><text:p>Storm</text:p></text:list-item>'
        f"<text:list-item><text:p>Ice</text:p>{inner}</text:list-item></text:list>"
    )
    assert read(odt(body, style)).text == "1. Storm\n2. Ice\n(a) hail"


def test_notes_headers_and_what_is_left_out() -> None:
    automatic = (
        '<style:style style:name="S" style:family="text"><style:text-properties '
        'style:text-line-through-style="solid"/></style:style>'
        '<style:style style:name="U" style:family="text"><style:text-properties '
        'style:text-position="super 58%"/></style:style>'
    )
    styles = (
        '<office:master-styles><style:master-page style:name="M"><style:header><text:p>Draft'
        "</text:p></style:header></style:master-page></office:master-styles>"
    )
    body = (
        '<text:p>EUR 10<text:span text:style-name="U">6</text:span>'
        '<text:span text:style-name="S"> gone</text:span><text:note><text:note-citation>1'
        "</text:note-citation><text:note-body><text:p>Net.</text:p></text:note-body></text:note>"
        "<office:annotation><text:p>No!</text:p></office:annotation></text:p>"
    )
    document = read(odt(body, automatic, styles))
    assert document.text == "[header]\nDraft\n\nEUR 10^6[note 1]\n\n# Notes\n\n[note 1] Net."
    assert set(document.warnings) == {"struck text was left out", "1 comment was left out"}


def test_a_protected_document_is_refused() -> None:
    locked = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    with pytest.raises(UnreadableDocument, match="password"):
        read(odt("<text:p>x</text:p>", manifest=locked))


def test_it_is_known_by_its_content() -> None:
    data = odt("<text:p>Terms</text:p>")
    assert read_document(data, "a.docx").media_type == "application/vnd.oasis.opendocument.text"
