"""The sockets: each is told of the jobs of its tenant."""

import asyncio
from dataclasses import dataclass
from typing import NoReturn

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGISendCallable,
    WebSocketScope,
    WebSocketSendEvent,
)
from channels.db import database_sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError

from aijobs.live import handshake, hub
from aijobs.live.hub import Mailbox
from aijobs.live.news import RESYNC
from citizenapp.tenants.access import Access

# Close codes: RFC 6455 has the first two, the others are ours and resemble HTTP's.
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
NO_ACCESS = 4401
FOREIGN_ORIGIN = 4403

# daphne takes whatever it is given, however slowly the client reads. A client that never reads
# is dropped for not answering pings within 50 s; until then this bounds what heaps up for it.
BYTES_PER_SECOND = 64_000
RESYNC_PAUSE_SECONDS = 0.25

# Clients have nothing to say, but some say that they are alive.
MOST_HEARD = 30


@dataclass(frozen=True, slots=True)
class JobsConsumer:
    """`/ws/jobs/`: says which jobs changed, to a session or an API key of a tenant.

    Sends {"type": "job.changed", "changes": [{job_id, status, collection_id}…]} and
    {"type": "resync"}: something may have been missed, look at the rows. Whoever may not
    listen is refused before the socket opens; whoever may not any more is closed with 4401,
    at most `recheck_seconds` later.
    """

    recheck_seconds: float = 60

    async def __call__(
        self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        await receive()
        request = handshake.read_request(scope)
        if not handshake.is_welcome(request):
            await _close(send, FOREIGN_ORIGIN)
            return
        try:
            access = await _find_access(request)
        except DatabaseError:
            await _close(send, TRY_AGAIN_LATER)
            return
        if access is None:
            await _close(send, NO_ACCESS)
            return
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        async with hub.here().mailbox(access.tenant.pk) as mailbox:
            delivery = asyncio.create_task(_deliver(mailbox, send))
            try:
                code = await self._until_it_ends(receive, request, access)
            finally:
                delivery.cancel()
                await asyncio.gather(delivery, return_exceptions=True)
        if code is not None:
            await _close(send, code)

    async def _until_it_ends(
        self, receive: ASGIReceiveCallable, request: ASGIRequest, access: Access
    ) -> int | None:
        """The code to close with; None when the client left."""
        while True:
            try:
                async with asyncio.timeout(self.recheck_seconds):
                    for _ in range(MOST_HEARD):
                        if (await receive())["type"] == "websocket.disconnect":
                            return None
                    return POLICY_VIOLATION
            except TimeoutError:
                if not await _still_holds(access, request):
                    return NO_ACCESS


@database_sync_to_async  # type: ignore[untyped-decorator]
def _find_access(request: ASGIRequest) -> Access | None:
    return handshake.find_access(request)


async def _still_holds(access: Access, request: ASGIRequest) -> bool:
    try:
        found = await _find_access(request)
    except DatabaseError:
        return True  # Nobody can say, and without the database there is no news either.
    return found is not None and found.tenant.pk == access.tenant.pk


async def _deliver(mailbox: Mailbox, send: ASGISendCallable) -> NoReturn:
    await _tell(send, RESYNC)  # What changed while the socket opened is in the rows.
    while True:
        text = await mailbox.take()
        await _tell(send, text)
        await asyncio.sleep(
            RESYNC_PAUSE_SECONDS if text == RESYNC else len(text) / BYTES_PER_SECOND
        )


async def _tell(send: ASGISendCallable, text: str) -> None:
    # A frame has text or bytes; the type wants both.
    frame: WebSocketSendEvent = {"type": "websocket.send", "text": text}  # type: ignore[typeddict-item]
    await send(frame)


async def _close(send: ASGISendCallable, code: int) -> None:
    await send({"type": "websocket.close", "code": code, "reason": None})
