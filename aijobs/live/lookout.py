"""Who waits for what to change, in this process, and one look at the rows for all of them.

Whoever waits is an entry here and a suspended coroutine: no connection, no thread. The hub tells
which rows of a tenant may have changed. They are read together, in one statement for each kind of
thing, however many wait.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Mapping
from contextvars import Context
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from aijobs.live import hub
from aijobs.live.news import RESYNC

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Rows that change within this time are read together.
GATHER_SECONDS = 0.02
AGAIN_SECONDS = 1.0  # after a look that failed
# Answers that are put together at once, each of which takes a connection to the database.
MOST_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be waited for.

    `states` reads in one statement, by id, something that is another whenever the thing is; what
    is gone is left out. The ids are of several tenants: each was asked for by its own tenant.
    At least `pause_seconds` lie between two looks at one thing.
    """

    states: Callable[[Collection[UUID]], Mapping[UUID, object]]
    pause_seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is waited for, by somebody who may see it."""

    kind: Kind
    tenant_id: int
    id: UUID


class Watch:
    """One thing, for all who wait for it here."""

    def __init__(self, subject: Subject, state: object) -> None:
        self.subject = subject
        self.waiters = 0
        self.looked_at = float("-inf")
        self.state = state
        self._begun = self._done = 0
        self._event = asyncio.Event()
        self._answers: dict[Hashable, asyncio.Task[Any]] = {}

    def begin(self, now: float) -> None:
        """A look at it begins."""
        self._begun += 1
        self.looked_at = now

    def end(self, state: object) -> None:
        """The look that began has found this."""
        self._done = self._begun
        if state != self.state:
            self.state = state
            # What was put together before is out of date.
            self._answers.clear()
        self._event.set()
        self._event = asyncio.Event()

    async def next_look(self) -> None:
        """Return once a look has ended that begins from now on."""
        number = self._begun + 1
        while self._done < number:
            await self._event.wait()

    async def until_not(self, known: object) -> None:
        """Return once a look has found another state than this."""
        while self.state == known:
            await self._event.wait()

    async def once(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` returns, asked once for all who want the same after one change."""
        if key not in self._answers:
            # A task that belongs to none of them: the first one may go away.
            self._answers[key] = asyncio.create_task(_await(ask), context=Context())
        return cast(T, await asyncio.shield(self._answers[key]))


class Lookout:
    """All that is waited for in one event loop."""

    def __init__(self) -> None:
        # By tenant, then by id.
        self._watches: dict[int, dict[str, Watch]] = {}
        self._hearing: dict[int, tuple[asyncio.Event, asyncio.Task[NoReturn]]] = {}
        self._marked: set[Watch] = set()
        self._hurry = asyncio.Event()
        self._looking: asyncio.Task[NoReturn] | None = None
        self.turns = asyncio.Semaphore(MOST_AT_ONCE)

    @contextlib.asynccontextmanager
    async def watching(self, subject: Subject, state: object) -> AsyncIterator[Watch]:
        """The watch over a thing, for as long as the block lasts. `state` is what was read of it.

        Whoever calls it has looked whose it is.
        """
        watches = self._watches.setdefault(subject.tenant_id, {})
        watch = watches.setdefault(str(subject.id), Watch(subject, state))
        watch.waiters += 1
        self._begin(subject.tenant_id)
        try:
            yield watch
        finally:
            watch.waiters -= 1
            if not watch.waiters:
                self._end(watch)

    async def until_changed(self, watch: Watch, known: object, read_at: float) -> None:
        """Return when the state is not the known one, which was read at `read_at` or later.

        That is a moment of the event loop's clock. What changed between that reading and the first
        news is found by one more look, unless the hub knows that there was nothing.
        """
        tenant_id = watch.subject.tenant_id
        await self._hearing[tenant_id][0].wait()
        since = asyncio.get_running_loop().time() - read_at
        if watch.state != known or hub.here().quiet_seconds(tenant_id) < since:
            # Also where another reading is at hand: nobody knows which of the two is the later one.
            self._mark([watch])
            await watch.next_look()
        await watch.until_not(known)

    def _begin(self, tenant_id: int) -> None:
        # Tasks of nobody's request: one that inherits a request's context would ask the database
        # in the thread of that request.
        if tenant_id not in self._hearing:
            is_open = asyncio.Event()
            task = asyncio.create_task(self._hear(tenant_id, is_open), context=Context())
            self._hearing[tenant_id] = is_open, task
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), context=Context())

    def _end(self, watch: Watch) -> None:
        tenant_id = watch.subject.tenant_id
        del self._watches[tenant_id][str(watch.subject.id)]
        self._marked.discard(watch)
        if not self._watches[tenant_id]:
            del self._watches[tenant_id]
            self._hearing.pop(tenant_id)[1].cancel()
        if not self._watches and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _hear(self, tenant_id: int, is_open: asyncio.Event) -> NoReturn:
        async with hub.here().mailbox(tenant_id) as mailbox:
            is_open.set()
            while True:
                text = await mailbox.take()
                watches = self._watches[tenant_id]
                if text == RESYNC:
                    self._mark(watches.values())
                    continue
                changes = orjson.loads(text)["changes"]
                named = {one["job_id"] for one in changes} | {
                    one["collection_id"] for one in changes
                }
                self._mark([watches[one] for one in named if one in watches])

    def _mark(self, watches: Collection[Watch]) -> None:
        self._marked.update(watches)
        if watches:
            self._hurry.set()

    async def _look(self) -> NoReturn:
        clock = asyncio.get_running_loop().time
        while True:
            next_at = min(map(_due_at, self._marked), default=None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_at):
                    await self._hurry.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._hurry.clear()
            now = clock()
            due = [one for one in self._marked if _due_at(one) <= now]
            self._marked.difference_update(due)
            for kind in {one.subject.kind for one in due}:
                await self._look_at(kind, [one for one in due if one.subject.kind == kind], now)

    async def _look_at(self, kind: Kind, watches: Collection[Watch], now: float) -> None:
        for watch in watches:
            watch.begin(now)
        ids = [watch.subject.id for watch in watches]
        try:
            found = await database_sync_to_async(kind.states)(ids)
        except DatabaseError as error:
            logger.warning("Nobody can see what has changed (%s).", type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
            self._mark([one for one in watches if one.waiters])
            return
        for watch in watches:
            watch.end(found.get(watch.subject.id))


def _due_at(watch: Watch) -> float:
    return watch.looked_at + watch.subject.kind.pause_seconds


async def _await(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()


_lookouts: WeakKeyDictionary[asyncio.AbstractEventLoop, Lookout] = WeakKeyDictionary()


def here() -> Lookout:
    """The lookout of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _lookouts:
        _lookouts[loop] = Lookout()
    return _lookouts[loop]
