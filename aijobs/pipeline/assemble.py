"""assemble: put waiting jobs into batches, a fair share of each batch for every tenant."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from aijobs import jobtypes
from aijobs.budgets import standing
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, CircuitBreaker, Seeding, Submission
from aijobs.postgres.locks import exclusive

logger = logging.getLogger(__name__)

# The tenants that wait and may spend more, each with its longest waiting job. A loose scan of the
# index `job_waiting`: one probe a tenant, however many jobs wait (PostgreSQL wiki, Loose
# indexscan).
WAITING = """
WITH RECURSIVE everybody (tenant_id, since) AS (
    (SELECT tenant_id, not_before FROM aijobs_aijob
     WHERE indexed_status = 'queued' AND route = 'batch' AND job_type = ANY(%(job_types)s)
     ORDER BY tenant_id, not_before, id LIMIT 1)
    UNION ALL
    SELECT next.tenant_id, next.not_before FROM everybody CROSS JOIN LATERAL (
        SELECT tenant_id, not_before FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND job_type = ANY(%(job_types)s)
          AND tenant_id > everybody.tenant_id
        ORDER BY tenant_id, not_before, id LIMIT 1
    ) AS next
), waiting AS (
    SELECT * FROM everybody WHERE tenant_id <> ALL(%(held)s::bigint[])
)
"""

# Whether enough jobs wait, or one has waited long enough. Counts no further than needed.
DUE = (
    WAITING
    + """
SELECT COALESCE(min(since) <= %(before)s, FALSE) OR (
    SELECT count(*) >= %(enough)s FROM (
        SELECT FROM waiting CROSS JOIN LATERAL (
            SELECT FROM aijobs_aijob
            WHERE indexed_status = 'queued' AND route = 'batch' AND job_type = ANY(%(job_types)s)
              AND tenant_id = waiting.tenant_id AND not_before <= %(now)s
            ORDER BY not_before, id  -- So that stale statistics cannot talk it into a scan.
            LIMIT %(enough)s
        ) AS job LIMIT %(enough)s
    ) AS jobs
)
FROM waiting
"""
)

# Each tenant's oldest jobs, one job of each tenant after the other, until the batch is full by
# number or by bytes. Whoever had a job in a batch longest ago begins, so that the next batch goes
# on where this one is full: between two jobs of one tenant, each other that waits has one.
# Rows that another worker has locked are left to it.
CHOSEN = (
    WAITING
    + """
, candidates AS (
    SELECT job.*, row_number() OVER (PARTITION BY job.tenant_id ORDER BY not_before, id) AS rank
    FROM waiting CROSS JOIN LATERAL (
        SELECT id, tenant_id, not_before, request_bytes FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND job_type = ANY(%(job_types)s)
          AND tenant_id = waiting.tenant_id AND not_before <= %(now)s
          AND (NOT %(apart)s OR id NOT IN (
              SELECT job_id FROM aijobs_seeding WHERE state = 'waiting'))
        ORDER BY not_before, id
        LIMIT GREATEST(1, %(free_requests)s / (SELECT count(*) FROM waiting))
        FOR UPDATE SKIP LOCKED
    ) AS job
), chosen AS (
    SELECT id, tenant_id, place FROM (
        SELECT candidates.id, candidates.tenant_id, row_number() OVER fair AS place,
               sum(request_bytes) OVER fair AS bytes
        FROM candidates LEFT JOIN aijobs_turn AS turn
          ON turn.route = 'batch' AND turn.tenant_id = candidates.tenant_id
        WINDOW fair AS (ORDER BY rank, turn.number NULLS FIRST, candidates.tenant_id)
    ) AS ranked
    WHERE place <= %(free_requests)s AND bytes <= %(free_bytes)s
)
"""
)

# Puts what was chosen into the batch.
MOVED = """
, claimed AS (
    UPDATE aijobs_aijob
    SET status = 'submitted', batch_id = %(batch)s, attempts = attempts + 1, started_at = %(now)s,
        answered_by = NULL
    -- An array, not a join: no statistics can talk PostgreSQL into reading the whole table.
    WHERE id = ANY(ARRAY(SELECT id FROM chosen))
    RETURNING tenant_id, request_bytes
)
SELECT count(*), COALESCE(sum(request_bytes), 0), COALESCE(array_agg(DISTINCT tenant_id), '{}')
FROM claimed
"""

CLAIM = (
    CHOSEN
    + """
, turns AS (
    INSERT INTO aijobs_turn (tenant_id, route, number)
    SELECT tenant_id, 'batch', max(place) + (
        SELECT COALESCE(max(number), 0) FROM aijobs_turn WHERE route = 'batch')
    FROM chosen GROUP BY tenant_id
    ON CONFLICT (route, tenant_id) DO UPDATE SET number = EXCLUDED.number
)
"""
    + MOVED
)

# The seeds that wait: what their collections share is in the cache as soon as their batch has
# ended. So they wait for nobody, and nothing that takes longer is in it.
CLAIM_SEEDS = (
    """
