"""Whoever may not listen is refused, and whoever may not any more is sent away."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from aijobs.live.consumers import MOST_HEARD, JobsConsumer
from citizenapp.tenants.models import APIKey, Membership, Tenant, User
from tests.factories import make_key, make_tenant, make_user
from tests.live.ground import HOST, Live, heard, with_key, with_session


def is_refused(live: Live, headers: dict[str, str], path: str = "/ws/jobs/") -> bool:
    try:
        with live.connect(headers, path):
            return False
    except InvalidStatus as refusal:
        return refusal.response.status_code == 403


def test_strangers_are_refused(live: Live) -> None:
    assert is_refused(live, {})
    assert is_refused(live, {"Cookie": "sessionid=0123456789abcdef0123456789abcdef"})
    assert is_refused(live, with_key("12345678.no-such-key"))


def test_a_user_of_no_tenant_is_refused(live: Live) -> None:
    assert is_refused(live, with_session(make_user("nobody")))


def test_members_of_an_inactive_tenant_are_refused(live: Live) -> None:
    tenant = make_tenant(is_active=False)
    assert is_refused(live, with_session(make_user("ada", tenant)))
    assert is_refused(live, with_key(make_key(tenant)))


def test_a_key_that_does_not_hold_is_not_made_good_by_a_session(live: Live) -> None:
    signed_in = with_session(make_user("ada", make_tenant()))
    assert is_refused(live, signed_in | with_key("12345678.no-such-key"))


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
def test_a_page_of_another_origin_is_refused(live: Live, origin: str) -> None:
    signed_in = with_session(make_user("ada", make_tenant()))
    assert is_refused(live, signed_in | {"Origin": origin})


def test_our_own_pages_are_welcome(live: Live) -> None:
    signed_in = with_session(make_user("ada", make_tenant()))
    with live.connect(signed_in | {"Origin": f"http://{HOST}"}) as page:
        assert heard(page) == {"type": "resync"}


def test_an_unknown_address_is_refused(live: Live) -> None:
    assert is_refused(live, with_session(make_user("ada", make_tenant())), "/ws/other/")


def communicator(headers: dict[str, str]) -> WebsocketCommunicator:
    return WebsocketCommunicator(
        JobsConsumer(recheck_seconds=0.05),
        "/ws/jobs/",
        [
            (name.lower().encode(), value.encode())
            for name, value in {"Host": "localhost", **headers}.items()
        ],
    )


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


@pytest.mark.usefixtures("consumers")
@pytest.mark.parametrize(
    "ends",
    [no_member, no_active_user, no_active_tenant, signed_out, session_expired, new_password],
)
async def test_a_socket_ends_when_its_access_does(ends: Callable[[User], None]) -> None:
    def sign_in() -> tuple[User, dict[str, str]]:
        user = make_user("ada", make_tenant())
        return user, with_session(user)

    user, headers = await sync_to_async(sign_in)()
    page = communicator(headers)
    assert (await page.connect())[0]
    await page.receive_from()
    assert await page.receive_nothing(0.2), "It stays open while nothing changes."
    await sync_to_async(ends)(user)
    assert await closing(page) == 4401


@pytest.mark.usefixtures("consumers")
async def test_a_socket_ends_when_its_key_is_revoked() -> None:
    def revoke() -> None:
        APIKey.objects.update(revoked=True)

    key = await sync_to_async(lambda: make_key(make_tenant()))()
    program = communicator(with_key(key))
    assert (await program.connect())[0]
    await program.receive_from()
    await sync_to_async(revoke)()
    assert await closing(program) == 4401


@pytest.mark.usefixtures("consumers")
async def test_a_client_that_talks_without_end_is_sent_away() -> None:
    key = await sync_to_async(lambda: make_key(make_tenant()))()
    program = communicator(with_key(key))
    assert (await program.connect())[0]
    await program.receive_from()
    for _ in range(MOST_HEARD):
        await program.send_to("hello")
    assert await closing(program) == 1008


async def closing(socket: WebsocketCommunicator) -> Any:
    """The code that the socket is closed with."""
    async with asyncio.timeout(2):
        while (message := await socket.receive_output())["type"] != "websocket.close":
            pass
    await socket.wait()
    return message["code"]
