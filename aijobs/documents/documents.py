"""An uploaded document, read into text."""

import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from .confined import Bounds, Unreadable, read_confined
from .encoding import Encoding, UnknownEncoding, charset_of, declared_in_page, decoded
from .readers.content import Content

_KINDS = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".markdown": "text",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
MEDIA_TYPES = {
    "text": "text/plain",
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNSUPPORTED = "This kind of file cannot be read. Upload .txt, .md, .html, .pdf or .docx."


class UnreadableDocument(ValueError):
    """A document without text that can be used. The message is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read. `warnings` name what is not in `text`, and quote nothing."""

    name: str
    media_type: str
    size: int
    """Bytes of the file."""
    text: str
    pages: int | None
    """How many there are, where the format has pages."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What one document may ask for."""

    size: int = 10_000_000  # bytes
    pages: int = 2_000
    unpacked: int = 100_000_000  # bytes
    seconds: int = 20


DEFAULT_LIMITS = DocumentLimits()


def read_document(
    file: BinaryIO | bytes,
    filename: str,
    content_type: str | None = None,
    *,
    accept_partial: bool = False,
    limits: DocumentLimits = DEFAULT_LIMITS,
) -> Document:
    """What can be read of a document, whatever it is called.

    Plain text is kept as it is, line ends included. Raises UnreadableDocument where nothing can be
    read, and unless `accept_partial` where a part cannot.
    """
    data = file if isinstance(file, bytes) else file.read(limits.size + 1)
    if len(data) > limits.size:
        raise UnreadableDocument(
            f"The file is too large: at most {limits.size // 1_000_000} MB are accepted."
        )
    kind = _kind(data, PurePath(filename).suffix.lower(), content_type or "")
    if kind in {"text", "html"}:
        content = _from_text(kind, data, content_type, limits)
    else:
        content = _confined(kind, data, limits)
    if not content.text or content.text.isspace():
        raise UnreadableDocument("The document has no text.")
    if content.missing and not accept_partial:
        raise UnreadableDocument(
            f"Not all of the document can be read: {'; '.join(content.missing)}."
            " Send accept_partial to queue what can be."
        )
    return Document(
        filename,
        MEDIA_TYPES[kind],
        len(data),
        content.text,
        content.pages,
        (*content.missing, *content.warnings),
    )


def _kind(data: bytes, suffix: str, content_type: str) -> str:
    """What a file is: by its first bytes, then by its name, then by what the client says."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    # Readers look for the mark in the first kilobyte; elsewhere it may be a word in a text.
    if start.startswith(b"%pdf-") or (suffix == ".pdf" and b"%pdf-" in start):
        return "pdf"
    if data.startswith(_ZIP) and (suffix == ".docx" or b"word/document.xml" in data):
        return "docx"
    if data.startswith(_OLE) and suffix in {".doc", ".docx"}:
        raise UnreadableDocument(
            "The Word document is protected by a password or in the format of Word 2003. "
            "Save it as .docx without a password."
        )
    if data.startswith((_OLE, _ZIP, b"{\\rtf")):
        raise UnreadableDocument(_UNSUPPORTED)
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    kind = _KINDS.get(suffix)
    if kind in {"pdf", "docx"}:
        raise UnreadableDocument(f"The content is not that of a {suffix} file, or it is damaged.")
    if kind is None and suffix and not content_type.startswith("text/"):
        raise UnreadableDocument(_UNSUPPORTED)
    return kind or "text"


def _from_text(kind: str, data: bytes, content_type: str | None, limits: DocumentLimits) -> Content:
    declared = charset_of(content_type) or (declared_in_page(data) if kind == "html" else None)
    try:
        text, encoding = decoded(data, declared)
    except UnknownEncoding:
        text, encoding = "\0", Encoding("")
    if "\0" in text:
        raise UnreadableDocument(
            "The file is not plain text, or in an unknown encoding. Save it as UTF-8."
        )
    content = Content(text) if kind == "text" else _confined(kind, text.encode(), limits)
    if encoding.bad_bytes:
        content.missing.append(encoding.says_bad())
    return content


def _confined(kind: str, data: bytes, limits: DocumentLimits) -> Content:
    try:
        return read_confined(
            kind, io.BytesIO(data), Bounds(limits.seconds, limits.unpacked, limits.pages)
        )
    except Unreadable as refused:
        raise UnreadableDocument(str(refused)) from None
