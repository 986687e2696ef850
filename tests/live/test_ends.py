"""However a socket ends, nothing of it stays behind."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator

from aijobs.live import hub
from citizenapp.tenants.models import APIKey
from tests.factories import make_key, make_tenant
from tests.live.ground import opened, with_key

pytestmark = pytest.mark.usefixtures("consumers")


async def a_socket(recheck_seconds: float = 60) -> WebsocketCommunicator:
    key = await sync_to_async(lambda: make_key(make_tenant()))()
    return await opened(with_key(key), recheck_seconds)


def what_stays() -> set[str]:
    """The tasks of consumers in this event loop, and whether its hub still has a mailbox."""
    tasks = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
    mailboxes = {"a mailbox"} if hub.here()._mailboxes else set()
    return {name for name in tasks if "JobsConsumer" in name} | mailboxes


async def leave(socket: WebsocketCommunicator) -> None:
    """Close the socket as a client does; the consumer has to end by itself.

    The communicator's own `disconnect` would cancel a consumer that does not.
    """
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    ended, _ = await asyncio.wait({socket.future}, timeout=20)
    assert ended


async def test_an_open_socket_has_two_tasks_and_a_mailbox() -> None:
    socket = await a_socket()
    assert what_stays() == {"JobsConsumer._follow", "JobsConsumer._send_from", "a mailbox"}
    await socket.disconnect()


async def test_nothing_stays_when_the_client_leaves() -> None:
    socket = await a_socket()
    await leave(socket)
    assert not what_stays()


async def test_nothing_stays_when_the_access_ends() -> None:
    socket = await a_socket(recheck_seconds=0.05)
    await sync_to_async(lambda: APIKey.objects.update(revoked=True))()
    assert (await socket.receive_output())["type"] == "websocket.close"
    # The server says that the socket is closed only after this; nothing is sent until then.
    assert not what_stays()
    await leave(socket)


async def test_nothing_stays_when_the_server_gives_the_consumer_up() -> None:
    socket = await a_socket()
    socket.future.cancel()
    await asyncio.gather(socket.future, return_exceptions=True)
    assert not what_stays()
