"""From a commit to a thousand open pages: how soon, and at what cost."""

import asyncio
import os
import resource
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import quote

import orjson
import psycopg
from django.db import connection
from websockets.asyncio.client import ClientConnection, unix_connect

from aijobs.live.relay import connection_parameters
from aijobs.models import AIJob
from citizenapp.tenants.models import APIKey, Tenant
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Row, measurement
from tests.factories import make_job, make_tenant
from tests.ground import CHECKOUT

HOST = "app.example"
SOCKETS = 1_000
TENANTS = 100
CHANGES_A_SECOND = 50
AT_ONCE = 50  # handshakes
BURST = 20
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Heard:
    """When each change was committed, and when each socket heard of it."""

    committed: dict[str, float] = field(default_factory=dict)
    received: list[tuple[str, float]] = field(default_factory=list)

    def seconds(self) -> list[float]:
        return [max(0.0, at - self.committed[job]) for job, at in self.received]


@measurement("live", aim="p50 ≤5 ms, p99 ≤50 ms")
def live(bench: Bench) -> Iterator[Row]:
    """Sockets on one daphne, behind one relay."""
    sockets = min(SOCKETS, max(10, bench.n // 10))
    spread = [make_tenant() for _ in range(min(TENANTS, sockets))]
    changes = min(500, max(10, bench.n // 20))
    jobs = [make_job(spread[number % len(spread)]) for number in range(changes)]
    alone = make_tenant()
    burst = [make_job(alone) for _ in range(BURST)]
    with serving(bench) as (address, processes):
        heard, _ = asyncio.run(
            follow(address, spread, sockets, jobs, 1 / CHANGES_A_SECOND, processes)
        )
        pause = 0.5 if bench.n >= 1_000 else 0.02
        crowd, cpu = asyncio.run(follow(address, [alone], sockets, burst, pause, processes))
    seconds = heard.seconds()
    expected = len(jobs) * (sockets // len(spread))
    cuts = quantiles(seconds, n=100)
    yield Row(
        f"commit → browser, {sockets:,} sockets, {len(spread)} tenants,"
        f" {CHANGES_A_SECOND} changes/s",
        ours=f"p50 {1e3 * cuts[49]:.1f} ms, p99 {1e3 * cuts[98]:.1f} ms",
        ratio=f"{len(seconds):,} of {expected:,} heard",
        holds=cuts[49] <= 0.005 and cuts[98] <= 0.05 and len(seconds) == expected,
    )
    deliveries = len(crowd.received)
    yield Row(
        f"the same, all sockets in one tenant, {BURST} changes",
        ours=f"{cpu:.2f} s CPU for {deliveries:,} deliveries",
        ratio=f"{1e6 * cpu / max(1, deliveries):.0f} µs each",
        aim="≤2.5 s for 20,000",
        holds=cpu / max(1, deliveries) <= 2.5 / 20_000 and deliveries == BURST * sockets,
    )


async def follow(
    address: str,
    tenants: Sequence[Tenant],
    sockets: int,
    jobs: Sequence[AIJob],
    pause: float,
    processes: Sequence[int],
) -> tuple[Heard, float]:
    """What the sockets of the tenants hear of the jobs, and the processor time it takes."""
    keys = await asyncio.to_thread(_keys, tenants)
    heard, gate = Heard(), asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        opened = [
            group.create_task(_open(address, keys[number % len(keys)], gate))
            for number in range(sockets)
        ]
    readers = [asyncio.create_task(_read(task.result(), heard)) for task in opened]
    await asyncio.sleep(1)  # Each is told once to look at its rows.
    parameters = connection_parameters(connection.get_connection_params())
    async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as writer:
        before = _cpu_seconds(processes)
        for job in jobs:
            await writer.execute(
                "UPDATE aijobs_aijob SET status = 'canceled', finished_at = now() WHERE id = %s",
                [job.pk],
            )
            heard.committed[str(job.pk)] = time.perf_counter()
            await asyncio.sleep(pause)
        await asyncio.sleep(2)
        cpu = _cpu_seconds(processes) - before
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    await asyncio.gather(*(task.result().close() for task in opened))
    return heard, cpu


def _keys(tenants: Sequence[Tenant]) -> list[str]:
    made = [APIKey.objects.create_key(name="live", tenant=one, role="viewer")[1] for one in tenants]
    connection.close()
    return made


async def _open(address: str, key: str, gate: asyncio.Semaphore) -> ClientConnection:
    async with gate:
        return await unix_connect(
            address,
            uri=f"ws://{HOST}/ws/jobs/",
            additional_headers={"Authorization": f"Bearer {key}"},
            compression=None,
            open_timeout=60,
        )


async def _read(socket: ClientConnection, heard: Heard) -> None:
    async for text in socket:
        at = time.perf_counter()
        message: dict[str, Any] = orjson.loads(text)
        heard.received += [(change["job_id"], at) for change in message.get("changes", ())]


@contextmanager
def serving(bench: Bench) -> Iterator[tuple[str, list[int]]]:
    """The address of daphne's socket, and the processes: daphne and relay."""
    # A thousand clients here, and a thousand connections there.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    database = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{database['USER']}@{quote(database['HOST'], safe='')}"
        f":{database['PORT']}/{database['NAME']}",
        "REDIS_URL": bench.redis_url,
        "SECRET_KEY": secrets.token_hex(),
        "ALLOWED_HOSTS": HOST,
        "PYTHONWARNINGS": "ignore",
    }
    address = str(bench.var / "daphne.sock")
    programs = {
        "daphne": ("-m", "daphne", "-u", address, "citizenapp.asgi:application"),
        "relay": ("manage.py", "relay"),
    }
    with ExitStack() as stack:
        pids = []
        for name, arguments in programs.items():
            log = stack.enter_context((bench.var / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=CHECKOUT,
                env=environment,
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            pids.append(process.pid)
        _await(Path(address), bench.var / "relay.log")
        yield address, pids


def _await(socket: Path, log: Path) -> None:
    deadline = time.monotonic() + 30
    while not socket.exists() or "Listening to PostgreSQL" not in log.read_text():
        if time.monotonic() > deadline:
            raise RuntimeError(f"daphne or relay did not start: {log.read_text()}")
        time.sleep(0.05)


def _cpu_seconds(processes: Sequence[int]) -> float:
    """Processor time of the processes so far."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split() for pid in processes]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS
