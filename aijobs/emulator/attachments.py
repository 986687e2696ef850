"""PDFs and images in a message: what is wrong with them, what can be read of them, their tokens."""

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from aijobs.wire.errors import invalid

PDF = "application/pdf"
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
STARTS = {PDF: b"%PDF-", "image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8"}
MAX_IMAGE_CHARS = 5 * 1024 * 1024
# Of all PDFs in a request, and images in it.
MAX_PAGES = 600
MAX_IMAGES = 600
# About what the API counts for a page as text and picture, and for a picture.
PAGE_TOKENS, IMAGE_TOKENS = 2_250, 1_600

Block = Mapping[str, Any]


def is_attached(block: Block) -> bool:
    """Whether it is a file, and no text."""
    return block["type"] in {"document", "image"}


def check(block: Block, where: str) -> None:
    """Raise the API's 400 for a document or an image that it would refuse by itself."""
    source = block.get("source")
    if not isinstance(source, dict):
        raise invalid(f"{where}.source: Field required")
    if source.get("type") != "base64":
        raise invalid(f"{where}.source.type: only base64 is emulated")
    media_type, encoded = str(source.get("media_type")), source.get("data")
    known = {PDF} if block["type"] == "document" else IMAGES
    if media_type not in known:
        raise invalid(f"{where}.source.media_type: Input should be {' or '.join(sorted(known))}")
    if not isinstance(encoded, str) or not encoded:
        raise invalid(f"{where}.source.data: Field required")
    if media_type != PDF and len(encoded) > MAX_IMAGE_CHARS:
        raise invalid(f"{where}.source: image exceeds 5 MB maximum")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{where}.source.data: invalid base64 data") from None
    if STARTS.get(media_type, b"RIFF") not in data[:1024]:
        raise invalid(f"{where}.source.data: the data is no {media_type}")


def check_all(blocks: Sequence[Block]) -> None:
    """Raise the API's 400 for documents and images that it would refuse together."""
    encoded = [block["source"]["data"] for block in blocks if block["type"] == "document"]
    if sum(len(_pages(each)) for each in encoded) > MAX_PAGES:
        raise invalid(f"messages: A maximum of {MAX_PAGES} PDF pages may be provided")
    if len(blocks) - len(encoded) > MAX_IMAGES:
        raise invalid(f"messages: A maximum of {MAX_IMAGES} images may be provided")


def text_of(block: Block) -> str:
    """What the emulator knows of it: the text of a PDF's pages; of a picture, that it is one."""
    if block["type"] == "image":
        return "A picture."
    pages = _pages(block["source"]["data"])
    return "\n\n".join(text or f"Page {n} is a picture." for n, text in enumerate(pages, 1))


def tokens_of(block: Block) -> int:
    """What it counts beside its text."""
    if block["type"] == "image":
        return IMAGE_TOKENS
    return PAGE_TOKENS * len(_pages(block["source"]["data"]))


@lru_cache(maxsize=8)
def _pages(encoded: str) -> tuple[str, ...]:
    """The text of each page; one page without text where it cannot be read."""
    try:
        reader = PdfReader(io.BytesIO(base64.b64decode(encoded)))
        return tuple(page.extract_text().strip() for page in reader.pages) or ("",)
    except (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ("",)
