"""GET collections/{id}/events: the collection whenever it changes, then `done`."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from aijobs.api import collection_events
from aijobs.api.collections import WATCHED
from aijobs.live.lookout import Subject
from aijobs.models import AIJob, Collection
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_key, make_tenant
from tests.live.ground import HOST, Live, with_key
from tests.live.test_waiting import make_collection

Event = tuple[str, str, dict[str, Any]]


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]


@contextmanager
def following(
    live: Live, collection: Collection, key: str, last: str = ""
) -> Iterator[httpx2.Response]:
    transport = httpx2.HTTPTransport(uds=str(live.folder / "daphne.sock"))
    headers = {**with_key(key), "X-Forwarded-Proto": "https"}
    if last:
        headers["Last-Event-ID"] = last
    with (
        httpx2.Client(transport=transport, timeout=60, headers=headers) as client,
        client.stream("GET", f"http://{HOST}/api/ai/collections/{collection.pk}/events") as found,
    ):
        yield found


def events(response: httpx2.Response) -> Iterator[Event]:
    """Name, id and data of each, until the server ends the stream."""
    text = ""
    for piece in response.iter_text():
        text += piece
        *whole, text = text.split("\n\n")
        for event in whole:
            if not event.startswith(":"):
                fields = dict(line.split(": ", 1) for line in event.split("\n"))
                yield fields["event"], fields["id"], json.loads(fields["data"])


def cancel(*jobs: AIJob) -> None:
    for job in jobs:
        job.mark_canceled(NOW)


def test_each_change_is_told_and_then_that_all_has_ended(live: Live) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 3)
    key = make_key(tenant)
    with following(live, collection, key) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        told = events(response)
        name, first, body = next(told)
        assert (name, body["counts"]["queued"]) == ("collection", 3)
        cancel(jobs[0])
        name, second, body = next(told)
        assert (name, body["counts"]["canceled"]) == ("collection", 1)
        cancel(*jobs[1:])
        *_, (name, last, body) = told
        assert (name, body["counts"]["canceled"]) == ("done", 3)
    assert len({first, second, last}) == 3
    client = Client(headers={"Host": HOST, **with_key(key)})
    assert client.get(f"/api/ai/collections/{collection.pk}")["ETag"] == last


def test_many_changes_are_told_together(live: Live) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 20)
    with following(live, collection, make_key(tenant)) as response:
        told = events(response)
        next(told)
        began = time.monotonic()
        for job in jobs:
            cancel(job)
            time.sleep(0.05)
        names = [name for name, _, _ in told]
        assert names[-1] == "done"
        assert len(names) <= 3 + (time.monotonic() - began)


def test_who_comes_back_is_told_what_is_new_only(live: Live) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 2)
    key = make_key(tenant)
    with following(live, collection, key) as response:
        _, seen, _ = next(events(response))
    with following(live, collection, key, seen) as response:
        told = events(response)
        cancel(jobs[0])
        _, newer, body = next(told)
        assert body["counts"]["canceled"] == 1
    assert newer != seen
    with following(live, collection, key, seen) as response:
        assert next(events(response))[1] == newer


def test_what_has_ended_is_done_at_once_and_told_once(live: Live) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 1)
    cancel(*jobs)
    key = make_key(tenant)
    with following(live, collection, key) as response:
        [(name, seen, _)] = events(response)
    assert name == "done"
    with following(live, collection, key, seen) as response:
        assert (response.status_code, response.read()) == (204, b"")
    # That needs no stream: gunicorn answers as well.
    client = Client(headers={"Host": HOST, **with_key(key)})
    answer = client.get(f"/api/ai/collections/{collection.pk}/events")
    assert b"event: done\n" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_a_server_that_sends_whole_answers_only_says_so(db: None) -> None:
    tenant = make_tenant()
    collection, _ = make_collection(tenant, 1)
    client = Client(headers={"Host": HOST, **with_key(make_key(tenant))})
    answer = client.get(f"/api/ai/collections/{collection.pk}/events")
    assert answer.status_code == 501
    assert answer.json()["type"] == "/problems/not-streamed-here"


def test_another_tenants_collection_is_not_there(live: Live) -> None:
    collection, _ = make_collection(make_tenant(), 1)
    with following(live, collection, make_key(make_tenant())) as response:
        assert response.status_code == 404
    with following(live, collection, "12345678.no-such-key") as response:
        assert response.status_code == 401


def made(jobs: int) -> tuple[Tenant, Collection]:
    tenant = make_tenant()
    return tenant, make_collection(tenant, jobs)[0]


async def test_a_stream_ends_with_the_access(consumers: None) -> None:
    tenant, collection = await sync_to_async(made)(1)
    subject = Subject(WATCHED, tenant.pk, collection.pk)
    told = collection_events._events(
        subject, lambda: collection_events._read(tenant, collection.pk), "", lambda: False, 0.05
    )
    async with asyncio.timeout(30), aclosing(told) as chunks:
        found = [chunk async for chunk in chunks]
    assert found[0] == b": connected\n\n"
    assert b"event: collection\n" in found[1]
    assert len(found) == 2


async def test_what_no_notice_tells_of_is_seen_when_the_access_is_looked_at(
    consumers: None,
) -> None:
    tenant, collection = await sync_to_async(made)(1)
    subject = Subject(WATCHED, tenant.pk, collection.pk)
    told = collection_events._events(
        subject, lambda: collection_events._read(tenant, collection.pk), "", lambda: True, 0.3
    )
    async with asyncio.timeout(30), aclosing(told) as chunks:
        async for chunk in chunks:
            if b"event: collection\n" in chunk and b"renamed" not in chunk:
                renamed = Collection.objects.filter(pk=collection.pk)
                await sync_to_async(renamed.update)(name="renamed")
            elif b"renamed" in chunk:
                break


async def test_a_collection_that_is_gone_ends_the_stream(consumers: None) -> None:
    tenant = await sync_to_async(make_tenant)()
    missing = uuid4()
    told = collection_events._events(
        Subject(WATCHED, tenant.pk, missing),
        lambda: collection_events._read(tenant, missing),
        "",
        lambda: True,
        60,
    )
    async with asyncio.timeout(30), aclosing(told) as chunks:
        assert [chunk async for chunk in chunks] == [b": connected\n\n"]
