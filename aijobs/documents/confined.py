"""Parsing in a process of its own.

Parsers of rich formats can be made to run for hours or to fill the memory. This way they can be
ended, and have neither our environment nor our connections.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .readers.content import Content

# Isolated, Python looks into no folder of ours: the readers are named by where they stand.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    "from readers.program import main; sys.exit(main())"
)
_FOLDER = Path(__file__).parent
# How the program ends when it has a message for the person who sent the file.
_REFUSED = 3
_TITLES = {
    "html": "HTML page",
    "pdf": "PDF",
    "docx": "Word document",
    "workbook": "workbook",
    **dict.fromkeys(("png", "jpeg", "gif", "webp"), "image"),
    "rtf": "RTF document",
    "odt": "OpenDocument text",
    "pptx": "presentation",
    "eml": "mail",
    "msg": "Outlook mail",
}
_OUT_OF_TIME = {-signal.SIGXCPU, -signal.SIGKILL}


class Unreadable(ValueError):
    """Nothing could be read. The message is for the person who sent the file."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file may ask for; `unpacked` in bytes, for what is read and for what is written."""

    seconds: int
    unpacked: int
    pages: int = 0


def read_confined(kind: str, file: BinaryIO, bounds: Bounds) -> Content:
    """The content of a document of one of the kinds in `readers.program`. Raises Unreadable."""
    with extracted(kind, file, bounds) as output:
        return Content(**json.loads(output.read()))


@contextmanager
def extracted(
    kind: str, file: BinaryIO, bounds: Bounds, wanted: Mapping[str, object] | None = None
) -> Iterator[BinaryIO]:
    """What `readers.program` writes for a file of this kind, in UTF-8, as an open file.

    `wanted` is for the reader of workbooks. Raises Unreadable.
    """
    command = [sys.executable, "-I", "-c", _PROGRAM, str(_FOLDER), kind]
    command += [str(bounds.seconds), str(bounds.unpacked), str(bounds.pages)]
    # As JSON it has neither a NUL nor a lone surrogate.
    command += [json.dumps(wanted)] if wanted else []
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output:
        file.seek(0)
        shutil.copyfileobj(file, source)
        source.seek(0)
        code = _ended(command, source, output, bounds.seconds)
        output.seek(0)
        if code:
            raise Unreadable(_reason(code, _TITLES[kind], output))
        yield output


def _ended(command: list[str], source: BinaryIO, output: BinaryIO, seconds: int) -> int:
    try:
        return subprocess.run(  # noqa: S603 - no shell, and no path or program out of the upload
            command,
            stdin=source,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=2 * seconds,  # of waiting: other work may hold the processor
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL


def _reason(code: int, title: str, output: BinaryIO) -> str:
    if code == _REFUSED:
        return output.read().decode()
    if code in _OUT_OF_TIME:
        return f"The {title} takes too long to read. Upload it in parts or in a plainer format."
    return f"The {title} is damaged, or unpacks to more than is accepted."
