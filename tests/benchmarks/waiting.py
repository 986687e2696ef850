"""A thousand who wait for an answer on one daphne: memory, statements, and how soon they get it."""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from django.db import connection

from aijobs.models import AIJob, Collection, new_id
from citizenapp.tenants.models import APIKey, Tenant
from tests.benchmarks.bench import Bench
from tests.benchmarks.live import HOST, _cpu_seconds, serving
from tests.benchmarks.report import Row, measurement
from tests.factories import NOW, make_job, make_tenant

WAITERS = 1_000
AT_ONCE = 20  # plain requests: each takes a connection to the database
TENANTS = 20
QUIET_SECONDS = 5.0


@measurement("waiting", aim="≤100 MB over idle, no statement a waiter")
def waiting(bench: Bench) -> Iterator[Row]:
    """`GET …?wait=60` by so many clients, each with a connection of its own."""
    count = min(WAITERS, max(10, bench.n // 10))
    with serving(bench) as (address, processes):
        yield from asyncio.run(_measured(bench, address, processes, count))


async def _measured(
    bench: Bench, address: str, processes: Sequence[int], count: int
) -> Iterator[Row]:
    tenants, keys, crowd, jobs = await asyncio.to_thread(_made, count)
    daphne = processes[0]
    # What a process has once it has answered is no wait.
    warm = [f"jobs/{job}" for job in jobs]
    for start in range(0, count, AT_ONCE):
        await asyncio.gather(
            *(
                _ask(address, path, key)
                for path, key in zip(warm[start : start + AT_ONCE], keys[start:], strict=False)
            )
        )
    before = _resident(daphne)

    paths = [f"jobs/{job}?wait=60" for job in jobs]
    held = await _asking(address, paths, keys)
    cpu, statements = _cpu_seconds(processes), await asyncio.to_thread(_transactions)
    await asyncio.sleep(QUIET_SECONDS if bench.n >= 1_000 else 0.1)
    # Counting them takes some itself.
    quiet = await asyncio.to_thread(_transactions) - statements
    idle_cpu = _cpu_seconds(processes) - cpu
    memory = _resident(daphne) - before
    began = await asyncio.to_thread(_cancel, tenants)
    ended = await asyncio.gather(*held)
    answered = [at - began for at in ended if at >= began]
    cuts = quantiles(answered, n=100)
    each = Row(
        f"{count:,} wait, each for a job of its own; all jobs end at once",
        ours=f"first {min(answered):.2f} s, p50 {cuts[49]:.2f} s, last {max(answered):.2f} s"
        " after the commit",
        peak_bytes=memory,
        ratio=f"{quiet} statements and {idle_cpu:.2f} s CPU in {QUIET_SECONDS:.0f} s of waiting",
        holds=memory <= 100e6 and quiet < 20,
        why=""
        if len(answered) == count
        else f"{count - len(answered)} had waited for a minute"
        " before all had asked: the machine had other work.",
    )

    path = f"collections/{crowd.pk}?wait=60"
    held = await _asking(address, [path] * count, keys[:1] * count)
    cpu, statements = _cpu_seconds(processes), await asyncio.to_thread(_transactions)
    began = await asyncio.to_thread(_cancel_one, crowd)
    answered = [at - began for at in await asyncio.gather(*held)]
    cpu = _cpu_seconds(processes) - cpu
    taken = await asyncio.to_thread(_transactions) - statements
    together = Row(
        f"{count:,} wait for one collection, with one key; a job of it ends",
        ours=f"p50 {median(answered):.2f} s, last {max(answered):.2f} s after the commit",
        ratio=f"{taken} statements, {cpu:.2f} s CPU",
        aim="≤60 statements",
        holds=taken <= 60,
    )
    return iter([each, together])


def _made(count: int) -> tuple[list[Tenant], list[str], Collection, list[UUID]]:
    """Tenants, a key and a job for each who waits, and a collection of the first tenant."""
    tenants = [make_tenant() for _ in range(min(TENANTS, count))]
    made = [APIKey.objects.create_key(name="w", tenant=one, role="viewer")[1] for one in tenants]
    owners = [number % len(tenants) for number in range(count)]
    jobs = [make_job(tenants[owner]).pk for owner in owners]
    crowd = Collection.objects.create(
        id=new_id(NOW),
        tenant=tenants[0],
        name="crowd",
        job_type="summarize",
        total=3,
        created_by="bench",
        created_at=NOW,
    )
    for _ in range(3):
        make_job(tenants[0], collection=crowd)
    connection.close()
    return tenants, [made[owner] for owner in owners], crowd, jobs


def _cancel(tenants: Sequence[Tenant]) -> float:
    jobs = AIJob.objects.filter(tenant__in=tenants, collection=None)
    jobs.update(status="canceled", finished_at=NOW)
    committed = time.perf_counter()
    connection.close()
    return committed


def _cancel_one(crowd: Collection) -> float:
    job = AIJob.objects.filter(collection=crowd, status="queued").earliest("pk")
    assert job.mark_canceled(NOW)
    committed = time.perf_counter()
    connection.close()
    return committed


def _transactions() -> int:
    """So many have ended in this database: whoever reads commits each statement."""
    time.sleep(1.5)  # PostgreSQL counts them with a delay.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        count: int = cursor.fetchone()[0]
    connection.close()
    return count


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise LookupError(pid)


async def _asking(
    address: str, paths: Sequence[str], keys: Sequence[str]
) -> "list[asyncio.Task[float]]":
    """Tasks that return when their answer came. All ask at once, and are held by now."""
    tasks = [
        asyncio.create_task(_ask(address, path, key)) for path, key in zip(paths, keys, strict=True)
    ]
    statements, quiet = -1, 0
    # Each takes some statements before it is held; then there are no more.
    while quiet < 2:
        found = await asyncio.to_thread(_transactions)
        quiet = quiet + 1 if found <= statements + 10 else 0
        statements = found
    return tasks


def _open(address: str) -> socket.socket:
    """A connection; daphne lets 50 wait for one, and who has to wait longer waits here."""
    opened = socket.socket(socket.AF_UNIX)
    opened.connect(address)
    opened.setblocking(False)
    return opened


async def _ask(address: str, path: str, key: str) -> float:
    reader, writer = await asyncio.open_unix_connection(
        sock=await asyncio.to_thread(_open, address)
    )
    head = (
        f"GET /api/ai/{path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
        "X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode())
    status = await reader.readline()
    answered = time.perf_counter()
    await reader.read()
    writer.close()
    if b" 200 " not in status:
        raise RuntimeError(status.decode(errors="replace"))
    return answered
