"""What all Server-Sent Events of the API have in common."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError
from django.http import StreamingHttpResponse

from aijobs.api import problem_types
from aijobs.api.problems import Refusal
from aijobs.live import handshake, places
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


def stream(access: Access, chunks: AsyncGenerator[bytes]) -> StreamingHttpResponse:
    """The answer that stays open, and counts as such. Raises TooManyOpen."""
    if not places.has_room(access.tenant.pk):
        raise TooManyOpen
    return response(_held(access.tenant.pk, chunks))


async def _held(tenant_id: int, chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    with places.held(tenant_id):
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk


def still_holds(request: ASGIRequest, access: Access) -> bool:
    """Whether the request's credentials still give this access. Asks the database."""
    try:
        found = handshake.find_access(request)
    except DatabaseError:
        return True  # Nobody can say.
    return found is not None and found.tenant.pk == access.tenant.pk
