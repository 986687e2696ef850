"""What must not slow the mass statements down: stale statistics, and one huge tenant."""

import time
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from aijobs import jobtypes
from aijobs.models import Batch
from aijobs.pipeline import assemble
from citizenapp.tenants.models import Tenant
from tests.benchmarks import material
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.report import Row, measurement

OTHERS = 200


@measurement("stale statistics", aim="within 1.5× of fresh ones")
def stale_statistics(bench: Bench) -> Iterator[Row]:
    """A claim of everything, when PostgreSQL thinks that nothing waits."""
    bench.apart(lambda: material.queue(bench))
    runs = bench.side_by_side(
        fresh=Way(_claim_all, before=material.queue_anew), stale=Way(_claim_all, before=_forget)
    )
    ratio = runs["stale"].seconds / runs["fresh"].seconds
    yield Row(
        "claim under stale statistics",
        f"{runs['stale'].per_second(bench.n):,.0f} jobs/s",
        floor=f"fresh {runs['fresh'].per_second(bench.n):,.0f}",
        ratio=f"{ratio:.2f}× the time",
        holds=ratio <= 1.5,
    )


# As `assemble.CLAIM` chooses: of jobs without a deadline, the oldest.
CHOSEN = assemble.CHOSEN.format(which="needed_by IS NULL", order="not_before")


def _claim_all() -> None:
    while assemble.assemble_one(timezone.now()):
        pass


def _forget() -> None:
    """Take the statistics while all is completed, then queue everything anew."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE aijobs_aijob SET status = 'completed', batch_id = NULL, finished_at = now()"
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (FULL, ANALYZE) aijobs_aijob")
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE aijobs_aijob SET status = 'queued', attempts = 0, started_at = NULL,"
            " finished_at = NULL"
        )
        cursor.execute("DELETE FROM aijobs_submission")
        cursor.execute("DELETE FROM aijobs_batch")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (FULL) aijobs_aijob")
        cursor.execute("CHECKPOINT")


@measurement("fairness", aim="every tenant, ≤300 ms for the choice")
def fairness(bench: Bench) -> Iterator[Row]:
    """One tenant has 50 jobs for each document of the benchmark, 200 others have ten each."""
    jobs = 50 * min(bench.n, 10_000)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(TENANTS, {"others": OTHERS})
        cursor.execute(JOBS, {"jobs": jobs, "others": OTHERS})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) aijobs_aijob")
    times, served = [], 0
    for _ in range(3):
        seconds, served = _choose()
        times.append(seconds)
    took = sorted(times)[1]
    yield Row(
        f"fair choice, one tenant with {jobs:,}",
        f"{took * 1e3:.0f} ms",
        ratio=f"{served} of {OTHERS + 1} tenants",
        holds=took <= 0.3 and served == OTHERS + 1,
    )


def _choose() -> tuple[float, int]:
    """Fill a batch and let it go again: seconds to choose its jobs, and how many tenants are in it.

    Only the choice is timed; between two rounds of it, what was chosen is claimed.
    """
    took, tenants, room = 0.0, set[int](), 100_000
    with transaction.atomic(), connection.cursor() as cursor:
        batch = Batch.objects.create(
            tenant_ids=[], requests=0, request_bytes=0, assembled_at=timezone.now()
        )
        while room:
            arguments: dict[str, Any] = {
                "now": timezone.now(),
                "job_types": list(jobtypes.names()),
                "apart": True,
                "never": [],
                "free_requests": room,
                "free_bytes": 250_000_000,
                "held": [],
                "weighted": [],
                "weights": [],
            }
            began = time.perf_counter()
            cursor.execute(f"{CHOSEN} SELECT count(*) FROM chosen", arguments)
            took += time.perf_counter() - began
            cursor.execute(assemble.CLAIM, arguments | {"batch": batch.pk})
            claimed, _, of_tenants, *_ = cursor.fetchone()
            if not claimed:
                break
            tenants.update(of_tenants)
            room -= claimed
        transaction.set_rollback(True)
    return took, len(tenants)


TENANTS = f"""
INSERT INTO {Tenant._meta.db_table} (name, slug, is_active, is_demo, created_at)
SELECT 'Tenant ' || number, 'tenant-' || number, TRUE, FALSE, now()
FROM generate_series(0, %(others)s) AS number
"""
JOBS = """
INSERT INTO aijobs_aijob (
    id, tenant_id, job_type, status, route, attempts, max_tokens_factor, request_bytes,
    created_at, not_before
)
SELECT gen_random_uuid(), owner.id, 'summarize', 'queued', 'batch', 0, 1, 2300,
       now() - number * interval '1 ms', now() - number * interval '1 ms'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM tenants_tenant) AS owner
CROSS JOIN LATERAL generate_series(
    1, CASE WHEN place = 1 THEN %(jobs)s ELSE 10 END) AS number
"""
