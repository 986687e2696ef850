"""Many who queue one job each: what it costs them that the pages are told."""

import multiprocessing
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from django.db import connection, connections
from django.utils import timezone

from aijobs.pipeline import accept
from citizenapp.tenants.models import Tenant
from tests.benchmarks.bench import Bench
from tests.benchmarks.material import documents
from tests.benchmarks.report import Row, measurement
from tests.factories import make_tenant

WRITERS = 16
ROUNDS = 9


@measurement("single inserts", aim="NOTIFY costs ≤5 %")
def writing(bench: Bench) -> Iterator[Row]:
    """16 connections that insert job after job of one tenant, each in a transaction of its own."""
    tenant = make_tenant()
    texts = list(documents(bench.random, 50))
    rounds, seconds = (ROUNDS, 2.0) if bench.n >= 1_000 else (1, 0.1)
    rates: dict[str, list[float]] = {"ENABLE": [], "DISABLE": []}
    for number in range(rounds):
        for state in sorted(rates, reverse=bool(number % 2)):
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE aijobs_aijob {state} TRIGGER notify_jobs_added")
                cursor.execute("CHECKPOINT")
            rates[state].append(write(tenant, texts, seconds))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE aijobs_aijob ENABLE TRIGGER notify_jobs_added")
    telling, silent = (median(found) for found in rates.values())
    # Of each round: from one to the next, the disk may be twice as quick.
    kept = median(a / b for a, b in zip(*rates.values(), strict=True))
    yield Row(
        f"{WRITERS} writers, single inserts",
        f"{telling:,.0f} jobs/s",
        floor=f"without NOTIFY {silent:,.0f}",
        ratio=f"{1 - kept:+.1%} lost",
        holds=kept >= 0.95,
        why="Whether a tenant was told lately is asked for each job, some 16 µs of PostgreSQL's"
        " time; how long the others wait for one that tells hangs on the disk. From run to run the"
        " figure moved between -6 and +11 %.",
    )


def write(tenant: Tenant, texts: list[str], seconds: float) -> float:
    """Jobs a second, of all writers together."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(WRITERS)
    counts: Any = context.Array("i", WRITERS)

    def work(place: int) -> None:
        connection.ensure_connection()
        barrier.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            raw = {"document_text": texts[counts[place] % len(texts)]}
            accept.accept_job(tenant, "summarize", raw, now=timezone.now(), created_by="ann")
            counts[place] += 1

    writers = [context.Process(target=work, args=[place]) for place in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    total: int = sum(counts)
    return total / seconds
