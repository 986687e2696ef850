"""The program that is confined: one file on standard input, what was read of it on standard output.

Its arguments are the kind of file, seconds, bytes of what is unpacked, and pages. It ends with 0
and a Content as JSON, or the rows of a workbook as CSV; with 3 and a message for the person who
sent the file; or with anything else when the file is damaged.
"""

import contextlib
import importlib
import io
import json
import resource
import sys
from dataclasses import asdict
from typing import TextIO

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
}
TABLES = {"xlsx": "workbook"}

_MEMORY = 1 << 30
_REFUSED = 3


def run(kind: str, data: bytes, limits: Limits, output: TextIO) -> None:
    """Read a file of this kind. Raises Refusal, and what parsers raise for a damaged file."""
    # Imported only when needed: each upload starts Python.
    name = DOCUMENTS.get(kind) or TABLES[kind]
    reader = importlib.import_module(f"{__package__}.{name}")
    if kind in TABLES:
        reader.write(data, limits, output)
    else:
        content: Content = reader.read(data, limits)
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
    kind, seconds, unpacked, pages = sys.argv[1], *map(int, sys.argv[2:])
    _confine(seconds, unpacked)
    data = sys.stdin.buffer.read()
    output = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogatepass", newline="")
    try:
        run(kind, data, Limits(unpacked, pages), output)
    except Refusal as refusal:
        output.write(str(refusal))
        return _REFUSED
    finally:
        output.flush()
    return 0
