"""An uploaded document, read into text."""

import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from .confined import Bounds, Unreadable, read_confined
from .encoding import UnknownEncoding, encoding_of
from .office_files import kind_of_zip, reason_of_ole
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
    ".docm": "docx",
    ".dotx": "docx",
    ".dotm": "docx",
    ".rtf": "rtf",
    ".odt": "odt",
    ".ott": "odt",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".ppsx": "pptx",
    ".eml": "eml",
    ".msg": "msg",
}
MEDIA_TYPES = {
    "text": "text/plain",
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "rtf": "application/rtf",
    "odt": "application/vnd.oasis.opendocument.text",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "eml": "message/rfc822",
    "msg": "application/vnd.ms-outlook",
}
_ZIPPED = {"docx", "odt", "pptx"}
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The first bytes of PNG, JPEG, GIF and TIFF; WebP has its mark behind a length.
_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_IMAGE = (
    "An image holds no text that can be read; upload the text, or a PDF that text recognition (OCR)"
    " has gone over."
)
_UNSUPPORTED = (
    "This kind of file cannot be read."
    " Upload .txt, .md, .html, .pdf, .docx, .odt, .rtf, .pptx, .eml or .msg."
)


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
        data = _decoded(data).encode()
    content = Content(data.decode()) if kind == "text" else _confined(kind, data, limits)
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
    if data.startswith(_IMAGES) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        raise UnreadableDocument(_IMAGE)
    if data.startswith(_OLE) and suffix == ".msg":
        return "msg"
    if data.startswith(_ZIP):
        return _kind_of_zip(data, suffix)
    if data.startswith(_OLE):
        raise UnreadableDocument(_reason_of_ole(data, suffix))
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    kind = "eml" if content_type == "message/rfc822" else _KINDS.get(suffix)
    if kind in {"pdf", "rtf", "msg", *_ZIPPED}:
        raise UnreadableDocument(f"The content is not that of a {suffix} file, or it is damaged.")
    if kind is None and suffix and not content_type.startswith("text/"):
        raise UnreadableDocument(_UNSUPPORTED)
    return kind or "text"


def _kind_of_zip(data: bytes, suffix: str) -> str:
    kind = kind_of_zip(data) or _KINDS.get(suffix)
    if kind in _ZIPPED:
        return kind
    raise UnreadableDocument(_UNSUPPORTED)


def _reason_of_ole(data: bytes, suffix: str) -> str:
    """Why a file is refused that is a container of Office 97 to 2003."""
    reason = reason_of_ole(data)
    if reason:
        return reason
    if suffix in {".doc", ".dot"} or _KINDS.get(suffix) == "docx":
        return (
            "The Word document is protected by a password or in the format of Word 97 to 2003. "
            "Save it as .docx without a password."
        )
    return _UNSUPPORTED


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


def _confined(kind: str, data: bytes, limits: DocumentLimits) -> Content:
    try:
        return read_confined(
            kind, io.BytesIO(data), Bounds(limits.seconds, limits.unpacked, limits.pages)
        )
    except Unreadable as refused:
        raise UnreadableDocument(str(refused)) from None
