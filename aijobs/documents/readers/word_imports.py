"""Parts that Word imports when it opens a document (altChunk)."""

from typing import Any

from . import web_page
from .office import DAMAGE

_DEEPEST = 2


def imported(file: Any, part: str) -> str | None:
    """The text of an imported part; None where it cannot be read."""
    try:
        data = file.package.raw(part)
    except DAMAGE:
        return None
    start = data[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if data.startswith(b"PK\x03\x04"):
        return _document(file, data)
    if start.startswith((b"{\\rtf", b"mime-version", b"from:")):
        return None
    text = _decoded(data)
    if text is None or not (part.lower().endswith((".txt", ".text")) or b"<" in start):
        return text
    if part.lower().endswith((".txt", ".text")):
        return text
    content = web_page.read(text.encode(), file.limits)
    for told in content.warnings:
        file.found.warnings[told] += 1
    for told in content.missing:
        file.found.missing[told] += 1
    return content.text


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
