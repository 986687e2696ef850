"""An uploaded file, read into documents: itself, and what is attached to it."""

import base64
import hashlib
import io
import math
import re
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Literal, NamedTuple, get_args

from aijobs.jobtypes import Part

from . import originals
from .confined import Bounds, Confined, Unreadable
from .encoding import Encoding, UnknownEncoding, charset_of, declared_in_page, decoded
from .office_files import kind_of_zip, reason_of_ole
from .readers.content import Attachment, Content

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
_MAILS = {"eml", "msg"}
_ZIPPED = {"docx", "odt", "pptx"}
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The first bytes of PNG, JPEG, GIF and TIFF; WebP has its mark behind a length.
_TIFF = (b"II*\0", b"MM\0*")
_TOLD = ".txt, .md, .html, .pdf, .docx, .odt, .rtf, .pptx, .eml, .msg"
# Attachments of one file, those of mails in it included, and how deep such mails are read.
_MOST_ATTACHED = 50
_DEEPEST = 3
_UNSUPPORTED = f"This kind of file cannot be read. Upload {_TOLD} or an image."


ReadAs = Literal["auto", "text", "original"]
READ_AS = get_args(ReadAs)


class HowToRead(NamedTuple):
    """What whoever sends files says of them."""

    read_as: ReadAs = "auto"
    """What is sent of a PDF or an image: "text", the "original", or by itself the text where all of
    it can be read."""
    accept_partial: bool = False
    """Whether a document is taken of which only a part can be read."""


AUTO = HowToRead()


