"""Bodies that come packed: `Content-Encoding: gzip` or `br`.

They are unpacked while they are read, piece by piece, and the limits count what comes out. So a
small body that unpacks to very much is refused as early as a large one, and takes no more memory.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, ClassVar

import brotli
from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException, ParseError

from aijobs.api import problem_types
from aijobs.api.problems import TooLarge

PIECE_BYTES = 65_536
IDENTITY = "identity"


class UnknownCoding(APIException):
    """The body is packed in a way that is not known here, or more than once."""

    status_code = problem_types.UNSUPPORTED_MEDIA_TYPE.status
    default_detail = "The Content-Encoding must be gzip or br, once."
    # Since RFC 9110: what the server would have taken.
    headers: ClassVar[Mapping[str, str]] = {"Accept-Encoding": "gzip, br"}


def unpack(request: HttpRequest, limit: int) -> None:
    """Let whoever reads the body get it unpacked, `limit` bytes at most.

    Raises UnknownCoding. Who reads it gets TooLarge or ParseError.
    """
    coding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() or IDENTITY
    if coding == IDENTITY or request.META.get("CONTENT_LENGTH", "") in ("", "0"):
        return
    if coding not in _PIECES:
        raise UnknownCoding
    # Servers may give less than they are asked for, which gzip takes for the end.
    pieces = _PIECES[coding](io.BufferedReader(_Packed(request._stream), PIECE_BYTES))
    unpacked = _Unpacked(coding, pieces, limit, lambda: _interrupt(request))
    request._stream = io.BufferedReader(unpacked, PIECE_BYTES)
    # Django decides by it whether a file goes into memory or onto the disk. How long it really is,
    # nobody knows yet.
    request.META["CONTENT_LENGTH"] = str(limit)


def _interrupt(request: HttpRequest) -> None:
    """Let go of the file that is being written: Django closes those that are complete only."""
    for handler in getattr(request, "_upload_handlers", ()):
        handler.upload_interrupted()


class _Packed(io.RawIOBase):
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Unpacked(io.RawIOBase):
    def __init__(
        self, coding: str, pieces: Iterator[bytes], limit: int, interrupt: Callable[[], None]
    ) -> None:
        self._coding, self._pieces, self._limit = coding, pieces, limit
        self._interrupt = interrupt
        self._left = b""
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or self._next()
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def readall(self) -> bytes:
        # What turns out to be too large was never in memory.
        with SpooledTemporaryFile(settings.FILE_UPLOAD_MAX_MEMORY_SIZE) as whole:
            whole.write(self._left)
            self._left = b""
            while piece := self._next():
                whole.write(piece)
            whole.seek(0)
            return whole.read()

    def _next(self) -> bytes:
        """The next piece that is not empty; nothing at the end."""
        try:
            piece = next((piece for piece in self._pieces if piece), b"")
        except (OSError, EOFError, zlib.error, brotli.error):
            # Raised outside the handler: what was packed belongs into no report of errors.
            piece = None
        if piece is None:
            self._interrupt()
            raise ParseError(f"The body is no valid {self._coding}, or not all of it.")
        self._bytes += len(piece)
        if self._bytes > self._limit:
            self._interrupt()
            raise TooLarge(self._limit)
        return piece


def _gzip(packed: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=packed) as unpacked:
        while piece := unpacked.read(PIECE_BYTES):
            yield piece


def _br(packed: BinaryIO) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    while data := packed.read(PIECE_BYTES):
        yield decompressor.process(data, output_buffer_limit=PIECE_BYTES)
        while not decompressor.can_accept_more_data():
            yield decompressor.process(b"", output_buffer_limit=PIECE_BYTES)
    # It may have taken all in, and still have to give.
    while not decompressor.is_finished():
        piece = decompressor.process(b"", output_buffer_limit=PIECE_BYTES)
        if not piece:
            raise EOFError
        yield piece


_PIECES: dict[str, Callable[[BinaryIO], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "br": _br,
}
