"""The consumers of `/ws/`: each socket is told which jobs of its tenant changed."""

import asyncio
from typing import Any, NoReturn

import orjson
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
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
# is dropped for not answering pings within 50 s; until then this bounds what daphne holds for it.
BYTES_PER_SECOND = 64_000
RESYNC_PAUSE_SECONDS = 0.25

# Clients have nothing to say, but some send a sign of life now and then.
MOST_HEARD = 30

# No layer has this name, so Channels opens no channel for a socket. Each channel would be a
# subscription at Valkey, and no socket would open while Valkey is away. The hub holds the only
# subscription of the process.
NO_LAYER = "none"


class JobsConsumer(AsyncWebsocketConsumer):
    """`/ws/jobs/`: says which jobs changed, to a session or an API key of a tenant.

    Sends {"type": "job.changed", "changes": [{job_id, status, collection_id}…]} and
    {"type": "resync"}: something may have been missed, look at the rows. The first message is a
    resync. With `?quiet` in the address the first one also has `quiet_seconds`: who began to read
    the rows within this time before the message need not look at them again.

    A client without access is refused before the socket opens. A client that loses its
    access is closed with 4401, at most `recheck_seconds` later. One that sends MOST_HEARD
    messages within `recheck_seconds` is closed with 1008.
    """

    channel_layer_alias = NO_LAYER
    _tasks: asyncio.TaskGroup

    def __init__(self, recheck_seconds: float = 60) -> None:
        super().__init__()
        self._recheck_seconds = recheck_seconds
        self._following: asyncio.Task[None] | None = None
        self._heard = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application of one socket; returns when the socket is closed.

        Whichever way the socket ends, the group ends the tasks: `disconnect` would not do, since
        a server that gives a consumer up cancels it without a websocket.disconnect.
        """
        async with asyncio.TaskGroup() as self._tasks:
            await super().__call__(scope, receive, send)
            if self._following is not None:
                self._following.cancel()

    async def connect(self) -> None:
        """Accept a client that may listen; refuse any other with one of the close codes."""
        request = handshake.read_request(self.scope)
        if not handshake.is_welcome(request):
            await self.close(FOREIGN_ORIGIN)
            return
        try:
            access = await _find_access(request)
        except DatabaseError:
            await self.close(TRY_AGAIN_LATER)
            return
        if access is None:
            await self.close(NO_ACCESS)
            return
        await self.accept()
        self._following = self._tasks.create_task(self._follow(request, access))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Count the messages of the client, which mean nothing."""
        self._heard += 1
        if self._heard == MOST_HEARD:
            await self.close(POLICY_VIOLATION)
            raise StopConsumer

    async def _follow(self, request: ASGIRequest, access: Access) -> None:
        """Pass on what changes for as long as the access holds, then close the socket."""
        async with hub.here().mailbox(access.tenant.pk) as mailbox:
            # What changed while the socket opened is in the rows.
            first: dict[str, str | float] = {"type": "resync"}
            if "quiet" in request.GET:
                first["quiet_seconds"] = hub.here().quiet_seconds(access.tenant.pk)
            await self.send(orjson.dumps(first).decode())
            sending = self._tasks.create_task(self._send_from(mailbox))
            try:
                await self._until_access_ends(request, access)
            finally:
                sending.cancel()
        await self.close(NO_ACCESS)

    async def _send_from(self, mailbox: Mailbox) -> NoReturn:
        while True:
            text = await mailbox.take()
            await self.send(text)
            await asyncio.sleep(
                RESYNC_PAUSE_SECONDS if text == RESYNC else len(text) / BYTES_PER_SECOND
            )

    async def _until_access_ends(self, request: ASGIRequest, access: Access) -> None:
        while True:
            await asyncio.sleep(self._recheck_seconds)
            self._heard = 0
            try:
                found = await _find_access(request)
            except DatabaseError:
                continue  # Nobody can say, and without the database there is no news either.
            if found is None or found.tenant.pk != access.tenant.pk:
                return


class UnknownAddress(AsyncWebsocketConsumer):
    """Refuses. Without a route URLRouter raises, and daphne logs a traceback for each call."""

    channel_layer_alias = NO_LAYER

    async def connect(self) -> None:
        """Refuse the socket."""
        await self.close()


async def _find_access(request: ASGIRequest) -> Access | None:
    found: Access | None = await database_sync_to_async(handshake.find_access)(request)
    return found
