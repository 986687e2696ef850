"""An image is known by its content, and sent as it is."""

import struct
import zlib

import pytest

from aijobs.documents import UnreadableDocument
from tests.documents.reading import read_document


def png(width: int = 4, height: int = 3) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(b"\0" * 20))
        + chunk(b"IEND", b"")
    )


GIF = b"GIF89a" + struct.pack("<HH", 4, 3) + bytes(20)


@pytest.mark.parametrize("filename", ["scan", "scan.png", "scan.txt", "scan.docx"])
@pytest.mark.parametrize(("data", "media_type"), [(png(), "image/png"), (GIF, "image/gif")])
def test_it_is_sent_as_it_is_whatever_it_is_called(
    data: bytes, media_type: str, filename: str
) -> None:
    read = read_document(data, filename)
    assert (read.media_type, read.is_sent_as_file, read.text) == (media_type, True, "")
    assert read.data == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (png(9_000, 3), "9,000 × 3 pixels"),
        (png() + bytes(4_000_000), "4.0 MB"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "damaged"),
        (b"II*\0" + bytes(20), "TIFF"),
    ],
)
def test_what_claude_would_refuse_is_refused_with_the_number(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        read_document(data, "scan.png")


def test_its_text_cannot_be_had() -> None:
    with pytest.raises(UnreadableDocument, match="no text"):
        read_document(png(), "scan.png", read_as="text")
