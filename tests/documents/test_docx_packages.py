"""Files that other programs wrote, or that are damaged in part."""

import contextlib
import io
import re
import zipfile

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs.documents import UnreadableDocument
from aijobs.documents.readers import word
from aijobs.documents.readers.content import Limits, Refusal

from .word_files import CASES, packed, paragraph, read, saved, text_of, word_file


def changed(data: bytes, changes: dict[str, tuple[str, str]], without: str = "") -> bytes:
    """The file with text replaced in members, and without one member."""
    files = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            old, new = changes.get(name, ("", ""))
            if name != without:
                files[name] = archive.read(name).replace(old.encode(), new.encode())
    return packed(files)


def usual() -> bytes:
    document = docx.Document()
    document.add_heading("Cover", 1)
    document.add_paragraph("Storm", "List Number")
    return saved(document)


def test_strict_open_xml_is_read() -> None:
    assert read(CASES / "docx_strict.docx").text == "A perfectly ordinary letter."


def test_a_dangling_relationship_does_no_harm() -> None:
    more = '<Relationship Id="r99" Type="http://x/relationships/image" Target="gone.png"/>'
    data = changed(usual(), {"word/_rels/document.xml.rels": ("</Rel", f"{more}</Rel")})
    assert read(data).text == "# Cover\n1. Storm"


def test_without_its_styles_the_text_is_there() -> None:
    assert "Storm" in read(changed(usual(), {}, without="word/styles.xml")).text


def test_damaged_numbers_are_missing() -> None:
    data = changed(usual(), {"word/numbering.xml": ("</w:numbering>", "")})
    with pytest.raises(UnreadableDocument, match="numbers of lists"):
        read(data)
    assert "Storm" in read(data, accept_partial=True).text


def test_a_header_that_is_gone_is_missing() -> None:
    section = '<w:sectPr><w:headerReference w:type="default" r:id="gone"/></w:sectPr>'
    with pytest.raises(UnreadableDocument, match="1 header"):
        read(word_file(paragraph("One") + section))


def test_the_main_part_may_have_another_name() -> None:
    files = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": b'<Relationships><Relationship Id="a" Target="/word/document2.xml" '
        b'Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"/>'
        b"</Relationships>",
        "word/document2.xml": b'<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/'
        b'main"><w:body><w:p><w:r><w:t>Terms</w:t></w:r></w:p></w:body></w:document>',
    }
    assert read(packed(files)).text == "Terms"


@pytest.mark.timeout(60)
def test_tables_that_are_nested_without_end_are_refused() -> None:
    deep = 5_000
    start = "<w:tbl><w:tr><w:tc>" * deep
    end = "</w:tc></w:tr></w:tbl>" * deep
    with pytest.raises(UnreadableDocument):
        read(word_file(start + paragraph("x") + end))


def test_a_table_that_asks_for_too_many_columns_is_cut() -> None:
    span = '<w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>'
    wide = f"<w:tc>{span}{paragraph('a')}</w:tc>"
    body = f"<w:tbl><w:tr>{wide}<w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"
    assert len(text_of(body)) < 1_000


def test_a_document_that_imports_itself_ends() -> None:
    body = paragraph("x") + '<w:altChunk r:id="aFChunk_docx"/>'
    data = word_file(body)
    for _ in range(5):
        data = word_file(body, aFChunk_docx=data)
    with pytest.raises(UnreadableDocument, match="imported part"):
        read(data)


def test_a_document_of_pictures_is_refused() -> None:
    picture = "<w:r><w:pict><v:shape><v:imagedata/></v:shape></w:pict></w:r>"
    header = '<w:sectPr><w:headerReference w:type="default" r:id="header"/></w:sectPr>'
    with pytest.raises(UnreadableDocument, match="pictures"):
        read(word_file(paragraph(inner=picture)))
    with pytest.raises(UnreadableDocument, match="1 picture in the place of text"):
        read(word_file(paragraph(inner=picture) + header, header=paragraph("Letterhead")))


NAMES = re.findall(
    r"\S+",
    """
    w:p w:r w:t w:pPr w:rPr w:tbl w:tr w:tc w:tcPr w:trPr w:sdt w:sdtPr w:sdtContent w:ins w:del
    w:delText w:fldChar w:instrText w:fldSimple w:footnoteReference w:sym w:drawing w:pict w:object
    w:altChunk w:txbxContent w:numPr w:numId w:ilvl w:pStyle w:vMerge w:gridSpan w:gridBefore w:ruby
    w:rubyBase w:rt w:sectPr w:headerReference w:tab w:br w:framePr w:vertAlign w:position w:vanish
    w:strike w:ffData w:checkBox w:ddList w:result w:listEntry w:outlineLvl mc:AlternateContent
    mc:Choice m:oMath m:f m:num m:t c:chart a:p pic:pic o:OLEObject v:textpath dgm:relIds
    """,
)
VALUES = ["", "1", "-1", "99999999999", "x", "begin", "separate", "end", "restart", "superscript"]
ELEMENTS = st.recursive(
    st.sampled_from(["", "text"]),
    lambda inner: st.builds(
        lambda name, value, children: (
            f'<{name} w:val="{value}" w:id="{value}" r:id="{value}" w:fldCharType="{value}"'
            f' w:char="{value}">{"".join(children)}</{name}>'
        ),
        st.sampled_from(NAMES),
        st.sampled_from(VALUES),
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ELEMENTS, max_size=4).map("".join))
def test_any_elements_are_read_or_refused(body: str) -> None:
    numbering = '<w:abstractNum w:abstractNumId="x"/><w:num w:numId="1"/><w:num w:numId="x"/>'
    with contextlib.suppress(Refusal):
        word.text_of(word_file(body, numbering=numbering), Limits(1_000_000, 10), 0)