WITH seeds AS (
    SELECT job.id, job.request_bytes
    FROM aijobs_seeding AS seeding JOIN aijobs_aijob AS job ON job.id = seeding.job_id
    WHERE seeding.state = 'waiting' AND job.indexed_status = 'queued' AND job.route = 'batch'
      AND job.job_type = ANY(%(job_types)s) AND job.not_before <= %(now)s
    ORDER BY job.id
    LIMIT %(free_requests)s
    FOR UPDATE OF job SKIP LOCKED
), chosen AS (
    SELECT id FROM (
        SELECT id, sum(request_bytes) OVER (ORDER BY id) AS bytes FROM seeds
    ) AS ranked
    WHERE bytes <= %(free_bytes)s
)
"""
    + MOVED
)


def due(now: datetime) -> bool:
    """Whether enough jobs wait for a batch, or a seed does, or one waited AIJOBS_SUBMIT_EVERY."""
    if _is_held(now):
        return False
    if _seeds_go_apart(now):
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            DUE,
            {
                "now": now,
                "job_types": list(jobtypes.names()),
                "held": standing.held(now),
                "before": now - timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY),
                "enough": settings.AIJOBS_SUBMIT_WHEN,
            },
        )
        return bool(cursor.fetchone()[0])


def run(now: datetime) -> int:
    """Put all that waits into batches, when it is due; returns how many batches."""
    batches = 0
    with exclusive("assemble") as mine:
        if not mine or not due(now):
            return 0
        while not _is_held(now) and assemble_one(now):
            crash_point(Step.ASSEMBLE_COMMITTED)
            batches += 1
    return batches


def _is_held(now: datetime) -> bool:
    """Whether jobs had better stay in the queue: nothing may be sent, or one batch as a probe."""
    if standing.is_all_held(now):
        return True
    breaker = CircuitBreaker.objects.open().first()
    return breaker is not None and (
        breaker.probe_at > now or Batch.objects.filter(status=Batch.Status.ASSEMBLED).exists()
    )


def _seeds_go_apart(now: datetime) -> bool:
    """Whether seeds wait, and may go in a batch of their own.

    Not while one is in doubt: of two that are, only their sizes say which one Anthropic has.
    """
    seeds = AIJob.objects.filter(
        pk__in=Seeding.objects.waiting().values("job_id"),
        indexed_status=AIJob.Status.QUEUED,
        route=AIJob.Route.BATCH,
        not_before__lte=now,
    )
    in_doubt = Submission.objects.filter(state=Submission.State.IN_DOUBT)
    return seeds.exists() and not in_doubt.exists()


def assemble_one(now: datetime) -> Batch | None:
    """Fill one batch, with the seeds alone where any wait; None when nothing waits."""
    if not _seeds_go_apart(now):
        return _assemble(CLAIM, now, apart=False)
    return _assemble_seeds(now) or _assemble(CLAIM, now)


def _assemble_seeds(now: datetime) -> Batch | None:
    batch = _assemble(CLAIM_SEEDS, now)
    crash_point(Step.ASSEMBLE_COMMITTED)
    return batch


@transaction.atomic
def _assemble(claim: str, now: datetime, *, apart: bool = True) -> Batch | None:
    batch = Batch.objects.create(tenant_ids=[], requests=0, request_bytes=0, assembled_at=now)
    tenants: set[int] = set()
    # A tenant with few jobs leaves places free: a further claim gives them to the others.
    while batch.requests < settings.AIJOBS_BATCH_REQUESTS:
        claimed, claimed_bytes, of_tenants = _claim(claim, batch, now, apart=apart)
        if not claimed:
            break
        batch.requests += claimed
        batch.request_bytes += claimed_bytes
        tenants.update(of_tenants)
        crash_point(Step.ASSEMBLE_CLAIMED)
    if not batch.requests:
        transaction.set_rollback(True)
        return None
    batch.tenant_ids = sorted(tenants)
    batch.save(update_fields=["requests", "request_bytes", "tenant_ids"])
    crash_point(Step.ASSEMBLE_COUNTED)
    logger.info(
        "Batch %s assembled: %s jobs of %s tenants.", batch.pk, batch.requests, len(tenants)
    )
    return batch


def _claim(claim: str, batch: Batch, now: datetime, *, apart: bool) -> tuple[int, int, list[int]]:
    """Claim what the batch still holds: number of jobs, their bytes, their tenants."""
    with connection.cursor() as cursor:
        # What is sorted, and what the triggers look at, is 100,000 short rows at the most.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(
            claim,
            {
                "now": now,
                "apart": apart,
                "batch": batch.pk,
                "job_types": list(jobtypes.names()),
                "held": standing.held(now),
                "free_requests": settings.AIJOBS_BATCH_REQUESTS - batch.requests,
                "free_bytes": settings.AIJOBS_BATCH_BYTES - batch.request_bytes,
            },
        )
        claimed, claimed_bytes, tenants = cursor.fetchone()
        return claimed, int(claimed_bytes), tenants
