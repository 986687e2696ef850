import io
import zipfile

import pytest

from aijobs.documents import Document, UnreadableDocument
from tests.documents.reading import read_document

OPEN = "urn:oasis:names:tc:opendocument:xmlns:"
NAMESPACES = " ".join(
    f'xmlns:{name}="{OPEN}{space}:1.0"'
    for name, space in (
        *((one, one) for one in ("office", "text", "table", "draw", "style", "manifest")),
        ("fo", "xsl-fo-compatible"),
    )
)
STYLES = (
    '<office:automatic-styles><style:style style:name="Gone" style:family="text">'
    '<style:text-properties style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="Child" style:family="text" style:parent-style-name="Gone"/>'
    '<style:style style:name="Up" style:family="text">'
    '<style:text-properties style:text-position="super 58%"/></style:style>'
    '<style:style style:name="Hid" style:family="text">'
    '<style:text-properties text:display="none"/></style:style>'
    '<text:list-style style:name="L">'
    '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    '<text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="("'
    ' style:num-suffix=")"/>'
    '<text:list-level-style-bullet text:level="3" text:bullet-char="•"/></text:list-style>'
    "</office:automatic-styles>"
)


def odt(body: str, styles: str = "", manifest: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml",
            f"<office:document-content {NAMESPACES}>{STYLES}<office:body><office:text>{body}"
            "</office:text></office:body></office:document-content>",
        )
        archive.writestr(
            "styles.xml", f"<office:document-styles {NAMESPACES}>{styles}</office:document-styles>"
        )
        archive.writestr(
            "META-INF/manifest.xml",
            f"<manifest:manifest {NAMESPACES}>{manifest}</manifest:manifest>",
        )
    return out.getvalue()


def read(body: str, styles: str = "") -> Document:
    return read_document(odt(body, styles), "a.odt")


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


def test_headings_paragraphs_and_spaces_are_read() -> None:
    body = (
        '<text:h text:outline-level="2">Hail</text:h><text:p>a<text:s text:c="2"/>b<text:tab/>c'
        "<text:line-break/>d</text:p>"
    )
    assert read(body).text == "## Hail\na  b\tc\nd"


def test_lists_are_numbered_as_shown() -> None:
    body = (
        '<text:list text:style-name="L"><text:list-item><text:p>one</text:p><text:list>'
        "<text:list-item><text:p>in</text:p><text:p>more</text:p></text:list-item>"
        "<text:list-item><text:p>in</text:p></text:list-item></text:list></text:list-item>"
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>"
        '<text:list text:style-name="L" text:continue-numbering="true"><text:list-item>'
        "<text:p>three</text:p></text:list-item></text:list>"
        '<text:list text:style-name="L"><text:list-item text:start-value="7"><text:p>seven</text:p>'
        "</text:list-item></text:list>"
    )
    assert read(body).text == "1. one\n(a) in\nmore\n(b) in\n2. two\n3. three\n7. seven"


def test_lists_begin_anew_unless_they_go_on_with_another_by_its_id() -> None:
    def numbered(text: str, more: str = "") -> str:
        item = f"<text:list-item>{p(text)}</text:list-item>"
        return f'<text:list text:style-name="L" {more}>{item}</text:list>'

    body = (
        numbered("a", 'xml:id="first"')
        + numbered("b")
        + numbered("c", 'text:continue-list="first"')
        + numbered("d")
    )
    assert read(body).text == "1. a\n1. b\n2. c\n1. d"


def test_headings_are_numbered_by_the_outline() -> None:
    styles = (
        '<text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/>'
        '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>'
        "</text:outline-style>"
    )
    body = "".join(f'<text:h text:outline-level="{level}">x</text:h>' for level in (1, 2, 2, 1, 2))
    assert read(body, styles).text.split("\n\n") == [
        "# 1 x", "## 1.1 x", "## 1.2 x", "# 2 x", "## 2.1 x",
    ]  # fmt: skip


def test_tables_keep_their_columns() -> None:
    def cell(text: str, name: str = "table-cell", more: str = "") -> str:
        return f"<table:{name} {more}>{p(text) if text else ''}</table:{name}>"

    spread = 'table:number-columns-spanned="2"'
    body = (
        f"<table:table><table:table-header-rows><table:table-row>{cell('a')}{cell('b')}{cell('c')}"
        "</table:table-row></table:table-header-rows><table:table-row>"
        f"{cell('both', more=spread)}"
        f"{cell('', 'covered-table-cell')}{cell('9')}</table:table-row></table:table>"
    )
    assert read(body).text == "| a | b | c |\n| --- | --- | --- |\n| both |  | 9 |"


def test_struck_hidden_and_deleted_text_is_told_and_raised_text_is_marked() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        '<text:p>10<text:span text:style-name="Up">6</text:span>'
        '<text:span text:style-name="Child">struck</text:span>'
        '<text:span text:style-name="Hid">hidden</text:span>'
        "<office:annotation><text:p>note</text:p></office:annotation> end</text:p>"
    )
    document = read(body)
    assert document.text == "10^6 end"
    assert len(document.warnings) == 4


def test_notes_boxes_headers_and_footers_are_read() -> None:
    styles = (
        "<office:master-styles><style:master-page><style:header><text:p>Policy</text:p>"
        "</style:header><style:footer><text:p>Page <text:page-number>1</text:page-number></text:p>"
        "</style:footer></style:master-page></office:master-styles>"
    )
    body = (
        "<text:p>EUR 5<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>net</text:p></text:note-body></text:note><draw:frame><draw:text-box>"
        "<text:p>00 box</text:p></draw:text-box></draw:frame> each</text:p>"
    )
    assert read(body, styles).text == (
        "[header]\nPolicy\n\nEUR 5[note 1] each\n00 box\n\n# Notes\n\n[note 1] net"
    )


def test_objects_are_named_and_a_password_is_told() -> None:
    with pytest.raises(UnreadableDocument, match="1 embedded object"):
        read(p("a<draw:frame><draw:object-ole/></draw:frame>"))
    with pytest.raises(UnreadableDocument, match="protected by a password"):
        read_document(odt(p("a"), manifest="<manifest:encryption-data/>"), "a.odt")
