"""A client that does not keep up is told to look again; nothing heaps up for it."""

import asyncio
import time

import orjson
import pytest
from asgiref.sync import sync_to_async

from aijobs.live import hub
from aijobs.live.consumers import BYTES_PER_SECOND
from aijobs.live.hub import MOST_WAITING, Mailbox
from aijobs.live.news import RESYNC
from citizenapp.tenants.models import Tenant
from tests.factories import make_key, make_tenant
from tests.live.ground import opened, with_key


async def test_texts_come_out_in_their_order() -> None:
    mailbox = Mailbox()
    for text in ("one", "two"):
        mailbox.put(text)
    assert [await mailbox.take(), await mailbox.take()] == ["one", "two"]


async def test_a_full_mailbox_holds_one_resync() -> None:
    mailbox = Mailbox()
    for number in range(MOST_WAITING + 10):
        mailbox.put(str(number))
    assert await mailbox.take() == RESYNC
    mailbox.put("later")
    assert await mailbox.take() == "later"


async def test_a_resync_stands_for_all_that_waits_before_and_after_it() -> None:
    mailbox = Mailbox()
    for text in ("before", RESYNC, "after", RESYNC):
        mailbox.put(text)
    assert await mailbox.take() == RESYNC
    mailbox.put("later")
    assert await mailbox.take() == "later"


@pytest.mark.usefixtures("consumers")
async def test_what_is_sent_is_bounded_and_ends_with_a_resync() -> None:
    def open_account() -> tuple[Tenant, str]:
        tenant = make_tenant()
        return tenant, make_key(tenant)

    tenant, key = await sync_to_async(open_account)()
    socket = await opened(with_key(key))
    started = time.monotonic()
    text = orjson.dumps({"type": "job.changed", "changes": ["x" * 4_000]}).decode()
    for _ in range(500):
        hub.here().tell(tenant.pk, text)
        await asyncio.sleep(0.001)
    sent = 0
    while (message := await socket.receive_from(timeout=30)) != RESYNC:
        sent += len(message)
    assert sent <= BYTES_PER_SECOND * (time.monotonic() - started) + 2 * len(text)
    await socket.disconnect()
