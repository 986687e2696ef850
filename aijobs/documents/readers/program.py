"""The program that is confined: one file on standard input, what was read of it on standard output.

Its arguments are the kind of file, seconds, bytes of what is unpacked, pages, and for a workbook
what is wanted of it as JSON. It ends with 0 and a Content as JSON, or what `workbook` writes; with
3 and a message for the person who sent the file; or with anything else when the file is damaged.
"""

import contextlib
import importlib
import io
import json
import resource
import sys
from dataclasses import asdict
from typing import IO, TextIO

from .content import Content, Limits, Refusal

DOCUMENTS = {
    "html": "web_page",
    "pdf": "pdf",
    "docx": "word",
    "odt": "open_document",
    "pptx": "slides",
    "rtf": "rich_text",
    "eml": "mail",
    "msg": "outlook",
    **dict.fromkeys(("png", "jpeg", "gif", "webp"), "image"),
}
WORKBOOK = "workbook"

_MEMORY = 1 << 30
_REFUSED = 3


def run(kind: str, file: IO[bytes], limits: Limits, wanted: str, output: TextIO) -> None:
    """Read a file of this kind. Raises Refusal, and what parsers raise for a damaged file."""
    # Imported only when needed: each upload starts Python.
    reader = importlib.import_module(f"{__package__}.{DOCUMENTS.get(kind, kind)}")
    if kind == WORKBOOK:
        reader.write(file, limits, json.loads(wanted), output)
    else:
        content: Content = reader.read(file.read(), limits)
        # Escapes keep lone surrogates.
        json.dump(asdict(content), output)


def _confine(seconds: int, written: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, written),
    ):
        # macOS has no limit on memory to set.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def main() -> int:
    kind, seconds, unpacked, pages = sys.argv[1], *map(int, sys.argv[2:5])
    wanted = sys.argv[5] if len(sys.argv) > 5 else "{}"
    _confine(seconds, unpacked)
    output = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogatepass", newline="")
    try:
        run(kind, sys.stdin.buffer, Limits(unpacked, pages), wanted, output)
    except Refusal as refusal:
        output.write(str(refusal))
        return _REFUSED
    finally:
        output.flush()
    return 0
