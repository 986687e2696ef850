"""GET jobs/{id}/stream: the answer as it is written, then the job. Daphne holds it, WSGI not."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, contextmanager
from typing import Any

import httpx2
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client

from aijobs.api import streams
from aijobs.models import AIJob
from citizenapp.tenants.models import APIKey
from tests.factories import CATEGORIES, make_key, make_tenant
from tests.ground import Emulator
from tests.live.ground import HOST, Live, with_key
from tests.live.writing import SECONDS, at_work, layer_of, urgent


@pytest.fixture(autouse=True)
def _slow(live: Live, emulator: Emulator, settings: Any) -> None:
    settings.CHANNEL_LAYERS = layer_of(live)
    settings.ALLOWED_HOSTS = [HOST]
    emulator.control("POST", "settings", {"latency_message": SECONDS})


@contextmanager
def streaming(live: Live, job: AIJob, key: str) -> Iterator[httpx2.Response]:
    transport = httpx2.HTTPTransport(uds=str(live.folder / "daphne.sock"))
    headers = {**with_key(key), "X-Forwarded-Proto": "https"}
    with (
        httpx2.Client(transport=transport, timeout=60, headers=headers) as client,
        client.stream("GET", f"http://{HOST}/api/ai/jobs/{job.pk}/stream") as response,
    ):
        yield response


def events(response: httpx2.Response) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of each, until the server ends the stream."""
    found = []
    for event in response.read().decode().split("\n\n"):
        if event and not event.startswith(":"):
            name, data = (line.partition(": ")[2] for line in event.split("\n"))
            found.append((name, json.loads(data)))
    return found


@pytest.mark.parametrize(
    ("kind", "more", "least"),
    [("summarize", {}, 3), ("classify", {"categories": CATEGORIES}, 1)],
)
def test_the_deltas_come_as_they_are_and_then_the_job(
    live: Live, kind: str, more: dict[str, Any], least: int
) -> None:
    tenant = make_tenant()
    job = urgent(tenant, kind, **more)
    with streaming(live, job, make_key(tenant)) as response, at_work():
        assert response.headers["Content-Type"] == "text/event-stream"
        *texts, (last, done) = events(response)
    assert last == "done"
    assert done["status"] == "completed"
    assert {name for name, _ in texts} == {"text"}
    assert len(texts) >= least
    text = "".join(piece["text"] for _, piece in texts)
    assert texts[0][1]["start"] == 0
    begun = done["result"]["summary"][:40] if kind == "summarize" else '{"category":'
    assert text.startswith(begun)


def test_a_job_that_has_ended_is_done_at_once(live: Live) -> None:
    tenant = make_tenant()
    job = urgent(tenant)
    job.mark_canceled(job.created_at)
    key = make_key(tenant)
    with streaming(live, job, key) as response:
        [(name, done)] = events(response)
    assert (name, done["status"]) == ("done", "canceled")
    # That needs no stream: gunicorn answers as well.
    answer = Client(headers={"Host": HOST}).get(
        f"/api/ai/jobs/{job.pk}/stream", headers=with_key(key)
    )
    assert b"".join(answer.streaming_content).startswith(b"event: done\n")  # type: ignore[attr-defined]


def test_a_server_that_sends_whole_answers_only_says_so() -> None:
    tenant = make_tenant()
    job = urgent(tenant)
    answer = Client(headers={"Host": HOST}).get(
        f"/api/ai/jobs/{job.pk}/stream", headers=with_key(make_key(tenant))
    )
    assert answer.status_code == 501
    assert answer.json()["type"] == "/problems/not-streamed-here"


def connections_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        count: int = cursor.fetchone()[0]
    return count


def test_streams_that_wait_keep_no_connection_to_the_database(live: Live) -> None:
    tenant = make_tenant()
    job, key = urgent(tenant), make_key(tenant)
    before = connections_open()
    with ExitStack() as stack:
        for _ in range(6):
            assert stack.enter_context(streaming(live, job, key)).status_code == 200
        deadline = time.monotonic() + 30
        while connections_open() > before:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_another_tenants_job_is_not_there(live: Live) -> None:
    job = urgent(make_tenant())
    with streaming(live, job, make_key(make_tenant())) as response:
        assert response.status_code == 404
    with streaming(live, job, "12345678.no-such-key") as response:
        assert response.status_code == 401


def test_a_revoked_key_streams_nothing(live: Live) -> None:
    tenant = make_tenant()
    job = urgent(tenant)
    key = make_key(tenant)
    APIKey.objects.update(revoked=True)
    with streaming(live, job, key) as response:
        assert response.status_code == 401


async def test_a_stream_ends_with_the_access(consumers: None) -> None:
    tenant = await sync_to_async(make_tenant)()
    job = await sync_to_async(urgent)(tenant)
    async with (
        asyncio.timeout(30),
        aclosing(streams._events(tenant, job.pk, lambda: False, recheck_seconds=0.05)) as chunks,
    ):
        assert [chunk async for chunk in chunks] == [b": connected\n\n"]
