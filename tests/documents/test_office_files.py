import docx
import pytest

from aijobs.documents import UnreadableDocument
from tests.documents.reading import read_document

from .word_files import replaced, saved

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def stream(name: str) -> bytes:
    return name.encode("utf-16-le")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (OLE + stream("EncryptedPackage"), "The file is protected by a password."),
        (OLE + b"\xec\xa5" + b"\0" * 40 + stream("WordDocument"), "Word 97 to 2003"),
        (
            OLE + b"\xec\xa5" + b"\0" * 9 + b"\x01" + b"\0" * 30 + stream("WordDocument"),
            "The Word document is protected by a password.",
        ),
        (OLE + stream("PowerPoint Document"), "PowerPoint 97 to 2003"),
    ],
)
@pytest.mark.parametrize("filename", ["a.doc", "a.docx", "a"])
def test_the_true_reason_is_told_why_an_office_file_is_not_read(
    data: bytes, reason: str, filename: str
) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        read_document(data, filename)


def test_a_presentation_within_a_document_does_not_make_it_one() -> None:
    document = docx.Document()
    document.add_paragraph("Terms")
    inner = {"word/embeddings/a.pptx": b"ppt/presentation.xml"}
    assert read_document(replaced(saved(document), inner), "a").text == "Terms"
