"""An uploaded document, read into text."""

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Literal, get_args

from aijobs.jobtypes import Part

from . import originals
from .confined import Bounds, Confined, Unreadable
from .encoding import Encoding, UnknownEncoding, charset_of, declared_in_page, decoded
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
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "rtf": "application/rtf",
    "odt": "application/vnd.oasis.opendocument.text",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "eml": "message/rfc822",
    "msg": "application/vnd.ms-outlook",
}
_IMAGES = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "webp": (b"RIFF",),
}
_ZIPPED = {"docx", "odt", "pptx"}
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The first bytes of PNG, JPEG, GIF and TIFF; WebP has its mark behind a length.
_TIFF = (b"II*\0", b"MM\0*")
_TOLD = ".txt, .md, .html, .pdf, .docx, .odt, .rtf, .pptx, .eml, .msg"
_UNSUPPORTED = f"This kind of file cannot be read. Upload {_TOLD} or an image."


ReadAs = Literal["auto", "text", "original"]
READ_AS = get_args(ReadAs)


class UnreadableDocument(ValueError):
    """A document that cannot be used as it is. The message is for the person who sent it."""

    def __init__(self, message: str, *, is_partial: bool = False) -> None:
        super().__init__(message)
        self.is_partial = is_partial
        """Whether `accept_partial` would take what can be read of it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read. `warnings` name what is not in `text`, and quote nothing."""

    name: str
    media_type: str
    size: int
    """Bytes of the file."""
    sha256: bytes
    text: str
    """As it was read; where the file is sent as it is, it may lack pages, or be empty."""
    data: bytes | None = None
    """The file; None where it is no more than the text."""
    pages: int | None = None
    """How many there are, where the format has pages."""
    is_sent_as_file: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def part(self) -> Part:
        """The document as it is sent."""
        file = base64.b64encode(self.data or b"").decode() if self.is_sent_as_file else ""
        return Part(self.text, self.media_type, self.pages, self.is_sent_as_file, file)


def of_text(text: str) -> Document:
    """A text that came without a file."""
    data = text.encode("utf-8", "surrogatepass")
    return Document("", MEDIA_TYPES["text"], len(data), hashlib.sha256(data).digest(), text)


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
    read_as: ReadAs = "auto",
    accept_partial: bool = False,
    limits: DocumentLimits = DEFAULT_LIMITS,
    confined: Confined | None = None,
) -> Document:
    """What can be read of a document, whatever it is called.

    Plain text is kept as it is, line ends included. `read_as` says what is sent of a PDF or an
    image: the text, the original, or by itself the text where all of it can be read. Whoever reads
    several hands in what they are `confined` in. Raises UnreadableDocument where nothing can be
    read, and unless `accept_partial` where a part cannot.
    """
    if confined is None:
        with Confined() as alone:
            return read_document(
                file,
                filename,
                content_type,
                read_as=read_as,
                accept_partial=accept_partial,
                limits=limits,
                confined=alone,
            )
    data = file if isinstance(file, bytes) else file.read(limits.size + 1)
    if len(data) > limits.size:
        raise UnreadableDocument(
            f"The file is too large: at most {limits.size // 1_000_000} MB are accepted."
        )
    size, digest, original = len(data), hashlib.sha256(data).digest(), data
    kind = _kind(data, PurePath(filename).suffix.lower(), content_type or "")
    if kind in {"text", "html"}:
        content = _from_text(kind, data, content_type, limits, confined)
    else:
        content = _confined(kind, data, limits, confined)
    is_file = originals.is_wanted(kind, content, read_as)
    if is_file and (problem := originals.problem(MEDIA_TYPES[kind], size, content)):
        if not (read_as == "auto" and accept_partial):
            why = f"{_incomplete(content)} It" if content.missing else "It"
            raise UnreadableDocument(f"{why} cannot be sent as it is: {problem}")
        is_file = False
    if not is_file:
        has_text = bool(content.text) and not content.text.isspace()
        if content.missing and not (accept_partial and has_text):
            raise UnreadableDocument(_incomplete(content), is_partial=has_text)
        if not has_text:
            raise UnreadableDocument("The document has no text.")
    return Document(
        filename,
        MEDIA_TYPES[kind],
        size,
        digest,
        content.text,
        original,
        content.pages,
        is_sent_as_file=is_file,
        warnings=(*content.missing, *content.warnings),
    )


