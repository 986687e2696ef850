"""pgqueuer: jobs in bulk, and one worker that takes many at once."""

import asyncio
import time

import psycopg
from pgqueuer import PgQueuer, Queries
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.types import QueueExecutionMode

from tests.benchmarks.queues._run import main

BULK, AT_ONCE = 1_000, 100


async def run(conninfo: str, documents: list[str]) -> tuple[float, float]:
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    driver = PsycopgDriver(connection)
    queries, worker = Queries(driver), PgQueuer(driver)
    await queries.install()

    done: list[float] = []

    @worker.entrypoint("nothing")
    async def nothing(_: Job) -> None:
        done.append(time.perf_counter())

    began = time.perf_counter()
    for start in range(0, len(documents), BULK):
        some = [document.encode() for document in documents[start : start + BULK]]
        await queries.enqueue(["nothing"] * len(some), list(some), [0] * len(some))
    queued = time.perf_counter()
    await worker.run(mode=QueueExecutionMode.drain, batch_size=AT_ONCE)
    assert len(done) == len(documents)
    return queued - began, done[-1] - queued  # It takes some more seconds to end.


if __name__ == "__main__":
    main(lambda conninfo, documents: asyncio.run(run(conninfo, documents)))