class UnreadableDocument(ValueError):
    """A document that cannot be used as it is. The message is for the person who sent it."""

    def __init__(
        self, message: str, *, is_partial: bool = False, missing: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.is_partial = is_partial
        """Whether `accept_partial` would take what can be read of it."""
        self.missing = missing
        """What of it cannot be read."""


class EmptyDocument(UnreadableDocument):
    """Nothing stands in it, and nothing was left out."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read. `warnings` name what is not in `text`, and quote nothing."""

    name: str
    """Of the file, as it can be stored."""
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
    pixels: tuple[int, int] = (0, 0)
    """Width and height of an image."""

    def __post_init__(self) -> None:
        if self.name:
            object.__setattr__(self, "name", _storable_name(self.name))

    @property
    def part(self) -> Part:
        """The document as it is sent."""
        file = base64.b64encode(self.data or b"").decode() if self.is_sent_as_file else ""
        return Part(self.text, self.media_type, self.pages, self.is_sent_as_file, file, self.name)


def of_text(text: str) -> Document:
    """A text that came without a file."""
    data = text.encode("utf-8", "surrogatepass")
    return Document("", MEDIA_TYPES["text"], len(data), hashlib.sha256(data).digest(), text)


def _storable_name(name: str) -> str:
    """A file's name as it can be stored: without folders, control characters or excess."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last.encode("utf-8", "replace").decode() if c.isprintable())[:255]


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What one document may ask for."""

    size: int = 10_000_000  # bytes
    pages: int = 2_000
    unpacked: int = 100_000_000  # bytes
    seconds: int = 20


DEFAULT_LIMITS = DocumentLimits()


def read_documents(
    file: BinaryIO | bytes,
    filename: str,
    content_type: str | None = None,
    *,
    how: HowToRead = AUTO,
    limits: DocumentLimits = DEFAULT_LIMITS,
    confined: Confined | None = None,
) -> tuple[Document, ...]:
    """What can be read of a file, whatever it is called: itself, then what is attached to it.

    Plain text is kept as it is, line ends included. Whoever reads several files hands in what they
    are `confined` in. Raises UnreadableDocument where nothing can be read, and unless
    `accept_partial` where a part cannot.
    """
    data = file if isinstance(file, bytes) else file.read(limits.size + 1)
    if len(data) > limits.size:
        raise UnreadableDocument(
            f"The file is too large: at most {limits.size // 1_000_000} MB are accepted."
        )
    with nullcontext(confined) if confined else Confined() as place:
        reading = _Reading(how, limits, place)
        return tuple(reading.documents(data, filename, content_type or ""))


class _Reading:
    """One file that is being read, with all that is attached to it, within the limits of one."""

    def __init__(self, how: HowToRead, limits: DocumentLimits, confined: Confined) -> None:
        self._how = how
        self._confined = confined
        self._limits = limits
        self._left = limits.unpacked
        # Of waiting, since other work may hold the processor.
        self._end = time.monotonic() + 2 * limits.seconds
        self._attachments = 0

    def documents(
        self, data: bytes, name: str, content_type: str, *, depth: int = 0
    ) -> list[Document]:
        """The document and, after it, those that are attached. Raises UnreadableDocument."""
        kind = _kind(data, PurePath(name).suffix.lower(), _main_type(content_type))
        if depth > _DEEPEST and kind in _MAILS:
            raise UnreadableDocument(f"mails within mails are read {_DEEPEST} deep.")
        if kind in {"text", "html"}:
            content = self._from_text(kind, data, content_type)
        else:
            content = self._read(kind, data)
        attached: list[Document] = []
        for attachment in content.attachments:
            self._attachments += 1
            if self._attachments <= _MOST_ATTACHED:
                attached += self._attached(attachment, content, depth + 1)
            elif self._attachments == _MOST_ATTACHED + 1:
                content.missing.append(f"attachments after the first {_MOST_ATTACHED}")
        return [self._document(kind, data, name, content), *attached]

    def _attached(self, attachment: Attachment, around: Content, depth: int) -> list[Document]:
        """The documents of an attachment; none, and it is named, where it cannot be read."""
        called = f"attachment {self._attachments}"
        suffix = PurePath(attachment.name).suffix.lower()
        if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix):
            called += f" (a {suffix} file)"
        if attachment.problem:
            around.missing.append(f"{called}: {attachment.problem}")
            return []
        name = attachment.name or f"attachment {self._attachments}"
        try:
            return self.documents(attachment.data, name, attachment.media_type, depth=depth)
        except EmptyDocument:
            around.warnings.append(f"{called} has no text")
        except UnreadableDocument as refused:
            # What can be done about it is said of the mail as a whole.
            why = refused.missing or [str(refused).partition(". ")[0].rstrip(".")]
            around.missing += [f"{called}: {one}" for one in why]
        return []

    def _document(self, kind: str, data: bytes, name: str, content: Content) -> Document:
        """What is sent of it, and what it lacks. Raises UnreadableDocument."""
        is_file = originals.is_wanted(kind, content, self._how.read_as)
        if is_file and (problem := originals.problem(MEDIA_TYPES[kind], len(data), content)):
            if not (self._how.read_as == "auto" and self._how.accept_partial):
                why = f"{_incomplete(content)} It" if content.missing else "It"
                raise UnreadableDocument(f"{why} cannot be sent as it is: {problem}")
            is_file = False
        if not is_file:
            has_text = bool(content.text) and not content.text.isspace()
            if content.missing and not (self._how.accept_partial and has_text):
                raise UnreadableDocument(
                    _incomplete(content), is_partial=has_text, missing=content.missing
                )
            if not has_text:
                # Where something was left out, it may be all that a person sees in it.
                kind_of_error = UnreadableDocument if content.warnings else EmptyDocument
                raise kind_of_error("The document has no text.")
        return Document(
            name,
            MEDIA_TYPES[kind],
            len(data),
            hashlib.sha256(data).digest(),
            content.text,
            data,
            content.pages,
            is_sent_as_file=is_file,
            warnings=(*content.missing, *content.warnings),
            pixels=content.pixels,
        )

    def _from_text(self, kind: str, data: bytes, content_type: str) -> Content:
        declared = charset_of(content_type) or (declared_in_page(data) if kind == "html" else None)
        try:
            text, encoding = decoded(data, declared)
        except UnknownEncoding:
            text, encoding = "\0", Encoding("")
        if "\0" in text:
            raise UnreadableDocument(
                "The file is not plain text, or in an unknown encoding. Save it as UTF-8."
            )
        content = Content(text) if kind == "text" else self._read(kind, text.encode())
        if encoding.bad_bytes:
            content.missing.append(encoding.says_bad())
        return content

    def _read(self, kind: str, data: bytes) -> Content:
        """Read one file, within what the files before it have left of the limits."""
        seconds = min(self._limits.seconds, math.ceil(self._end - time.monotonic()))
        if self._left <= 0 or seconds <= 0:
            raise UnreadableDocument("All files together unpack to too much, or take too long.")
        bounds = Bounds(seconds, self._left, self._limits.pages)
        try:
            content = self._confined.read(kind, io.BytesIO(data), bounds)
        except Unreadable as refused:
            raise UnreadableDocument(str(refused)) from None
        self._left -= len(content.text)
        return content


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
    named = "eml" if content_type == MEDIA_TYPES["eml"] else _KINDS.get(suffix)
    if named is None and content_type == MEDIA_TYPES["html"]:
        named = "html"
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


def _main_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