def _incomplete(content: Content) -> str:
    how_much = "Not all" if content.text else "Nothing"
    return f"{how_much} of the document can be read: {'; '.join(content.missing)}."


def _kind(data: bytes, suffix: str, content_type: str) -> str:
    """What a file is: by its first bytes, then by its name, then by what the client says."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    # Readers look for the mark in the first kilobyte; elsewhere it may be a word in a text.
    if start.startswith(b"%pdf-") or (suffix == ".pdf" and b"%pdf-" in start):
        return "pdf"
    if image := _kind_of_image(data):
        return image
    if data.startswith(_ZIP):
        return _kind_of_zip(data, suffix)
    if data.startswith(_OLE):
        return _kind_of_ole(data, suffix)
    for mark, kind in ((b"{\\rtf", "rtf"), (b"<!doctype html", "html"), (b"<html", "html")):
        if start.startswith(mark):
            return kind
    named = "eml" if content_type == "message/rfc822" else _KINDS.get(suffix)
    if named in {"pdf", "rtf", "msg", *_ZIPPED}:
        raise UnreadableDocument(f"The content is not that of a {suffix} file, or it is damaged.")
    if named is None and suffix and not content_type.startswith("text/"):
        raise UnreadableDocument(_UNSUPPORTED)
    return named or "text"


def _kind_of_image(data: bytes) -> str | None:
    if data.startswith(_TIFF):
        raise UnreadableDocument("A TIFF image cannot be read. Save it as PDF, PNG or JPEG.")
    for image, starts in _IMAGES.items():
        if data.startswith(starts) and (image != "webp" or data[8:12] == b"WEBP"):
            return image
    return None


def _kind_of_zip(data: bytes, suffix: str) -> str:
    kind = kind_of_zip(data) or _KINDS.get(suffix)
    if kind in _ZIPPED:
        return kind
    raise UnreadableDocument(_UNSUPPORTED)


def _kind_of_ole(data: bytes, suffix: str) -> str:
    """Of the containers of Office 97 to 2003, only mails are read."""
    if suffix == ".msg":
        return "msg"
    reason = reason_of_ole(data) or _UNSUPPORTED
    if reason == _UNSUPPORTED and (suffix in {".doc", ".dot"} or _KINDS.get(suffix) == "docx"):
        reason = (
            "The Word document is protected by a password or in the format of Word 97 to 2003. "
            "Save it as .docx without a password."
        )
    raise UnreadableDocument(reason)


def _from_text(
    kind: str, data: bytes, content_type: str | None, limits: DocumentLimits, confined: Confined
) -> Content:
    declared = charset_of(content_type) or (declared_in_page(data) if kind == "html" else None)
    try:
        text, encoding = decoded(data, declared)
    except UnknownEncoding:
        text, encoding = "\0", Encoding("")
    if "\0" in text:
        raise UnreadableDocument(
            "The file is not plain text, or in an unknown encoding. Save it as UTF-8."
        )
    content = Content(text) if kind == "text" else _confined(kind, text.encode(), limits, confined)
    if encoding.bad_bytes:
        content.missing.append(encoding.says_bad())
    return content


def _confined(kind: str, data: bytes, limits: DocumentLimits, confined: Confined) -> Content:
    try:
        return confined.read(
            kind, io.BytesIO(data), Bounds(limits.seconds, limits.unpacked, limits.pages)
        )
    except Unreadable as refused:
        raise UnreadableDocument(str(refused)) from None
