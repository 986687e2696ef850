import io

import pytest
from pypdf import PdfReader, PdfWriter

from aijobs.documents import DocumentLimits, UnreadableDocument
from tests.documents.reading import read_document


def pdf(*pages: str) -> bytes:
    """A PDF with one line of Latin text on each page."""
    streams = [f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode() for text in pages]
    return written(streams)


def written(streams: list[bytes], *, pages_per_stream: int = 1) -> bytes:
    font = len(streams) + 3
    kids = [index + 3 for index in range(len(streams)) for _ in range(pages_per_stream)]
    first_page = font + 1
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>"
        % (len(kids), b" ".join(b"%d 0 R" % (first_page + i) for i in range(len(kids)))),
        *(b"<</Length %d>>stream\n%s\nendstream" % (len(data), data) for data in streams),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
            b"/Resources<</Font<</F1 %d 0 R>>>>>>" % (contents, font)
            for contents in kids
        ),
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF" % start)
    return out.getvalue()


def encrypted(password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Secret terms"))))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def refusal(data: bytes, limits: DocumentLimits | None = None) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(data, "a.pdf", read_as="text", limits=limits or DocumentLimits())
    return str(caught.value)


def test_the_text_of_all_pages_is_read() -> None:
    read = read_document(pdf("First page", "Second page"), "a.pdf")
    assert read.text == "[page 1]\nFirst page\n\n[page 2]\nSecond page"


@pytest.mark.parametrize("filename", ["a.txt", "a", "a.docx", "a.png"])
def test_a_pdf_is_known_by_its_content_whatever_it_is_called(filename: str) -> None:
    assert read_document(pdf("Terms"), filename).text == "[page 1]\nTerms"


def test_a_pdf_may_have_something_before_its_mark_and_a_text_may_speak_of_it() -> None:
    assert read_document(b"mail header\r\n" + pdf("Terms"), "a.pdf").text == "[page 1]\nTerms"
    assert (
        read_document(b"A PDF starts with %PDF-1.7", "a.txt").text == "A PDF starts with %PDF-1.7"
    )


def test_a_pdf_of_empty_pages_has_no_text() -> None:
    assert refusal(pdf("", " ")) == "The document has no text."


def test_a_password_is_asked_to_be_removed() -> None:
    assert "protected by a password" in refusal(encrypted("secret"))


def test_a_pdf_that_only_forbids_printing_is_read() -> None:
    assert read_document(encrypted(""), "a.pdf").text == "[page 1]\nSecret terms"


def test_too_many_pages_are_refused_with_their_number() -> None:
    message = refusal(pdf("a", "b", "c"), DocumentLimits(pages=2))
    assert message == "The PDF has 3 pages; at most 2 are accepted."


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7\nnothing more", pdf("Terms")[:300]])
def test_a_damaged_pdf_is_called_damaged(data: bytes) -> None:
    assert "damaged" in refusal(data)


def test_text_that_is_called_a_pdf_is_refused() -> None:
    assert "not that of a .pdf file" in refusal(b"Dear Sirs,")


@pytest.mark.timeout(30)
def test_a_pdf_that_never_ends_is_given_up() -> None:
    line = b"BT /F1 12 Tf 72 720 Td (text) Tj ET\n"
    endless = written([line * 20_000], pages_per_stream=1_000)
    message = refusal(endless, DocumentLimits(seconds=2))
    assert "takes too long to read" in message
