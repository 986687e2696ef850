import pytest

from aijobs.documents import UnreadableDocument, read_document


@pytest.mark.parametrize("filename", ["scan", "scan.png", "scan.txt", "scan.docx"])
@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(20),
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(20),
        b"GIF89a" + bytes(20),
        b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20),
    ],
)
def test_an_image_is_known_by_its_content_and_told_to_hold_no_text(
    data: bytes, filename: str
) -> None:
    with pytest.raises(UnreadableDocument, match=r"An image holds no text that can be read"):
        read_document(data, filename)
