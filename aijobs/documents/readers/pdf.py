"""PDF."""

import contextlib
import io

from pypdf import PdfReader
from pypdf.errors import DependencyError

from .content import Content, Limits, Refusal


def read(data: bytes, limits: Limits) -> Content:
    """The text of all pages."""
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        readable = False
        with contextlib.suppress(DependencyError):
            # Many PDFs forbid printing only, and open with an empty password.
            readable = bool(reader.decrypt(""))
        if not readable:
            raise Refusal("The PDF is protected by a password. Upload it without one.")
    if len(reader.pages) > limits.pages:
        raise Refusal(
            f"The PDF has {len(reader.pages):,} pages; at most {limits.pages:,} are accepted."
        )
    pages: list[str] = []
    size = 0
    for page in reader.pages:
        pages.append(page.extract_text().replace("\0", "").strip())
        size += len(pages[-1])
        if size > limits.unpacked:
            raise Refusal("The PDF holds too much text.")
    text = "\n\n".join(page for page in pages if page)
    if not text:
        raise Refusal(
            "The PDF has no text: it was probably scanned. Run text recognition (OCR) first."
        )
    return Content(text, pages=len(reader.pages), is_encrypted=reader.is_encrypted)
