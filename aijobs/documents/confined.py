"""Parsing in a process of its own.

Parsers of rich formats can be made to run for hours or to fill the memory. This way they can be
ended, and have neither our environment nor our connections. `readers.program` says how it is asked.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import BinaryIO, Self

from .readers.content import Attachment, Content
from .readers.program import CODE, LENGTH

# Isolated, Python looks into no folder of ours: the readers are named by where they stand.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));from readers.program import main; main()"
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
# Beyond what the program allows a file: it must start, and be heard.
_GRACE = 30
_OUT_OF_TIME = {-signal.SIGXCPU, -signal.SIGKILL}


class Unreadable(ValueError):
    """Nothing could be read. The message is for the person who sent the file."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file may ask for; `unpacked` in bytes, for what is read and for what is written."""

    seconds: int
    unpacked: int
    pages: int = 0


class Confined:
    """Reads the files of one upload: a context, in which each thread may ask.

    The program is started when it is first needed, and once for each thread that asks at a time.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._idle: SimpleQueue[_Program] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(self, kind: str, file: BinaryIO, bounds: Bounds) -> Content:
        """The content of a document of a kind in `readers.program`. Raises Unreadable."""
        with self.extracted(kind, file, bounds) as output:
            found = json.loads(output.read())
        found["attachments"] = [Attachment(**one) for one in found["attachments"]]
        return Content(**found)

    @contextmanager
    def extracted(
        self,
        kind: str,
        file: BinaryIO,
        bounds: Bounds,
        wanted: Mapping[str, object] | None = None,
    ) -> Iterator[BinaryIO]:
        """What `readers.program` writes for a file of this kind, in UTF-8, as an open file.

        `wanted` is for the reader of workbooks. Raises Unreadable.
        """
        request = {
            "kind": kind,
            "seconds": bounds.seconds,
            "unpacked": bounds.unpacked,
            "pages": bounds.pages,
            "wanted": wanted or {},
        }
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output:
            file.seek(0)
            shutil.copyfileobj(file, source)
            source.seek(0)
            code = self._ended(request, source, output, 2 * bounds.seconds + _GRACE)
            output.seek(0)
            if code:
                raise Unreadable(_reason(code, _TITLES[kind], output))
            yield output

    def _ended(
        self, request: Mapping[str, object], source: BinaryIO, output: BinaryIO, seconds: int
    ) -> int:
        try:
            program = self._idle.get_nowait()
        except Empty:
            program = _Program()
            self._stack.callback(program.end)
        code = program.ended(request, source, output, seconds)
        if code is None:
            return -signal.SIGKILL
        self._idle.put(program)
        return code


class _Program:
    """`readers.program`, started. It reads one file at a time."""

    def __init__(self) -> None:
        self._line, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and nothing out of an upload
                [sys.executable, "-I", "-c", _PROGRAM, str(_FOLDER)],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                # A group of its own, so that it ends with whatever it has started.
                start_new_session=True,
            )

    def ended(
        self, request: Mapping[str, object], source: BinaryIO, output: BinaryIO, seconds: int
    ) -> int | None:
        """How the process of a file has ended; None where the program itself was lost."""
        # As JSON it has neither a NUL nor a lone surrogate.
        text = json.dumps(request).encode()
        self._line.settimeout(seconds)
        try:
            length = LENGTH.pack(len(text))
            socket.send_fds(self._line, [length], [source.fileno(), output.fileno()])
            self._line.sendall(text)
            code = self._line.recv(CODE.size)
        except OSError:
            return None
        return int(CODE.unpack(code)[0]) if code else None

    def end(self) -> None:
        self._line.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _reason(code: int, title: str, output: BinaryIO) -> str:
    if code == _REFUSED:
        return output.read().decode()
    if code in _OUT_OF_TIME:
        return f"The {title} takes too long to read. Upload it in parts or in a plainer format."
    return f"The {title} is damaged, or unpacks to more than is accepted."
