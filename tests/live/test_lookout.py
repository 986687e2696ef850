"""One look at the rows for all who wait here; nothing is missed, whoever is away."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from aijobs.live import hub
from aijobs.live.lookout import Kind, Lookout, Subject, Watch
from aijobs.live.news import RESYNC

TENANT = 7


class Things:
    """What is waited for: a number by id, and how often somebody looked."""

    def __init__(self, pause_seconds: float = 0.05) -> None:
        self.now: dict[UUID, int] = {}
        self.looks: list[int] = []
        self.is_away = False
        self.kind = Kind(self.states, pause_seconds)

    def states(self, ids: Collection[UUID]) -> Mapping[UUID, object]:
        self.looks.append(len(ids))
        if self.is_away:
            raise OperationalError
        return {one: self.now[one] for one in ids if one in self.now}

    def new(self) -> Subject:
        subject = Subject(self.kind, TENANT, uuid4())
        self.now[subject.id] = 0
        return subject


@pytest.fixture
async def lookout(consumers: None) -> AsyncIterator[Lookout]:
    """A hub without a relay, which has nothing to tell but what the tests put in."""
    async with hub.here().mailbox(0):
        yield Lookout()


@asynccontextmanager
async def waiting(lookout: Lookout, subject: Subject, known: int = 0) -> AsyncIterator[Any]:
    """A task that ends when the thing has changed. Whoever had to look at it first has, by now."""
    read_at = asyncio.get_running_loop().time()
    async with lookout.watching(subject, known) as watch:
        task = asyncio.create_task(lookout.until_changed(watch, known, read_at))
        await rest(subject)
        try:
            yield task
        finally:
            task.cancel()


async def rest(subject: Subject) -> None:
    """Return once nobody has looked for a while."""
    things, seen = cast(Things, subject.kind.states.__self__), -1  # type: ignore[attr-defined]
    while len(things.looks) != seen:
        seen = len(things.looks)
        await asyncio.sleep(0.3)


async def ends(task: Any, within: float = 20) -> bool:
    done, _ = await asyncio.wait({task}, timeout=within)
    return bool(done)


async def test_one_look_serves_all_who_are_told_to_look(lookout: Lookout) -> None:
    things = Things()
    subjects = [things.new() for _ in range(200)]
    async with AsyncExitStack() as stack:
        tasks = []
        for subject in subjects:
            watch: Watch = await stack.enter_async_context(lookout.watching(subject, 0))
            now = asyncio.get_running_loop().time()
            tasks.append(asyncio.create_task(lookout.until_changed(watch, 0, now)))
        await rest(subjects[0])
        things.looks.clear()
        for one in subjects[:50]:
            things.now[one.id] = 1
        hub.here().tell(TENANT, RESYNC)
        async with asyncio.timeout(30):
            while not tasks[49].done():
                await asyncio.sleep(0.05)
        await rest(subjects[0])
        assert things.looks == [200]
        assert [task.done() for task in tasks] == [True] * 50 + [False] * 150
        for task in tasks:
            task.cancel()


async def test_news_of_others_make_nobody_look(lookout: Lookout) -> None:
    things = Things()
    async with waiting(lookout, things.new()) as task:
        things.looks.clear()
        change = {"job_id": str(uuid4()), "status": "failed", "collection_id": None}
        hub.here().tell(TENANT, json.dumps({"type": "job.changed", "changes": [change]}))
        hub.here().tell(TENANT + 1, RESYNC)
        assert not await ends(task, 0.3)
    assert things.looks == []


async def test_a_change_between_the_reading_and_the_waiting_is_seen(lookout: Lookout) -> None:
    things = Things()
    subject = things.new()
    read_at = asyncio.get_running_loop().time()
    things.now[subject.id] = 1
    hub.here().tell(TENANT, RESYNC)
    async with lookout.watching(subject, 0) as watch, asyncio.timeout(20):
        await lookout.until_changed(watch, 0, read_at)


async def test_who_knows_a_later_state_than_the_others_is_not_told_of_it(lookout: Lookout) -> None:
    things = Things()
    subject = things.new()
    async with waiting(lookout, subject) as first:
        things.now[subject.id] = 1  # Nobody has said so yet.
        async with waiting(lookout, subject, known=1) as second:
            assert await ends(first)
            assert not await ends(second, 0.3)


async def test_what_changes_all_the_time_is_looked_at_now_and_then(lookout: Lookout) -> None:
    things = Things(pause_seconds=0.5)
    async with waiting(lookout, things.new()) as task:
        things.looks.clear()
        clock = asyncio.get_running_loop().time
        began = clock()
        for _ in range(50):
            hub.here().tell(TENANT, RESYNC)
            await asyncio.sleep(0.02)
        assert not task.done()
        looks, most = len(things.looks), 2 + (clock() - began) / 0.5
    assert 1 <= looks <= most


async def test_while_the_database_is_away_everybody_waits(
    lookout: Lookout, caplog: pytest.LogCaptureFixture
) -> None:
    things = Things()
    subject = things.new()
    async with waiting(lookout, subject) as task:
        things.is_away = True
        things.now[subject.id] = 1
        hub.here().tell(TENANT, RESYNC)
        assert not await ends(task, 0.3)
        things.is_away = False
        assert await ends(task)
    assert "Nobody can see" in caplog.text


async def test_without_a_relay_everybody_looks_now_and_then(lookout: Lookout) -> None:
    things = Things()
    subject = things.new()
    async with waiting(lookout, subject) as task:
        things.now[subject.id] = 1
        assert await ends(task, hub.SILENCE_SECONDS + 20)


async def test_what_is_gone_is_another_state(lookout: Lookout) -> None:
    things = Things()
    subject = things.new()
    async with waiting(lookout, subject) as task:
        del things.now[subject.id]
        hub.here().tell(TENANT, RESYNC)
        assert await ends(task)


async def test_nothing_is_left_of_who_has_gone(lookout: Lookout) -> None:
    things = Things()
    async with waiting(lookout, things.new()), waiting(lookout, things.new()):
        assert lookout._hearing.keys() == {TENANT}
    assert not lookout._watches
    assert not lookout._hearing
    assert not lookout._marked
    assert lookout._looking is None


async def test_one_answer_is_put_together_for_all_who_ask_the_same(lookout: Lookout) -> None:
    asked: list[int] = []

    async def ask() -> int:
        number = len(asked)
        asked.append(number)
        await asyncio.sleep(0.05)
        return number

    things = Things()
    subject = things.new()
    async with lookout.watching(subject, 0) as watch:
        # The first of them goes away meanwhile.
        first = asyncio.create_task(watch.once("same", ask))
        others = [asyncio.create_task(watch.once("same", ask)) for _ in range(5)]
        other = asyncio.create_task(watch.once("other", ask))
        await asyncio.sleep(0)
        first.cancel()
        assert {await one for one in others} == {0}
        assert await other == 1
        watch.begin(0)
        watch.end(1)
        assert await watch.once("same", ask) == 2
