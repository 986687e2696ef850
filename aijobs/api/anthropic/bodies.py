"""The body that creates a batch: received into a file, then cut into its requests, in flat memory.

It is received before anything is stored: no transaction waits for a slow line.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.request import Request

from aijobs.api import unpacking
from aijobs.api.bodies import Body
from aijobs.documents import Document
from aijobs.jobtypes.text import utf8
from aijobs.pipeline.accept import Row
from aijobs.wire.errors import ApiError, invalid
from aijobs.wire.splitter import BatchRequest, RequestSplitter

# https://platform.claude.com/docs/en/build-with-claude/batch-processing#batch-limitations
MOST_REQUESTS = 100_000
MOST_BYTES = 256_000_000
PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class ReceivedBody(Body):
    """A body in a file. Its digest stands for all of it."""

    file: IO[bytes] | None = None
    digest: str = ""

    def fingerprint(self) -> str:
        return self.digest

    def rows(self) -> Iterator[Row]:
        """Its requests as rows of a collection, numbered from 1. Raises ApiError."""
        splitter = RequestSplitter(min(MOST_REQUESTS, settings.AIJOBS_COLLECTION_ITEMS))
        for number, request in enumerate(self._requests(splitter), 1):
            yield number, {"reference": request.custom_id}, _document(request, number - 1)

    def _requests(self, splitter: RequestSplitter) -> Iterator[BatchRequest]:
        assert self.file
        self.file.seek(0)
        while piece := self.file.read(PIECE):
            yield from splitter.feed(piece)
        yield from splitter.feed(b"", last=True)


def refuse_oversized(request: Request) -> None:
    """Refuse, before a byte is read, what is too long or does not say how long it is.

    One that is packed is measured once more while it is unpacked. Raises ApiError, UnknownCoding.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        raise ApiError(411, "Send a Content-Length", "invalid_request_error")
    if length.isdecimal() and int(length[:20]) > MOST_BYTES:
        raise ApiError(413)
    unpacking.unpack(request._request, MOST_BYTES)


@contextmanager
def received(request: Request) -> Iterator[ReceivedBody]:
    """The whole body. Raises ApiError where it is too long."""
    digest, size = hashlib.sha256(), 0
    with TemporaryFile(buffering=PIECE) as file:
        while piece := request._request.read(PIECE):
            size += len(piece)
            if size > MOST_BYTES:
                raise ApiError(413)
            digest.update(piece)
            file.write(piece)
        yield ReceivedBody({}, file=file, digest=digest.hexdigest())


def _document(request: BatchRequest, position: int) -> Document:
    """The params of a request, as JSON, are the document of its job."""
    try:
        try:
            data = orjson.dumps(request.params)
        except TypeError:
            data = orjson.dumps(_well_formed(request.params))
    except (TypeError, RecursionError):
        problem = "nested too deeply, or a number has too many digits"
        raise invalid(f"requests.{position}.params: {problem}") from None
    return Document(
        name="",
        media_type="application/json",
        size=len(data),
        sha256=hashlib.sha256(data).digest(),
        text=data.decode(),
    )


def _well_formed(value: Any) -> Any:
    """The same without lone surrogates, which no tokenizer reads: they become U+FFFD."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, list):
        return [_well_formed(item) for item in value]
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(item) for key, item in value.items()}
    return value
