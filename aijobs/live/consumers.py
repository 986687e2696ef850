"""The consumers of `/ws/`: each socket is told which jobs of its tenant changed."""

import asyncio
import contextlib
from contextlib import aclosing
from typing import Any, NoReturn
from uuid import UUID

import orjson
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError

from aijobs.drafts import TELL_SECONDS
from aijobs.live import drafts, handshake, hub
from aijobs.live.hub import Mailbox
from aijobs.live.news import BEHIND, RESYNC
from aijobs.models import AIJob
from aijobs.reading import jobs
from citizenapp.tenants.access import Access

# Close codes: RFC 6455 has the first two, the others are ours and resemble HTTP's.
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
NO_ACCESS = 4401
FOREIGN_ORIGIN = 4403
NO_SUCH_JOB = 4404

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

    With `?job=ID` it also says what Claude writes for that job while a direct call is under way, as
    {"type": "job.writing", "job_id", "attempt", "start", "text"}: the text from the character
    `start` on. Of job types that answer in JSON it only says how much there is, as "characters".
    A tenant without such a job is refused with 4404.

    A client without access is refused before the socket opens. A client that loses its access, or
    gets another role, is closed with 4401: at once, or `recheck_seconds` later where the notice was
    lost. One that sends MOST_HEARD messages within `recheck_seconds` is closed with 1008.
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
        job = None
        if "job" in request.GET:
            try:
                job = await _find_job(access, request.GET["job"])
            except DatabaseError:
                await self.close(TRY_AGAIN_LATER)
                return
            if job is None:
                await self.close(NO_SUCH_JOB)
                return
        await self.accept()
        self._following = self._tasks.create_task(self._follow(request, access, job))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Count the messages of the client, which mean nothing."""
        self._heard += 1
        if self._heard == MOST_HEARD:
            await self.close(POLICY_VIOLATION)
            raise StopConsumer

    async def _follow(self, request: ASGIRequest, access: Access, job: AIJob | None) -> None:
        """Pass on what changes for as long as the access holds, then close the socket."""
        async with hub.here().mailbox(access.tenant.pk) as mailbox:
            # What changed while the socket opened is in the rows.
            first: dict[str, str | float] = {"type": "resync"}
            if hub.here().is_silent:
                first["behind"] = True
            elif "quiet" in request.GET:
                first["quiet_seconds"] = hub.here().quiet_seconds(access.tenant.pk)
            await self.send(orjson.dumps(first).decode())
            sending: list[asyncio.Task[None]] = [self._tasks.create_task(self._send_from(mailbox))]
            if job is not None:
                sending.append(self._tasks.create_task(self._send_draft(access, job)))
            try:
                await self._until_access_ends(request, access)
            finally:
                for task in sending:
                    task.cancel()
        await self.close(NO_ACCESS)

    async def _send_from(self, mailbox: Mailbox) -> NoReturn:
        while True:
            text = await mailbox.take()
            await self.send(BEHIND if text == RESYNC and hub.here().is_silent else text)
            await asyncio.sleep(
                RESYNC_PAUSE_SECONDS if text == RESYNC else len(text) / BYTES_PER_SECOND
            )

    async def _send_draft(self, access: Access, job: AIJob) -> None:
        """Say what is written for a job, until it has ended."""
        async with aclosing(drafts.follow(access.tenant.pk, job.pk)) as pieces:
            async for piece in pieces:
                if piece is None:
                    continue
                told: dict[str, Any] = {"type": "job.writing", "job_id": str(job.pk)}
                if job.kind.writes_text:
                    told |= {"attempt": piece.attempt, "start": piece.start, "text": piece.text}
                else:
                    told |= {"attempt": piece.attempt, "characters": piece.end}
                text = orjson.dumps(told).decode()
                await self.send(text)
                await asyncio.sleep(max(TELL_SECONDS, len(text) / BYTES_PER_SECOND))

    async def _until_access_ends(self, request: ASGIRequest, access: Access) -> None:
        clock = asyncio.get_running_loop().time
        with hub.here().looking(handshake.names_of(request, access)) as may_have_ended:
            next_at = clock() + self._recheck_seconds
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(next_at):
                        await may_have_ended.wait()
                may_have_ended.clear()
                if clock() >= next_at:
                    self._heard = 0
                    next_at = clock() + self._recheck_seconds
                try:
                    found = await _find_access(request)
                except DatabaseError:
                    continue  # Nobody can say, and without the database there is no news either.
                if found is None or (found.tenant.pk, found.role) != (
                    access.tenant.pk,
                    access.role,
                ):
                    return


class UnknownAddress(AsyncWebsocketConsumer):
    """Refuses. Without a route URLRouter raises, and daphne logs a traceback for each call."""

    channel_layer_alias = NO_LAYER

    async def connect(self) -> None:
        """Refuse the socket."""
        await self.close()


async def _find_job(access: Access, key: str) -> AIJob | None:
    """The tenant's job with this id; None where there is none, or the id is none."""
    try:
        job: AIJob = await database_sync_to_async(jobs.job_of)(access.tenant, UUID(key))
    except (AIJob.DoesNotExist, ValueError):
        return None
    return job


async def _find_access(request: ASGIRequest) -> Access | None:
    found: Access | None = await database_sync_to_async(handshake.find_access)(request)
    return found
