"""What Claude has written so far, for the open pages and streams of this process.

One subscription a process, as in `hub`, which lasts while somebody reads. Workers are told each
second which jobs are read here, and how much of each is here already (aijobs/drafts.py).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, NamedTuple, NoReturn
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import Error as DatabaseError

from aijobs.drafts import AGAIN_SECONDS, WATCH, WATCH_SECONDS, WRITERS
from aijobs.live import hub
from aijobs.live.hub import Mailbox
from aijobs.live.news import RESYNC
from aijobs.models import AIJob

logger = logging.getLogger(__name__)


class Piece(NamedTuple):
    """What was written from `start` on, by characters, in an attempt of the job.

    A later attempt begins anew, at 0.
    """

    attempt: int
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


NOTHING = Piece(0, 0, "")


class Shown:
    """The draft of one job as far as it is here, for all who read it here."""

    def __init__(self) -> None:
        self.readers = 0
        self.attempt = 0
        self.text = ""
        self._changed = asyncio.Event()

    def add(self, piece: Piece) -> bool:
        """Take a piece in; False where something before it is missing."""
        if piece.attempt < self.attempt:
            return True
        if piece.attempt > self.attempt:
            self.attempt, self.text = piece.attempt, ""
        if piece.start > len(self.text):
            return False
        new = piece.text[len(self.text) - piece.start :]
        if new:
            self.text += new
            self._changed.set()
            self._changed = asyncio.Event()
        return True

    async def after(self, known: Piece) -> Piece:
        """Wait for what comes after a piece."""
        while True:
            start = known.end if known.attempt == self.attempt else 0
            if len(self.text) > start:
                return Piece(self.attempt, start, self.text[start:])
            await self._changed.wait()


class Desk:
    """The drafts that are read in one event loop, by job."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}
        self._hurry = asyncio.Event()
        self._working: asyncio.Task[NoReturn] | None = None

    @contextlib.asynccontextmanager
    async def reading(self, job_id: str) -> AsyncIterator[Shown]:
        """The draft of a job, which grows for as long as the block lasts."""
        shown = self._shown.setdefault(job_id, Shown())
        shown.readers += 1
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        self._hurry.set()
        try:
            yield shown
        finally:
            shown.readers -= 1
            if not shown.readers:
                del self._shown[job_id]
            if not self._shown and self._working is not None:
                self._working.cancel()

    def hurry(self) -> None:
        """Say at once what is read here: a call may just have begun."""
        self._hurry.set()

    async def _work(self) -> NoReturn:
        layer, is_warned = get_channel_layer(), False
        while True:
            try:
                await self._follow(layer)
            except Exception as error:  # Whatever it is, the layer may work again the next time.
                if not is_warned:
                    logger.warning("No drafts are shown (%s).", type(error).__name__)
                is_warned = True
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, layer: Any) -> None:
        channel = await layer.new_channel()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear(layer, channel))
            tasks.create_task(self._say(layer, channel))

    async def _say(self, layer: Any, channel: str) -> NoReturn:
        """Tell workers what is read here, each second and when there is reason to hurry."""
        while True:
            self._hurry.clear()
            jobs = {key: (one.attempt, len(one.text)) for key, one in self._shown.items()}
            await layer.group_send(WRITERS, {"type": WATCH, "reply": channel, "jobs": jobs})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._hurry.wait()

    async def _hear(self, layer: Any, channel: str) -> NoReturn:
        while True:
            self._add(await layer.receive(channel))

    def _add(self, message: Mapping[str, Any]) -> None:
        shown = self._shown.get(message["job_id"])
        piece = Piece(message["attempt"], message["start"], message["text"])
        if shown is not None and not shown.add(piece):
            self._hurry.set()


_desks: WeakKeyDictionary[asyncio.AbstractEventLoop, Desk] = WeakKeyDictionary()


def here() -> Desk:
    """The desk of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _desks:
        _desks[loop] = Desk()
    return _desks[loop]


async def follow(
    tenant_id: int, job_id: UUID, beat_seconds: float = 15
) -> AsyncGenerator[Piece | None]:
    """The pieces of a tenant's job as they come, until it has ended.

    Yields None after `beat_seconds` without one. Whoever calls it has looked whose job it is, and
    closes it.
    """
    async with hub.here().mailbox(tenant_id) as news, here().reading(str(job_id)) as shown:
        ending = asyncio.create_task(_until_ended(tenant_id, job_id, news))
        piece = NOTHING
        try:
            while True:
                growing = asyncio.create_task(shown.after(piece))
                try:
                    await asyncio.wait(
                        {growing, ending},
                        timeout=beat_seconds,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                finally:
                    is_new = growing.done()
                    growing.cancel()
                if is_new:
                    piece = growing.result()
                    yield piece
                elif ending.done():
                    return
                else:
                    yield None
        finally:
            ending.cancel()


async def _until_ended(tenant_id: int, job_id: UUID, news: Mailbox) -> None:
    """Return once the job has its result, or will have none; or when it is gone."""
    while await _is_open(tenant_id, job_id):
        while (text := await news.take()) != RESYNC and str(job_id) not in text:
            pass
        here().hurry()


async def _is_open(tenant_id: int, job_id: UUID) -> bool:
    def ask() -> bool:
        jobs = AIJob.objects.filter(tenant=tenant_id, erasing_since=None, pk=job_id)
        return jobs.exclude(status__in=AIJob.FINAL).exists()

    try:
        return bool(await database_sync_to_async(ask)())
    except DatabaseError:
        return True  # Nobody can say. The hub tells to look again once there is news.
