"""PDFs and images that are sent as they are: which ones, and within which limits.

Limits of the Messages API: https://platform.claude.com/docs/en/build-with-claude/pdf-support and
https://platform.claude.com/docs/en/build-with-claude/vision. A request has at most 32 MB.
"""

from collections.abc import Iterable
from typing import Protocol

from .readers.content import Content

IMAGES = frozenset({"png", "jpeg", "gif", "webp"})
KINDS = IMAGES | {"pdf"}

# Of all PDFs in a request, and as many images. For models whose context window holds a million
# tokens; 100 for those with 200,000.
MOST_PAGES = 600
MOST_IMAGES = 600
# In base64, four bytes for three. The rest of the 32 MB is for the request around it.
MOST_PDF_BYTES = 23_000_000
# 5 MB in base64.
MOST_IMAGE_BYTES = 3_750_000
MOST_PIXELS = 8_000
# Of more than so many images in a request, each has at most so many pixels a side.
FEW_IMAGES = 20
MOST_PIXELS_OF_MANY = 2_000


class Original(Protocol):
    """What counts of a document that may be sent as it is."""

    @property
    def media_type(self) -> str: ...
    @property
    def pages(self) -> int | None: ...
    @property
    def pixels(self) -> tuple[int, int]: ...
    @property
    def is_sent_as_file(self) -> bool: ...


def is_wanted(kind: str, content: Content, read_as: str) -> bool:
    """Whether the file is to be sent, and not its text.

    By itself ("auto"), a PDF is sent as it is where its text lacks a page, and every image.
    """
    if read_as == "auto":
        return kind in IMAGES or (kind == "pdf" and bool(content.unreadable_pages))
    return read_as == "original"


def problem(media_type: str, size: int, content: Content) -> str:
    """Why a file of `size` bytes cannot be sent as it is, or an empty string."""
    is_pdf = media_type == "application/pdf"
    if not is_pdf and not media_type.startswith("image/"):
        return "only PDFs and images can be."
    most = MOST_PDF_BYTES if is_pdf else MOST_IMAGE_BYTES
    if size > most:
        return f"it has {size / 1e6:.1f} MB; at most {most / 1e6:.1f} MB are accepted."
    if is_pdf and (content.pages or 0) > MOST_PAGES:
        return f"it has {content.pages:,} pages; at most {MOST_PAGES} are accepted."
    if content.is_encrypted:
        return "it is encrypted. Upload it without a password."
    if max(content.pixels) > MOST_PIXELS:
        wide, high = content.pixels
        return f"it has {wide:,} × {high:,} pixels; at most {MOST_PIXELS:,} each are accepted."
    return ""


def problem_of_all(documents: Iterable[Original]) -> str:
    """Why documents, each within its own limits, cannot be sent together, or an empty string."""
    files = [one for one in documents if one.is_sent_as_file]
    if not files:
        return ""
    images = [one for one in files if one.media_type.startswith("image/")]
    pages = sum(one.pages or 0 for one in files)
    if pages > MOST_PAGES:
        return f"Together the PDFs have {pages:,} pages; at most {MOST_PAGES} are accepted."
    if len(images) > MOST_IMAGES:
        return f"There are {len(images):,} images; at most {MOST_IMAGES} are accepted."
    widest = max((max(one.pixels) for one in images), default=0)
    if len(images) > FEW_IMAGES and widest > MOST_PIXELS_OF_MANY:
        return (
            f"There are {len(images)} images, one with {widest:,} pixels a side; of more than"
            f" {FEW_IMAGES}, each may have {MOST_PIXELS_OF_MANY:,}."
        )
    return ""
