"""Whoever may not listen is refused, and whoever may not any more is sent away."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from websockets.exceptions import InvalidStatus

from aijobs.live.consumers import MOST_HEARD
from citizenapp.tenants.models import APIKey, Membership, Tenant, User
from tests.factories import make_key, make_tenant, make_user
from tests.live.ground import HOST, Live, communicator, opened, with_key, with_session

pytestmark = pytest.mark.usefixtures("consumers")


def a_stranger() -> dict[str, str]:
    return {}


def an_unknown_session() -> dict[str, str]:
    return {"Cookie": "sessionid=0123456789abcdef0123456789abcdef"}


def an_unknown_key() -> dict[str, str]:
    return with_key("12345678.no-such-key")


def a_user_of_no_tenant() -> dict[str, str]:
    return with_session(make_user("nobody"))


def a_member_of_an_inactive_tenant() -> dict[str, str]:
    return with_session(make_user("ada", make_tenant(is_active=False)))


def a_key_of_an_inactive_tenant() -> dict[str, str]:
    return with_key(make_key(make_tenant(is_active=False)))


def an_unknown_key_beside_a_session() -> dict[str, str]:
    return a_member() | an_unknown_key()


def a_member() -> dict[str, str]:
    return with_session(make_user("ada", make_tenant()))


async def refusal(headers: dict[str, str], path: str = "/ws/jobs/") -> Any:
    """The close code; None where the socket opens."""
    socket = communicator(headers, path)
    is_open, code = await socket.connect()
    await socket.disconnect()
    return None if is_open else code


@pytest.mark.parametrize(
    "somebody",
    [
        a_stranger,
        an_unknown_session,
        an_unknown_key,
        a_user_of_no_tenant,
        a_member_of_an_inactive_tenant,
        a_key_of_an_inactive_tenant,
        an_unknown_key_beside_a_session,
    ],
)
async def test_whoever_has_no_access_is_refused(somebody: Callable[[], dict[str, str]]) -> None:
    assert await refusal(await sync_to_async(somebody)()) == 4401


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        f"http://{HOST}:8001",
        f"https://{HOST}",
        f"http://{HOST}.evil.example",
        "null",
    ],
)
async def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    assert await refusal(await sync_to_async(a_member)() | {"Origin": origin}) == 4403


async def test_a_call_to_a_host_that_is_not_ours_is_refused() -> None:
    headers = await sync_to_async(a_member)() | {"Host": "evil.example"}
    assert await refusal(headers) == 4403


async def test_our_own_pages_are_welcome() -> None:
    assert await refusal(await sync_to_async(a_member)() | {"Origin": f"http://{HOST}"}) is None


async def test_pages_of_a_trusted_origin_are_welcome(settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://pages.example"]
    headers = await sync_to_async(a_member)() | {"Origin": "https://pages.example"}
    assert await refusal(headers) is None


async def test_an_unknown_address_is_refused() -> None:
    headers = await sync_to_async(a_member)()
    for path in ("/ws/other/", "/ws/jobs/more/"):
        assert await refusal(headers, path) == 1000


async def test_who_comes_while_the_database_is_away_may_try_again() -> None:
    key = await sync_to_async(lambda: make_key(make_tenant()))()

    def move(port: str) -> str:
        # Connections of all threads share these settings; the consumer's is opened anew.
        connection.close()
        before = str(connection.settings_dict["PORT"])
        connection.settings_dict["PORT"] = port
        return before

    port = await sync_to_async(move)("1")
    try:
        assert await refusal(with_key(key)) == 1013
    finally:
        await sync_to_async(move)(port)
    assert await refusal(with_key(key)) is None


def test_a_browser_sees_a_refusal_before_the_socket_opens(live: Live) -> None:
    for headers, path in (({}, "/ws/jobs/"), (a_member(), "/ws/other/")):
        with pytest.raises(InvalidStatus) as refused:
            live.connect(headers, path)
        assert refused.value.response.status_code == 403
    assert "Traceback" not in live.log("daphne")


def no_member(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def no_active_user(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def no_active_tenant(user: User) -> None:
    Tenant.objects.filter(memberships__user=user).update(is_active=False)


def signed_out(user: User) -> None:
    Session.objects.all().delete()


def session_expired(user: User) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def new_password(user: User) -> None:
    user.set_password("another")
    user.save()


@pytest.mark.parametrize(
    "ends",
    [no_member, no_active_user, no_active_tenant, signed_out, session_expired, new_password],
)
async def test_a_socket_ends_when_its_access_does(ends: Callable[[User], None]) -> None:
    def sign_in() -> tuple[User, dict[str, str]]:
        user = make_user("ada", make_tenant())
        return user, with_session(user)

    user, headers = await sync_to_async(sign_in)()
    page = await opened(headers, recheck_seconds=0.05)
    assert await page.receive_nothing(0.2), "It stays open while nothing changes."
    await sync_to_async(ends)(user)
    assert await closing(page) == 4401
    await page.disconnect()


async def test_a_socket_ends_when_its_key_is_revoked() -> None:
    def revoke() -> None:
        APIKey.objects.update(revoked=True)

    key = await sync_to_async(lambda: make_key(make_tenant()))()
    program = await opened(with_key(key), recheck_seconds=0.05)
    await sync_to_async(revoke)()
    assert await closing(program) == 4401
    await program.disconnect()


async def test_a_client_that_talks_without_end_is_sent_away() -> None:
    key = await sync_to_async(lambda: make_key(make_tenant()))()
    program = await opened(with_key(key))
    for _ in range(MOST_HEARD):
        await program.send_to("hello")
    assert await closing(program) == 1008
    await program.wait()


async def test_a_client_that_says_now_and_then_that_it_lives_stays() -> None:
    key = await sync_to_async(lambda: make_key(make_tenant()))()
    program = await opened(with_key(key), recheck_seconds=0.05)
    for _ in range(3):
        for _ in range(MOST_HEARD // 2):
            await program.send_to("hello")
        assert await program.receive_nothing(0.2)
    await program.disconnect()


async def closing(socket: WebsocketCommunicator) -> Any:
    """The code that the socket is closed with."""
    async with asyncio.timeout(20):
        while (message := await socket.receive_output())["type"] != "websocket.close":
            pass
    return message["code"]
