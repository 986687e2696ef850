"""What it costs to reserve what jobs may cost, and to hold it against a limit."""

from collections.abc import Iterator
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from aijobs import jobtypes
from aijobs.pipeline import accept
from aijobs.quotes.terms import Terms
from citizenapp.tenants.models import Tenant
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.material import documents
from tests.benchmarks.report import Row, measurement
from tests.factories import make_tenant

SINGLE_JOBS = 1_000
PLENTY = Decimal(1_000_000)
TRIGGERS = ("reserve_jobs_added", "reserve_jobs_moved", "reserve_jobs_removed")


@measurement("reservation", aim="≥90 % of the rate without")
def reserving(bench: Bench) -> Iterator[Row]:
    """The same jobs with a limit to be held against, and with nothing reserved at all."""
    limited, free = make_tenant(limit_usd=PLENTY), make_tenant()
    for title, count, queue in (
        ("reserve: a collection", bench.n, queue_collection),
        ("reserve: one job at a time", min(SINGLE_JOBS, bench.n), queue_single_jobs),
    ):

        def run(tenant: Tenant, queue: object = queue, count: int = count) -> None:
            queue(bench, tenant, count)  # type: ignore[operator]

        runs = bench.side_by_side(
            ours=Way(lambda: run(limited), before=lambda: _switch("ENABLE")),
            without=Way(lambda: run(free), before=lambda: _switch("DISABLE")),
        )
        ours, without = (runs[name].per_second(count) for name in ("ours", "without"))
        yield Row(
            title,
            f"{ours:,.0f} jobs/s",
            floor=f"without {without:,.0f}",
            ratio=f"{ours / without:.0%}",
            holds=ours >= 0.9 * without,
        )
    _switch("ENABLE")
    asking = make_tenant(repeat_days=30)
    run_of_quote = bench.side_by_side(ours=Way(lambda: _quote(bench, asking)))["ours"]
    yield Row(
        f"quote of {bench.n:,} rows",
        f"{run_of_quote.seconds:.1f} s, {run_of_quote.per_second(bench.n):,.0f} rows/s",
        peak_bytes=run_of_quote.peak_bytes,
        holds=run_of_quote.peak_bytes <= 120e6,
    )


def _switch(how: str) -> None:
    with connection.cursor() as cursor:
        for trigger in TRIGGERS:
            cursor.execute(f"ALTER TABLE aijobs_aijob {how} TRIGGER {trigger}")
        cursor.execute("CHECKPOINT")


def _rows(bench: Bench, count: int) -> Iterator[tuple[int, dict[str, object]]]:
    # To make a text for each would take longer than to store it.
    [text] = documents(bench.random, 1)
    return ((number, {"document_text": f"{number} {text}"}) for number in range(1, count + 1))


def queue_collection(bench: Bench, tenant: Tenant, count: int) -> None:
    accept.accept_collection(
        tenant, "bench", "summarize", _rows(bench, count), now=timezone.now(), created_by="bench"
    )


def queue_single_jobs(bench: Bench, tenant: Tenant, count: int) -> None:
    for _, fields in _rows(bench, count):
        accept.accept_job(tenant, "summarize", fields, now=timezone.now(), created_by="bench")


def _refuse(row: int, errors: object) -> None:
    raise AssertionError(f"Row {row}: {errors}")


def _quote(bench: Bench, tenant: Tenant) -> None:
    terms = Terms(tenant, jobtypes.get("summarize"), timezone.now())
    good = accept.examine(terms, _rows(bench, bench.n), defaults={}, refused=_refuse)
    bill = accept.bill_of(terms, (one.asked for one in good), is_collection=True)
    assert bill.batch.likely > 0
