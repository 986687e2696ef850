"""assemble: put waiting jobs into batches, a fair share of each batch for every tenant."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from aijobs import jobtypes
from aijobs.budgets import standing
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, CircuitBreaker, Seeding, Submission
from aijobs.pipeline import _shares
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

# Each tenant's oldest jobs, tenant after tenant, until the batch is full by number or by bytes. A
# job takes its tenant one over its weight of a round further, and whoever is behind comes next; in
# the same round, whoever had a job in a batch longest ago. So the next batch goes on where this one
# is full: between two jobs of one tenant, each other that waits has one, or as many as it weighs
# more. Who did not wait for a while goes on in the round that the others have reached.
# Rows that another worker has locked are left to it.
CHOSEN = (
    WAITING
    + """
, sharing AS (
    SELECT waiting.tenant_id, turn.number, COALESCE(given.weight, 1) AS weight,
           GREATEST(turn.round + 1.0 / COALESCE(given.weight, 1), (
               SELECT COALESCE(max(round), 0) FROM aijobs_turn WHERE route = 'batch')) AS round,
           -- Its share of the places, about.
           GREATEST(1, %(free_requests)s * COALESCE(given.weight, 1)
                       / sum(COALESCE(given.weight, 1)) OVER ()) AS most
    FROM waiting
    LEFT JOIN unnest(%(weighted)s::bigint[], %(weights)s::int[]) AS given (tenant_id, weight)
      ON given.tenant_id = waiting.tenant_id
    LEFT JOIN aijobs_turn AS turn
      ON turn.route = 'batch' AND turn.tenant_id = waiting.tenant_id
), candidates AS (
    SELECT job.*, sharing.number, row_number() OVER own AS rank,
           round + (row_number() OVER own - 1)::numeric / weight AS round,
           -- Of the first that is not among them, where there may be one.
           CASE row_number() OVER own WHEN most
                THEN round + (row_number() OVER own)::numeric / weight END AS next_round
    FROM sharing CROSS JOIN LATERAL (
        SELECT id, tenant_id, not_before, request_bytes FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND job_type = ANY(%(job_types)s)
          AND tenant_id = sharing.tenant_id AND not_before <= %(now)s
          AND (NOT %(apart)s OR id NOT IN (
              SELECT job_id FROM aijobs_seeding WHERE state = 'waiting'))
        ORDER BY not_before, id
        LIMIT most
        FOR UPDATE SKIP LOCKED
    ) AS job
    WINDOW own AS (PARTITION BY job.tenant_id ORDER BY not_before, id)
), chosen AS (
    SELECT id, tenant_id, place, round FROM (
        SELECT id, tenant_id, round, row_number() OVER fair AS place,
               sum(request_bytes) OVER fair AS bytes
        FROM candidates
        WINDOW fair AS (ORDER BY round, rank, number NULLS FIRST, tenant_id)
    ) AS ranked
    WHERE place <= %(free_requests)s AND bytes <= %(free_bytes)s
      -- What would come after a job that was not looked at waits for the next claim.
      AND round <= COALESCE((SELECT min(next_round) FROM candidates), round)
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
    INSERT INTO aijobs_turn (tenant_id, route, number, round)
    SELECT tenant_id, 'batch', max(place) + (
        SELECT COALESCE(max(number), 0) FROM aijobs_turn WHERE route = 'batch'), max(round)
    FROM chosen GROUP BY tenant_id ORDER BY tenant_id  -- No two wait for each other.
    ON CONFLICT (route, tenant_id) DO UPDATE SET number = EXCLUDED.number, round = EXCLUDED.round
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
        return _shares.room() > 0
    before = now - timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
    return _has_room(now) and _do_wait(now, _enough(), before)


def _do_wait(now: datetime, enough: int, before: datetime | None = None) -> bool:
    """Whether so many jobs wait, or one that has waited since `before`."""
    with connection.cursor() as cursor:
        cursor.execute(
            DUE,
            {
                "now": now,
                "job_types": list(jobtypes.names()),
                "held": standing.held(now),
                "before": before,
                "enough": enough,
            },
        )
        return bool(cursor.fetchone()[0])


def _enough() -> int:
    """So many waiting jobs leave at once; no more than there ever is room for."""
    wanted: int = settings.AIJOBS_SUBMIT_WHEN
    return min(wanted, settings.AIJOBS_QUEUE_SLOTS or wanted)


def _has_room(now: datetime) -> bool:
    """Whether Anthropic's queue has room for what waits, or for a batch worth sending.

    Else a full queue would be refilled with ever smaller batches, as few places become free.
    """
    room = _shares.room()
    worth_sending = min(_enough(), settings.AIJOBS_BATCH_REQUESTS)
    return room >= worth_sending or (room > 0 and not _do_wait(now, room + 1))


def run(now: datetime) -> int:
    """Put what waits into batches, when it is due; returns how many batches.

    What Anthropic's queue has no room for stays in ours, where it waits by turns.
    """
    with exclusive("assemble") as mine:
        return fill(now) if mine and due(now) else 0


def fill(now: datetime) -> int:
    """The same, due or not, and whoever else does it."""
    batches = 0
    while not _is_held(now) and _may_fill(now) and assemble_one(now):
        crash_point(Step.ASSEMBLE_COMMITTED)
        batches += 1
    return batches


def _may_fill(now: datetime) -> bool:
    return _has_room(now) or (_seeds_go_apart(now) and _shares.room() > 0)


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
    """Fill one batch, with the seeds alone where any wait.

    None when nothing waits, or Anthropic's queue is full.
    """
    if not _seeds_go_apart(now):
        return _assemble(CLAIM, now, apart=False)
    return _assemble_seeds(now) or _assemble(CLAIM, now)


def _assemble_seeds(now: datetime) -> Batch | None:
    batch = _assemble(CLAIM_SEEDS, now)
    crash_point(Step.ASSEMBLE_COMMITTED)
    return batch


@transaction.atomic
def _assemble(claim: str, now: datetime, *, apart: bool = True) -> Batch | None:
    room = _shares.room()
    batch = Batch.objects.create(tenant_ids=[], requests=0, request_bytes=0, assembled_at=now)
    tenants: set[int] = set()
    # A tenant with few jobs leaves places free: a further claim gives them to the others.
    while batch.requests < room:
        claimed, claimed_bytes, of_tenants = _claim(claim, batch, room, now, apart=apart)
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


def _claim(
    claim: str, batch: Batch, room: int, now: datetime, *, apart: bool
) -> tuple[int, int, list[int]]:
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
                **_shares.weights(),
                "free_requests": room - batch.requests,
                "free_bytes": settings.AIJOBS_BATCH_BYTES - batch.request_bytes,
            },
        )
        claimed, claimed_bytes, tenants = cursor.fetchone()
        return claimed, int(claimed_bytes), tenants
