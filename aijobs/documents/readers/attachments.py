"""A file within another file, read by the reader of its kind."""

import importlib
from typing import Any

from .content import Content, Limits, Refusal
from .program import DOCUMENTS

_ZIP = b"PK\x03\x04"
_TEXTS = {"", ".txt", ".text", ".md", ".markdown", ".csv", ".tsv", ".json", ".xml", ".log", ".ics"}
_PAGES = {".html", ".htm", ".xhtml"}
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")


def read_attachment(
    suffix: str, media_type: str, charset: str | None, data: bytes, limits: Limits
) -> Content:
    """The content of the file. Raises Refusal, and what parsers raise for a damaged file.

    `suffix` is the end of its name, as ".pdf"; `media_type` and `charset` are what its sender said.
    """
    kind = _kind(suffix, media_type, data)
    if kind in {"text", "html"}:
        return read_text(kind, charset, data, limits)
    content: Content = _reader(kind).read(data, limits)
    return content


def read_text(kind: str, charset: str | None, data: bytes, limits: Limits) -> Content:
    """A "text" or an "html" page in the encoding that its sender named."""
    text = _decoded(data, charset)
    if kind == "text":
        return text
    page: Content = _reader("html").read(text.text.encode("utf-8", "replace"), limits)
    page.warnings = [*text.warnings, *page.warnings]
    return page


def _reader(kind: str) -> Any:
    return importlib.import_module(f"{__package__}.{DOCUMENTS[kind]}")


def _kind(suffix: str, media_type: str, data: bytes) -> str:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    named = suffix.lstrip(".")
    if start.startswith(b"%pdf-"):
        return "pdf"
    if data.startswith(_ZIP):
        if b"word/document.xml" in data:
            return "docx"
        if named in DOCUMENTS and named not in {"pdf", "html", "eml", "msg"}:
            return named
    elif start.startswith(b"{\\rtf") and "rtf" in DOCUMENTS:
        return "rtf"
    elif data.startswith(_IMAGES):
        raise Refusal("An image holds no text that can be read")
    elif suffix in _PAGES or media_type == "text/html":
        return "html"
    elif (suffix in _TEXTS or media_type.startswith("text/")) and b"\0" not in data[:4096]:
        return "text"
    raise Refusal("This kind of file cannot be read")


def _decoded(data: bytes, charset: str | None) -> Content:
    """Text in the encoding that was said, else UTF-8, else windows-1252."""
    for encoding in (charset, "utf-8-sig"):
        try:
            if encoding:
                text = data.decode(encoding)
                return Content(text.removeprefix("\ufeff").replace("\0", "").replace("\r\n", "\n"))
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    text = data.decode("cp1252", "replace").replace("\r\n", "\n")
    return Content(text, warnings=["text without a known encoding was read as windows-1252"])
