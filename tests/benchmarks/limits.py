"""What it costs to hold calls against the rate limits, and jobs against how many may wait."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.test import Client

from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.report import Row, measurement
from tests.benchmarks.reservations import SINGLE_JOBS, queue_collection, queue_single_jobs
from tests.factories import make_key, make_tenant

CALLS = 1_000
PLENTY = 1_000_000


@measurement("queue quota", aim="≥90 % of the rate without")
def keeping_room(bench: Bench) -> Iterator[Row]:
    """The same jobs with a number that they are held against, and with none."""
    tenant = make_tenant()
    for title, count, queue in (
        ("quota: a collection", bench.n, queue_collection),
        ("quota: one job at a time", min(SINGLE_JOBS, bench.n), queue_single_jobs),
    ):

        def way(most: int, queue: Any = queue, count: int = count) -> Way:
            def before() -> None:
                settings.AIJOBS_MOST_WAITING = most

            return Way(lambda: queue(bench, tenant, count), before=before)

        runs = bench.side_by_side(ours=way(100 * PLENTY), without=way(0))
        ours, without = (runs[name].per_second(count) for name in ("ours", "without"))
        yield Row(
            title,
            f"{ours:,.0f} jobs/s",
            floor=f"without {without:,.0f}",
            ratio=f"{ours / without:.0%}",
            holds=ours >= 0.9 * without,
        )


@measurement("rate limit", aim="<1 ms a call")
def counting(bench: Bench) -> Iterator[Row]:
    """The same calls, each asking Valkey for a token of two buckets, and none."""
    key = make_key(make_tenant())
    calls = min(CALLS, bench.n)

    def way(rate: int) -> Way:
        def before() -> None:
            settings.ALLOWED_HOSTS = ["testserver"]
            settings.REDIS_URL = bench.redis_url
            settings.AIJOBS_API_RATE, settings.AIJOBS_API_BURST = rate, PLENTY
            _call(key, 20)

        return Way(lambda: _call(key, calls), before=before)

    runs = bench.side_by_side(ours=way(PLENTY), without=way(0))
    ours, without = (runs[name].seconds / calls * 1_000 for name in ("ours", "without"))
    yield Row(
        "a list of jobs, counted against two limits",
        f"{ours:.2f} ms",
        floor=f"without {without:.2f} ms",
        ratio=f"{ours / without:.0%}, {ours - without:+.2f} ms",
        holds=ours - without < 1,
    )


def _call(key: str, calls: int) -> None:
    client = Client(headers={"authorization": f"Bearer {key}"})
    for _ in range(calls):
        response = client.get("/api/ai/jobs")
        assert response.status_code == 200, response.content
