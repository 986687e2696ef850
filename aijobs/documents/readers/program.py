"""The program that is confined: it reads one file after the other, each in a process of its own.

On standard input it has a socket. A request is the length of its JSON, with the file and a file for
the output as descriptors, and then the JSON: the kind of file, seconds, bytes of what is unpacked,
pages, and what is wanted of a workbook. The answer is the code with which the process ended, once
it has: 0 where a Content is written as JSON, or what `workbook` writes; 3 with a message for the
person who sent the file; a signal as a negative number; anything else when the file is damaged.

It imports the readers and then forks, so that a file costs no start of Python. It has no threads,
and what befalls the process of one file is nothing to the next.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
from dataclasses import asdict
from typing import IO, Any, NoReturn, TextIO

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

LENGTH = struct.Struct("!I")
CODE = struct.Struct("!i")

_MEMORY = 1 << 30
_REFUSED = 3


def main() -> None:
    """Read files until the other side hangs up."""
    with socket.socket(fileno=0) as line:
        while request := _request(line):
            line.sendall(CODE.pack(_code(*request)))


def run(kind: str, file: IO[bytes], limits: Limits, wanted: str, output: TextIO) -> None:
    """Read a file of this kind. Raises Refusal, and what parsers raise for a damaged file."""
    reader = _reader(kind)
    if kind == WORKBOOK:
        reader.write(file, limits, json.loads(wanted), output)
    else:
        content: Content = reader.read(file.read(), limits)
        # Escapes keep lone surrogates.
        json.dump(asdict(content), output)


def _reader(kind: str) -> Any:
    return importlib.import_module(f"{__package__}.{DOCUMENTS.get(kind, kind)}")


def _request(line: socket.socket) -> tuple[dict[str, Any], int, int] | None:
    """What is wanted, the file and the file for the output; None where nobody asks any more."""
    head, files, *_ = socket.recv_fds(line, LENGTH.size, 2)
    if not head:
        return None
    (length,) = LENGTH.unpack(head)
    text = line.recv(length, socket.MSG_WAITALL)
    source, output = files
    return json.loads(text), source, output


def _code(request: dict[str, Any], source: int, output: int) -> int:
    """Read one file in a new process, and say how that ended."""
    _reader(request["kind"])
    # What is imported by now stays as it is, and its pages are shared with the processes.
    gc.freeze()
    seen, held = os.pipe()
    process = os.fork()
    if not process:
        os.close(seen)
        _be_confined(request, source, output)
    for descriptor in (held, source, output):
        os.close(descriptor)
    # The end of a process closes its pipe. Other work may hold the processor: twice the seconds.
    if not select.select([seen], [], [], 2 * request["seconds"])[0]:
        os.kill(process, signal.SIGKILL)
    os.close(seen)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _be_confined(request: dict[str, Any], source: int, output: int) -> NoReturn:
    """The process of one file: whatever comes of it, it ends here."""
    code = 1
    try:
        # In place of the socket: this process has two files and nothing else.
        os.dup2(source, 0)
        os.dup2(output, 1)
        os.close(source)
        os.close(output)
        _confine(request["seconds"], request["unpacked"])
        code = _read(request)
    finally:
        os._exit(code)


def _read(request: dict[str, Any]) -> int:
    limits = Limits(request["unpacked"], request["pages"])
    with (
        open(0, "rb") as file,
        open(1, "w", encoding="utf-8", errors="surrogatepass", newline="") as output,
    ):
        try:
            run(request["kind"], file, limits, json.dumps(request["wanted"]), output)
        except Refusal as refusal:
            output.write(str(refusal))
            return _REFUSED
    return 0


def _confine(seconds: int, written: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, written),
    ):
        # macOS has no limit on memory to set.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
