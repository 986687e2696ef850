"""A text or a page within another file, in the encoding that its sender named."""

import importlib

from .content import Content, Limits
from .program import DOCUMENTS


def read_text(kind: str, charset: str | None, data: bytes, limits: Limits) -> Content:
    """A "text" or an "html" page in the encoding that its sender named."""
    text = _decoded(data, charset)
    if kind == "text":
        return text
    # Imported only when needed, as in `program`.
    reader = importlib.import_module(f"{__package__}.{DOCUMENTS['html']}")
    page: Content = reader.read(text.text.encode("utf-8", "replace"), limits)
    page.warnings = [*text.warnings, *page.warnings]
    return page


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
