"""Pages that stay open get over restarts of PostgreSQL's sessions, of Valkey and of the relay."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection

from aijobs.live import relay
from aijobs.live.hub import Hub
from aijobs.live.news import GROUP, RESYNC, News
from tests.factories import make_job, make_key, make_tenant
from tests.live.ground import SOON, Live, statuses, until_resync, with_key


def test_a_lost_database_session_is_told_as_a_resync(live: Live) -> None:
    tenant = make_tenant()
    with live.listening(with_key(make_key(tenant))) as page:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'citizenapp relay' AND datname = current_database()"
            )
            assert cursor.fetchall() == [(True,)]
        until_resync(page)
        job = make_job(tenant)
        assert statuses(page) == [(str(job.pk), "queued")]


def test_a_restart_of_valkey_is_told_as_a_resync(live: Live) -> None:
    tenant = make_tenant()
    with live.listening(with_key(make_key(tenant))) as page:
        with live.broker_away():
            make_job(tenant)
        until_resync(page)
        job = make_job(tenant)
        assert (str(job.pk), "queued") in statuses(page)


def test_a_new_relay_is_told_as_a_resync(live: Live) -> None:
    tenant = make_tenant()
    with (
        live.listening(with_key(make_key(tenant))) as page,
        live.process("second-relay", "manage.py", "relay"),
    ):
        until_resync(page)


def test_sigterm_ends_the_relay_at_once_and_quietly(live: Live) -> None:
    with live.process("third-relay", "manage.py", "relay") as process:
        live.await_listening("third-relay")
        started = time.monotonic()
        process.terminate()
        assert process.wait(30) == 0
        # Less than it sleeps between two attempts of anything.
        assert time.monotonic() - started < 5
    assert "Traceback" not in live.log("third-relay")


class Swallower:
    """A proxy before PostgreSQL's socket that can stop passing anything on, and say nothing."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._connections: list[asyncio.Task[None]] = []
        self.passes = asyncio.Event()
        self.passes.set()

    @contextlib.asynccontextmanager
    async def serving(self, path: Path) -> AsyncIterator[None]:
        async with await asyncio.start_unix_server(self._accept, path):
            yield
            await asyncio.gather(*self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(asyncio.create_task(self._pass_both_ways(reader, writer)))

    async def _pass_both_ways(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        onward, back = await asyncio.open_unix_connection(self._target)
        ways = {
            asyncio.create_task(self._pass(reader, back)),
            asyncio.create_task(self._pass(onward, writer)),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, back):
            end.close()
            with contextlib.suppress(ConnectionError):
                await end.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self.passes.wait()
            writer.write(data)


@pytest.mark.usefixtures("redis", "transactional_db")
async def test_a_half_open_connection_is_left_within_seconds(
    tmp_path_factory: pytest.TempPathFactory, var: Path
) -> None:
    parameters = relay.connection_parameters(connection.get_connection_params())
    name = f".s.PGSQL.{parameters['port']}"
    proxy = Swallower(f"{parameters['host']}/{name}")
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    async with proxy.serving(var / name):
        relaying = asyncio.create_task(
            relay.run({**parameters, "host": str(var)}, beat_seconds=0.2)
        )
        first = await heard_on(channel)
        proxy.passes.clear()
        async with asyncio.timeout(30):
            await asyncio.sleep(3)
            proxy.passes.set()
            while (await heard_on(channel))["session"] == first["session"]:
                pass
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)


async def heard_on(channel: str) -> Any:
    return await get_channel_layer().receive(channel)


def news(session: str, number: int) -> News:
    return News(type="jobs.news", session=session, number=number, texts=[(1, f"text {number}")])


@pytest.mark.usefixtures("redis")
async def test_a_gap_in_the_numbers_is_told_as_a_resync() -> None:
    async with Hub().mailbox(1) as mailbox:
        for number, told in ((5, "text 5"), (6, "text 6"), (8, RESYNC), (9, "text 9")):
            await get_channel_layer().group_send(GROUP, news("s", number))
            assert await asyncio.wait_for(mailbox.take(), SOON) == told


@pytest.mark.usefixtures("redis")
async def test_a_new_session_is_told_as_a_resync() -> None:
    async with Hub().mailbox(1) as mailbox:
        for session, number, told in (("s", 5, "text 5"), ("t", 1, RESYNC), ("t", 2, "text 2")):
            await get_channel_layer().group_send(GROUP, news(session, number))
            assert await asyncio.wait_for(mailbox.take(), SOON) == told


@pytest.mark.usefixtures("redis")
async def test_a_session_that_began_after_the_subscription_is_told_as_a_resync() -> None:
    async with Hub().mailbox(1) as mailbox:
        await get_channel_layer().group_send(GROUP, news("s", 1))
        assert await asyncio.wait_for(mailbox.take(), SOON) == RESYNC


@pytest.mark.usefixtures("redis")
async def test_nobody_is_called_quiet_from_before_a_gap() -> None:
    hub = Hub()
    assert hub.quiet_seconds(1) == 0, "It does not listen."
    async with hub.mailbox(1) as mailbox:
        await asyncio.sleep(0.2)
        assert hub.quiet_seconds(2) >= 0.2
        clock = asyncio.get_running_loop().time
        before = clock()
        for number in (5, 7):
            await get_channel_layer().group_send(GROUP, news("s", number))
            await asyncio.wait_for(mailbox.take(), SOON)
        assert hub.quiet_seconds(2) <= clock() - before


@pytest.mark.usefixtures("redis")
async def test_without_a_relay_pages_are_told_to_look_now_and_then() -> None:
    async with Hub(silence_seconds=0.1).mailbox(1) as mailbox:
        for _ in range(2):
            assert await asyncio.wait_for(mailbox.take(), SOON) == RESYNC


@pytest.mark.usefixtures("redis")
async def test_after_a_silence_pages_are_told_that_it_is_over() -> None:
    """Also where the relay only slept, and no number is missing."""
    hub = Hub(silence_seconds=4)
    async with hub.mailbox(1) as mailbox:
        silences = [hub.is_silent]
        assert await asyncio.wait_for(mailbox.take(), 30) == RESYNC
        silences.append(hub.is_silent)
        await get_channel_layer().group_send(GROUP, news("s", 5))
        assert await asyncio.wait_for(mailbox.take(), SOON) == RESYNC
        silences.append(hub.is_silent)
        await get_channel_layer().group_send(GROUP, news("s", 6))
        assert await asyncio.wait_for(mailbox.take(), SOON) == "text 6"
    assert silences == [False, True, False]
