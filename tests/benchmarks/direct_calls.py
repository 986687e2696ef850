"""Direct calls side by side in one worker: a thread for each, beside an event loop for all."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from anthropic import AsyncAnthropic, AsyncStream
from django.conf import settings

from aijobs import gateway
from aijobs.gateway.streams import Assembly
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.report import Row, measurement

SECONDS = 2.0
LONGEST, MOST_BYTES = 3.0, 30e6
PARAMS: dict[str, Any] = {
    "model": "claude-haiku-5-5",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "<document>Hail is covered.</document>" * 9}],
}


@measurement("direct calls", aim="≤3 s, ≤30 MB")
def direct_calls(bench: Bench) -> Iterator[Row]:
    """Streamed answers that take two seconds each, all at once, from one process."""
    # A trial whether it still works need not take as long.
    seconds = SECONDS if bench.n >= 1_000 else 0.1
    bench.emulator.control("POST", "settings", {"latency_message": seconds})
    settings.ANTHROPIC_BASE_URL = bench.emulator.url
    try:
        for calls in (50, 200) if bench.n >= 1_000 else (5,):
            runs = bench.side_by_side(
                threads=Way(partial(threads, calls), before=partial(threads, 1)),
                loop=Way(partial(loop, calls), before=partial(loop, 1)),
            )
            ours, other = runs["threads"], runs["loop"]
            yield Row(
                f"direct calls: {calls} at once, 2 s each",
                ours=f"{ours.seconds:.2f} s, {ours.cpu_seconds:.2f} s of it CPU",
                floor=f"asyncio: {other.seconds:.2f} s, {other.cpu_seconds:.2f} s of it CPU,"
                f" {other.peak_bytes / 1e6:.0f} MB",
                ratio=f"{other.seconds / ours.seconds:.0%}",
                peak_bytes=ours.peak_bytes,
                holds=ours.seconds < LONGEST and ours.peak_bytes < MOST_BYTES,
            )
    finally:
        bench.emulator.control("POST", "settings", {"latency_message": 0})


def threads(calls: int) -> None:
    """As expedite makes them."""
    with ThreadPoolExecutor(calls) as pool:
        made = list(pool.map(lambda _: gateway.create_message(PARAMS), range(calls)))
    assert len(made) == calls


def loop(calls: int) -> None:
    """The same with the SDK's asynchronous client."""

    async def call(client: AsyncAnthropic) -> dict[str, Any]:
        assembly = Assembly()
        answer = await client.messages.with_raw_response.create(**PARAMS, stream=True)
        async for event in AsyncStream.raw_events(answer.http_response):
            assembly.take(event.event, event.data)
            if assembly.is_whole:
                break
        await answer.http_response.aclose()
        return assembly.whole()

    async def all_of_them() -> int:
        client = AsyncAnthropic(
            api_key="bench", base_url=settings.ANTHROPIC_BASE_URL, max_retries=0, timeout=60
        )
        async with client:
            return len(await asyncio.gather(*(call(client) for _ in range(calls))))

    assert asyncio.run(all_of_them()) == calls
