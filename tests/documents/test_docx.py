import io
import zipfile
from typing import Any

import docx
import pytest

from aijobs.documents import DocumentLimits, UnreadableDocument
from tests.documents.reading import read_document

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_body(xml: str, prolog: str = "") -> bytes:
    """A document of python-docx with another body."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(docx.Document()))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name != "word/document.xml":
                new.writestr(name, old.read(name))
        body = f'{prolog}<w:document xmlns:w="{WORD}"><w:body>{xml}</w:body></w:document>'
        new.writestr("word/document.xml", body)
    return out.getvalue()


def refusal(data: bytes, filename: str = "a.docx", limits: DocumentLimits | None = None) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(data, filename, limits=limits or DocumentLimits())
    return str(caught.value)


def test_paragraphs_and_tables_are_read_in_order() -> None:
    document = docx.Document()
    document.add_heading("Terms — 条款", 1)
    document.add_paragraph("First line\nsecond line\tafter a tab")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Fee", "Due", "5 €", "May"], strict=True):
        cell.text = text
    document.add_paragraph("Last 👋")
    assert read_document(saved(document), "a.docx").text == (
        "# Terms — 条款\nFirst line\nsecond line\tafter a tab\n\n"
        "| Fee | Due |\n| --- | --- |\n| 5 € | May |\n\nLast 👋"
    )


@pytest.mark.parametrize("filename", ["a.txt", "a", "a.pdf", "a.zip"])
def test_a_docx_is_known_by_its_content_whatever_it_is_called(filename: str) -> None:
    document = docx.Document()
    document.add_paragraph("Terms")
    assert read_document(saved(document), filename).text == "Terms"


def test_tracked_changes_are_read_as_if_accepted() -> None:
    body = (
        "<w:p><w:r><w:t>Pay </w:t></w:r><w:del><w:r><w:delText>5</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>6</w:t></w:r></w:ins><w:r><w:noBreakHyphen/><w:t>fold</w:t></w:r></w:p>"
    )
    assert read_document(with_body(body), "a.docx").text == "Pay 6-fold"


def test_a_document_without_text_is_refused() -> None:
    assert refusal(saved(docx.Document())) == "The document has no text."


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = with_body("<w:p/>" + " " * 50_000_000)
    assert len(bomb) < 200_000
    message = refusal(bomb, limits=DocumentLimits(unpacked=10_000_000))
    assert message == "The file unpacks to more than is accepted."


@pytest.mark.timeout(30)
def test_entities_are_not_expanded() -> None:
    entities = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
    prolog = f'<!DOCTYPE w:document [<!ENTITY e0 "laughter">{entities}]>'
    body = "<w:p><w:r><w:t>Ha &e9;</w:t></w:r></w:p>"
    assert "unpacks to more than is accepted" in refusal(with_body(body, prolog))


def test_a_file_of_this_machine_is_not_read_into_a_document() -> None:
    prolog = '<!DOCTYPE w:document [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    body = "<w:p><w:r><w:t>Users: &e;</w:t></w:r></w:p>"
    assert "declares a document type" in refusal(with_body(body, prolog))


@pytest.mark.parametrize("keep", [40, 400, -200])
def test_a_damaged_docx_is_called_damaged(keep: int) -> None:
    assert "damaged" in refusal(saved(docx.Document())[:keep])


def test_broken_xml_in_a_docx_is_called_damaged() -> None:
    assert "damaged" in refusal(with_body("<w:p>"))


def test_text_that_is_called_a_docx_is_refused() -> None:
    assert "not that of a .docx file" in refusal(b"Dear Sirs,")


def test_an_encrypted_or_old_word_document_is_asked_to_be_saved_anew() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512
    for filename in ("a.doc", "a.docx"):
        assert "Save it as .docx without a password" in refusal(data, filename)


def test_what_a_container_of_office_holds_is_said() -> None:
    start = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512
    protected = start + "EncryptedPackage".encode("utf-16-le")
    assert "protected by a password" in refusal(protected, "a.docx")
    assert "protected by a password" in refusal(protected, "a")
    assert "Word 97 to 2003" in refusal(start + "WordDocument".encode("utf-16-le"), "a.doc")


@pytest.mark.parametrize("suffix", ["docm", "dotx", "dotm"])
def test_documents_with_macros_and_templates_are_read(suffix: str) -> None:
    document = docx.Document()
    document.add_paragraph("Terms")
    assert read_document(saved(document), f"a.{suffix}").text == "Terms"


def test_another_kind_of_zip_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    assert "Upload .txt, .md, .html, .pdf, .docx" in refusal(out.getvalue(), "a.zip")
