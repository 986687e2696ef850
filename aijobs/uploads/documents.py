"""An uploaded document, read into text."""

import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from .confined import Bounds, Unreadable, extracted
from .encoding import UnknownEncoding, encoding_of

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
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNSUPPORTED = "This kind of file cannot be read. Upload .txt, .md, .html, .pdf or .docx."


class UnreadableDocument(ValueError):
    """A document without text that can be used. The message is for the person who sent it."""


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
    limits: DocumentLimits = DEFAULT_LIMITS,
) -> str:
    """The text of a .txt, .md, .html, .pdf or .docx file, whatever it is called.

    Plain text is kept as it is, line ends included. Raises UnreadableDocument.
    """
    data = file if isinstance(file, bytes) else file.read(limits.size + 1)
    if len(data) > limits.size:
        raise UnreadableDocument(
            f"The file is too large: at most {limits.size // 1_000_000} MB are accepted."
        )
    kind = _kind(data, PurePath(filename).suffix.lower(), content_type or "")
    if kind in {"text", "html"}:
        data = _decoded(data).encode()
    text = data.decode() if kind == "text" else _extracted(kind, data, limits)
    if not text or text.isspace():
        raise UnreadableDocument("The document has no text.")
    return text


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


def _decoded(data: bytes) -> str:
    try:
        text = data.decode(encoding_of(io.BytesIO(data)))
    except (UnknownEncoding, UnicodeDecodeError):
        text = "\0"
    # Raised outside the handler: a decoding error carries the whole document.
    if "\0" in text:
        raise UnreadableDocument(
            "The file is not plain text, or in an unknown encoding. Save it as UTF-8."
        )
    return text


def _extracted(kind: str, data: bytes, limits: DocumentLimits) -> str:
    bounds = Bounds(limits.seconds, limits.unpacked, limits.pages)
    try:
        with extracted(kind, io.BytesIO(data), bounds) as output:
            return output.read().decode("utf-8", "surrogatepass")
    except Unreadable as refused:
        raise UnreadableDocument(str(refused)) from None
