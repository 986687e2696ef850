"""What all Server-Sent Events of the API have in common."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError
from django.http import StreamingHttpResponse

from aijobs.api import problem_types
from aijobs.api.problems import Refusal
from aijobs.live import handshake, hub, places
from citizenapp.tenants.access import Access

EVENTS = "text/event-stream"
# A comment now and then keeps proxies from ending a stream that is silent.
BEAT_SECONDS = 15
# So often it is looked whether the credentials still hold.
RECHECK_SECONDS = 60
# Whoever has too many open may try again after so long.
RETRY_SECONDS = 10
# The head of an answer leaves with its first piece: whoever asks shall know at once.
CONNECTED = b": connected\n\n"
STILL_AT_WORK = b": still at work\n\n"


class TooManyOpen(Refusal):
    """The tenant holds as many answers open as it may."""

    kind = problem_types.RATE_LIMITED
    status_code = kind.status

    def __init__(self) -> None:
        super().__init__(
            f"This workspace has {settings.AIJOBS_HELD_ANSWERS:,} streams and waits open, which is"
            " as many as it may have here. Close one, or ask for the thing itself.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


def event(name: str, data: Mapping[str, Any], tag: str = "") -> bytes:
    """One event; a tag is the id that a client which comes back names as Last-Event-ID."""
    id_ = b"id: %s\n" % tag.encode() if tag else b""
    return b"%sevent: %s\ndata: %s\n\n" % (id_, name.encode(), json.dumps(data).encode())


def response(chunks: Iterable[bytes] | AsyncIterator[bytes]) -> StreamingHttpResponse:
    """The answer that sends them as they come."""
    # Nginx would hold pieces back until it has a page of them.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(chunks, content_type=EVENTS, headers=headers)


def stream(
    request: ASGIRequest, access: Access, chunks: AsyncGenerator[bytes]
) -> StreamingHttpResponse:
    """The answer that stays open, and counts as such, until the access ends. Raises TooManyOpen.

    The pieces themselves look now and then whether it holds, in case that a notice was lost.
    """
    if not places.has_room(access.tenant.pk):
        raise TooManyOpen
    return response(_held(request, access, chunks))


async def _held(
    request: ASGIRequest, access: Access, chunks: AsyncGenerator[bytes]
) -> AsyncGenerator[bytes]:
    names = handshake.names_of(request, access)
    with places.held(access.tenant.pk), hub.here().looking(names) as may_have_ended:
        looking = asyncio.create_task(may_have_ended.wait())
        next_piece = asyncio.create_task(_next(chunks))
        try:
            while True:
                await asyncio.wait({next_piece, looking}, return_when=asyncio.FIRST_COMPLETED)
                if looking.done():
                    may_have_ended.clear()
                    if not await database_sync_to_async(still_holds)(request, access):
                        return
                    looking = asyncio.create_task(may_have_ended.wait())
                if next_piece.done():
                    piece = next_piece.result()
                    if piece is None:
                        return
                    yield piece
                    next_piece = asyncio.create_task(_next(chunks))
        finally:
            for task in (looking, next_piece):
                task.cancel()
            # Only then the generator that was asked for a piece can be closed.
            await asyncio.wait({looking, next_piece})
            await chunks.aclose()


async def _next(chunks: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(chunks, None)


def still_holds(request: ASGIRequest, access: Access) -> bool:
    """Whether the request's credentials still give this access. Asks the database."""
    try:
        found = handshake.find_access(request)
    except DatabaseError:
        return True  # Nobody can say.
    return found is not None and found.tenant.pk == access.tenant.pk
