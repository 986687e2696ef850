"""procrastinate: jobs in bulk, and one worker that runs many at once."""

import asyncio
import logging
import time

import procrastinate
from procrastinate.types import JSONDict

from tests.benchmarks.queues._run import main

BULK, AT_ONCE = 1_000, 20


async def run(conninfo: str, documents: list[str]) -> tuple[float, float]:
    # It would rather be a module of its own.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo))

    @app.task(name="nothing")
    async def nothing(document: str) -> None:
        pass

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for start in range(0, len(documents), BULK):
            some: list[JSONDict] = [
                {"document": document} for document in documents[start : start + BULK]
            ]
            await nothing.batch_defer_async(*some)
        queued = time.perf_counter()
        await app.run_worker_async(wait=False, concurrency=AT_ONCE, install_signal_handlers=False)
        return queued - began, time.perf_counter() - queued


if __name__ == "__main__":
    main(lambda conninfo, documents: asyncio.run(run(conninfo, documents)))
