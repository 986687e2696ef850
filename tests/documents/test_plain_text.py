import io
import traceback

import pytest

from aijobs.documents import DocumentLimits, UnreadableDocument
from tests.documents.reading import read_document

UNICODE = "Zażółć gęślą jaźń. שלום עולם. 文書 👩‍👩‍👧\u2028end"


def refusal(data: bytes, filename: str, content_type: str | None = None) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(data, filename, content_type)
    assert caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize("filename", ["a.txt", "A.TXT", "a.md", "notes.markdown", "LICENSE"])
def test_plain_text_is_kept_as_it_is(filename: str) -> None:
    text = "  # Title\r\n\r\n<b>1 < 2</b>\n\n"
    assert read_document(text.encode(), filename).text == text


def test_a_file_object_is_read_like_bytes() -> None:
    assert read_document(io.BytesIO(b"text"), "a.txt").text == "text"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_with_and_without_a_byte_order_mark(encoding: str) -> None:
    assert read_document(UNICODE.encode(encoding), "a.txt").text == UNICODE


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Die Gebühr beträgt fünf Euro; Änderungen bedürfen der Schriftform. " * 4),
        ("cp1251", "Настоящий договор вступает в силу со дня его подписания сторонами. " * 4),
        ("shift_jis", "この契約は双方が署名した日から効力を生じるものとします。" * 4),
    ],
)
def test_older_encodings_are_recognized(encoding: str, text: str) -> None:
    assert read_document(text.encode(encoding), "a.txt").text == text


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf"])
def test_a_file_without_text_is_refused(data: bytes) -> None:
    assert refusal(data, "a.txt") == "The document has no text."


@pytest.mark.parametrize(
    "data", [b"contract\0", b"\x7fELF\0\0", b"\xff\xfe\x00\xd8a\x00", b"\0\xff"]
)
def test_binary_data_is_not_taken_for_text(data: bytes) -> None:
    assert "Save it as UTF-8" in refusal(data, "a.txt")


def test_a_file_over_the_limit_is_told_the_limit() -> None:
    limit = DocumentLimits().size
    assert len(read_document(b"x" * limit, "a.txt").text) == limit
    assert refusal(b"x" * (limit + 1), "a.txt") == (
        "The file is too large: at most 10 MB are accepted."
    )


def test_only_the_limit_is_read_of_a_file_over_it() -> None:
    file = io.BytesIO(b"x" * 1_000)
    with pytest.raises(UnreadableDocument):
        read_document(file, "a.txt", limits=DocumentLimits(size=100))
    assert file.tell() <= 101


@pytest.mark.parametrize(
    ("data", "filename", "content_type"),
    [
        (b"MZ", "setup.exe", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet.xls", None),
    ],
)
def test_other_kinds_of_file_are_refused_with_those_that_are_accepted(
    data: bytes, filename: str, content_type: str | None
) -> None:
    message = refusal(data, filename, content_type)
    assert "Upload .txt, .md, .html, .pdf, .docx" in message


def test_an_unknown_extension_is_read_when_the_client_calls_it_text() -> None:
    assert read_document(b"text", "COPYING.LESSER", "text/plain").text == "text"


def test_no_error_carries_a_part_of_the_document() -> None:
    data = "the merger is off\0".encode("utf-16-le")
    with pytest.raises(UnreadableDocument) as caught:
        read_document(data, "a.txt")
    assert "merger" not in "".join(traceback.format_exception(caught.value))
