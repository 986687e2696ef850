"""Many who queue one job each: what it costs them that the pages are told."""

import multiprocessing
import time
from collections.abc import Iterator
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


@measurement("single inserts", aim="NOTIFY costs ≤5 %")
def writing(bench: Bench) -> Iterator[Row]:
    """16 connections that insert job after job of one tenant, each in a transaction of its own."""
    tenant = make_tenant()
    texts = list(documents(bench.random, 50))
    seconds = min(4.0, bench.n / 2_500)
    rates: dict[str, list[float]] = {"telling": [], "silent": []}
    for _ in range(3):
        for way, found in rates.items():
            with connection.cursor() as cursor:
                state = "ENABLE" if way == "telling" else "DISABLE"
                cursor.execute(f"ALTER TABLE aijobs_aijob {state} TRIGGER jobs_added")
                cursor.execute("CHECKPOINT")
            found.append(write(tenant, texts, seconds))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE aijobs_aijob ENABLE TRIGGER jobs_added")
    telling, silent = (sorted(found)[1] for found in rates.values())
    yield Row(
        f"{WRITERS} writers, single inserts",
        f"{telling:,.0f} jobs/s",
        floor=f"without NOTIFY {silent:,.0f}",
        ratio=f"{1 - telling / silent:+.1%} lost",
        holds=telling >= 0.95 * silent,
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
            accept.job(tenant, "summarize", raw, now=timezone.now(), created_by="ann")
            counts[place] += 1

    writers = [context.Process(target=work, args=[place]) for place in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    total: int = sum(counts)
    return total / seconds
