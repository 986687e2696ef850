"""A thousand endpoints of which ten hang: how much later are the others told?"""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import quantiles
from uuid import UUID

from django.db import connection, connections
from django.utils import timezone

from aijobs.models import AIJob
from aijobs.webhooks import deliver
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.report import Row, measurement
from tests.factories import make_job, make_tenant, make_webhook

ENDPOINTS, HANGING = 1_000, 10
EVENTS_A_SECOND = 100
# As the cluster looks. While something is under way, deliver looks more often.
LOOK_SECONDS = 1.0
LONGEST_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Delays:
    """From the end of a job until its receiver had the whole body; in seconds."""

    p50: float
    p99: float
    told: int


@measurement("webhooks", aim="≤1.5 times as without")
def webhooks(bench: Bench) -> Iterator[Row]:
    """Each endpoint is told of one job, while jobs go on ending."""
    endpoints = min(ENDPOINTS, max(50, bench.n // 10))
    hanging = endpoints * HANGING // ENDPOINTS or 1
    log = bench.var / "webhooks.log"
    with receiver(log) as url:
        alone = bench.once(_way(url, log, endpoints, 0)).value
        bench.empty()
        beside = bench.once(_way(url, log, endpoints, hanging)).value
    ratio = beside.p99 / alone.p99
    yield Row(
        f"webhooks: job ended → told, {endpoints:,} endpoints of which {hanging} hang,"
        f" {EVENTS_A_SECOND} events/s",
        ours=_told(beside),
        floor=f"none hangs: {_told(alone)}",
        ratio=f"p50 {beside.p50 / alone.p50:.2f}, p99 {ratio:.2f}",
        holds=ratio <= 1.5 and beside.told == endpoints - hanging,
    )


def _told(delays: Delays) -> str:
    return f"p50 {1e3 * delays.p50:.0f} ms, p99 {1e3 * delays.p99:.0f} ms"


def _way(url: str, log: Path, endpoints: int, hanging: int) -> Way:
    return Way(
        partial(deliver_all, log, endpoints - hanging),
        before=partial(prepare, url, endpoints, hanging),
    )


def prepare(url: str, endpoints: int, hanging: int) -> None:
    """A tenant, an endpoint and a waiting job for each; those that hang lie in between."""
    step = endpoints // hanging if hanging else endpoints + 1
    for number in range(endpoints):
        tenant = make_tenant()
        manner = "hangs" if number % step == step - 1 else "takes"
        make_webhook(tenant, f"{url}/{manner}", next_at=timezone.now())
        make_job(tenant)


def deliver_all(log: Path, expected: int) -> Delays:
    """Deliver until all but those that hang were told, while another process ends the jobs."""
    log.write_text("")
    jobs = list(AIJob.objects.filter(status="queued").values_list("pk", flat=True))
    connections.close_all()
    writer = os.fork()
    if not writer:
        _end(jobs)
    deadline = time.monotonic() + LONGEST_SECONDS
    while _lines(log) < expected and time.monotonic() < deadline:
        deliver.run(timezone.now(), timezone.now, lambda: _lines(log) >= expected)
        time.sleep(LOOK_SECONDS)
    os.waitpid(writer, 0)
    delays = [float(line) for line in log.read_text().splitlines()]
    cuts = quantiles(delays, n=100)
    return Delays(cuts[49], cuts[98], len(delays))


def _end(jobs: Sequence[UUID]) -> None:
    try:
        began = time.monotonic()
        for number, job in enumerate(jobs):
            time.sleep(max(0.0, began + number / EVENTS_A_SECOND - time.monotonic()))
            AIJob.objects.filter(pk=job).update(status="completed", finished_at=timezone.now())
        connection.close()
    finally:
        os._exit(0)


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n")


@contextmanager
def receiver(log: Path) -> Iterator[str]:
    """Writes a line for each body that it takes: how long ago that happened of which it tells."""
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listening:
        child = os.fork()
        if not child:
            asyncio.run(_serve(listening, log))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


async def _serve(listening: socket.socket, log: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            body = await reader.readexactly(length)
            if "/hangs" in head:
                await asyncio.sleep(3_600)
            happened = body.partition(b'"timestamp":"')[2].partition(b'"')[0].decode()
            with log.open("a") as file:
                file.write(f"{time.time() - datetime.fromisoformat(happened).timestamp()}\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, sock=listening) as server:
        await server.serve_forever()
