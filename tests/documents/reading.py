"""Reads files that are one document, as most are."""

from typing import Any, BinaryIO

from aijobs.documents import Document, read_documents


def read_document(file: BinaryIO | bytes, filename: str, *args: Any, **options: Any) -> Document:
    """The only document of a file."""
    (document,) = read_documents(file, filename, *args, **options)
    return document
