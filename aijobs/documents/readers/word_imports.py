"""Parts that Word imports when it opens a document (altChunk)."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from . import rich_text, web_page
from .content import Content, Refusal
from .inner_texts import read_text
from .office import DAMAGE

_DEEPEST = 2


def imported(file: Any, part: str) -> str | None:
    """The text of an imported part; None where it cannot be read."""
    try:
        return _text(file, part.lower(), file.package.raw(part))
    except (*DAMAGE, Refusal):
        return None


def _text(file: Any, part: str, data: bytes) -> str | None:
    start = data[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if data.startswith(b"PK\x03\x04"):
        return _document(file, data)
    if part.endswith((".mht", ".mhtml", ".eml")) or start.startswith(b"mime-version"):
        return _archived(file, data)
    if start.startswith(b"{\\rtf"):
        return _told(file, rich_text.read(data, file.limits))
    text = _decoded(data)
    if text is None or "\0" in text:
        return None
    if b"<" not in start or part.endswith((".txt", ".text")):
        return text
    return _told(file, web_page.read(text.encode(), file.limits))


def _told(file: Any, content: Content) -> str:
    for told in content.warnings:
        file.found.warnings[told] += 1
    for told in content.missing:
        file.found.missing[told] += 1
    return content.text


def _archived(file: Any, data: bytes) -> str | None:
    """The page in a web archive (MHT), whose other parts are its pictures and styles."""
    message = message_from_bytes(data, policy=policy.default)
    page = message.get_body(("html", "plain")) if isinstance(message, EmailMessage) else None
    content = None if page is None else page.get_payload(decode=True)
    if page is None or not isinstance(content, bytes):
        return None
    kind = "html" if page.get_content_type() == "text/html" else "text"
    return _told(file, read_text(kind, page.get_content_charset(), content, file.limits))


def _document(file: Any, data: bytes) -> str | None:
    from .word import text_of  # noqa: PLC0415 - a document may hold another

    if file.depth >= _DEEPEST:
        return None
    text, found = text_of(data, file.limits, file.depth + 1)
    file.found.warnings.update(found.warnings)
    file.found.missing.update(found.missing)
    return text


def _decoded(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            encoding = "cp1252"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
