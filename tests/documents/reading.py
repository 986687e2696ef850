"""Reads files that are one document, as most are."""

from typing import Any, BinaryIO

from aijobs.documents import Document, HowToRead, read_documents
from aijobs.documents.documents import ReadAs


def read_document(
    file: BinaryIO | bytes,
    filename: str,
    *args: Any,
    read_as: ReadAs = "auto",
    accept_partial: bool = False,
    **options: Any,
) -> Document:
    """The only document of a file."""
    how = HowToRead(read_as, accept_partial)
    (document,) = read_documents(file, filename, *args, how=how, **options)
    return document
