"""PDFs and images that are sent as they are: which ones, and within which limits.

Limits of the Messages API: https://platform.claude.com/docs/en/build-with-claude/pdf-support and
https://platform.claude.com/docs/en/build-with-claude/vision. A request has at most 32 MB.
"""

from .readers.content import Content

IMAGES = frozenset({"png", "jpeg", "gif", "webp"})
KINDS = IMAGES | {"pdf"}

# For models whose context window holds a million tokens; 100 for those with 200,000.
MOST_PAGES = 600
# In base64, four bytes for three. The rest of the 32 MB is for the request around it.
MOST_PDF_BYTES = 23_000_000
# 5 MB in base64.
MOST_IMAGE_BYTES = 3_750_000
MOST_PIXELS = 8_000


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
