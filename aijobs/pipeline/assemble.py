"""assemble: put waiting jobs into batches, a fair share of each batch for every tenant."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from aijobs import jobtypes
from aijobs.budgets import standing
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, CircuitBreaker, Seeding, Submission
from aijobs.pipeline import _shares
from aijobs.pipeline._roads import Pressing, Roads
from aijobs.postgres.locks import exclusive
from citizenapp.tenants.models import Tenant

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
# Rows that another worker has locked are left to it. `which` jobs share a batch, and in which
# `order` a tenant's own go, is said below.
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
        SELECT id, tenant_id, {order}, request_bytes FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND job_type = ANY(%(job_types)s)
          AND tenant_id = sharing.tenant_id AND not_before <= %(now)s AND {which}
          AND (NOT %(apart)s OR id NOT IN (
              SELECT job_id FROM aijobs_seeding WHERE state = 'waiting'))
        ORDER BY {order}, id
        LIMIT most
        FOR UPDATE SKIP LOCKED
    ) AS job
    WINDOW own AS (PARTITION BY job.tenant_id ORDER BY {order}, id)
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
    SET status = 'submitted', batch_id = %(batch)s, started_at = %(now)s,
        attempts = LEAST(attempts + 1, 32000),
        answered_by = NULL
    -- An array, not a join: no statistics can talk PostgreSQL into reading the whole table.
    WHERE id = ANY(ARRAY(SELECT id FROM chosen))
    RETURNING tenant_id, request_bytes, job_type, needed_by
)
SELECT count(*), COALESCE(sum(request_bytes), 0), COALESCE(array_agg(DISTINCT tenant_id), '{{}}'),
       COALESCE(array_agg(DISTINCT job_type), '{{}}'), min(needed_by)
FROM claimed
"""

_CLAIM = (
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
# Those without a deadline, or of tenants that pay for none; and those with the nearest ones.
CLAIM = _CLAIM.format(
    which="(needed_by IS NULL OR sharing.tenant_id = ANY(%(never)s::bigint[]))",
    order="not_before",
)
CLAIM_PRESSING = _CLAIM.format(
    which="needed_by <= %(until)s AND sharing.tenant_id <> ALL(%(never)s::bigint[])",
    order="needed_by",
)

# The seeds that wait: what their collections share is in the cache as soon as their batch has
# ended. So they wait for nobody, and nothing that takes longer is in it.
CLAIM_SEEDS = """
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
""" + MOVED.format()


def due(now: datetime, roads: Roads | None = None) -> bool:
    """Whether enough jobs wait for a batch, a seed does, one waited AIJOBS_SUBMIT_EVERY, or one
    has to leave for its deadline's sake.
    """
    if _is_held(now):
        return False
    if _seeds_go_apart(now) or _is_pressing(now, roads or Roads.at(now)):
        return _shares.room() > 0
    before = now - timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
    return _has_room(now) and _do_wait(now, _enough(), before)


def _is_pressing(now: datetime, roads: Roads) -> bool:
    pressing = roads.pressing()
    return pressing is not None and pressing.leaves_by <= now


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


def leave_now(tenant: Tenant, now: datetime) -> bool:
    """Make the next batch due for the sake of what waits of a tenant; whether anything did.

    One row is changed, by one statement: `due` then finds it, now or after a restart.
    """
    every = timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
    return bool(AIJob.objects.of(tenant).leave_now(now, every))


def run(now: datetime) -> int:
    """Put what waits into batches, when it is due; returns how many batches.

    What Anthropic's queue has no room for stays in ours, where it waits by turns.
    """
    with exclusive("assemble") as mine:
        return fill(now) if mine and due(now) else 0


def fill(now: datetime, roads: Roads | None = None) -> int:
    """The same, due or not, and whoever else does it."""
    batches = 0
    roads = roads or Roads.at(now)
    roads.choose()
    while not _is_held(now) and _may_fill(now, roads) and assemble_one(now, roads):
        crash_point(Step.ASSEMBLE_COMMITTED)
        batches += 1
    return batches


def _may_fill(now: datetime, roads: Roads) -> bool:
    goes_early = _seeds_go_apart(now) or _is_pressing(now, roads)
    return _has_room(now) or (goes_early and _shares.room() > 0)


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


def assemble_one(now: datetime, roads: Roads | None = None) -> Batch | None:
    """Fill one batch: with the seeds alone where any wait, else with the nearest deadlines, else
    with what has no deadline.

    None when nothing waits, or Anthropic's queue is full.
    """
    if roads is None:
        roads = Roads.at(now)
        roads.choose()
    are_apart = _seeds_go_apart(now)
    batch = _assemble_seeds(now, roads) if are_apart else None
    batch = batch or _assemble_pressing(now, roads, apart=are_apart)
    return batch or _assemble(CLAIM, now, roads, apart=are_apart)


def _assemble_seeds(now: datetime, roads: Roads) -> Batch | None:
    batch = _assemble(CLAIM_SEEDS, now, roads, apart=True)
    crash_point(Step.ASSEMBLE_COMMITTED)
    return batch


def _assemble_pressing(now: datetime, roads: Roads, *, apart: bool) -> Batch | None:
    pressing = roads.pressing() if roads.is_chosen else None
    if pressing is None:
        return None
    batch = _assemble(CLAIM_PRESSING, now, roads, apart=apart, pressing=pressing)
    crash_point(Step.ASSEMBLE_COMMITTED)
    return batch


@transaction.atomic
def _assemble(
    claim: str,
    now: datetime,
    roads: Roads,
    *,
    apart: bool,
    pressing: Pressing | None = None,
) -> Batch | None:
    room = min(_shares.room(), pressing.most if pressing else settings.AIJOBS_BATCH_REQUESTS)
    batch = Batch.objects.create(tenant_ids=[], requests=0, request_bytes=0, assembled_at=now)
    tenants, kinds, deadlines = set[int](), set[str](), list[datetime]()
    # A tenant with few jobs leaves places free: a further claim gives them to the others.
    while batch.requests < room:
        claimed = _claim(claim, batch, room, roads, apart=apart, pressing=pressing)
        if not claimed.requests:
            break
        batch.requests += claimed.requests
        batch.request_bytes += int(claimed.request_bytes)
        tenants.update(claimed.tenants)
        kinds.update(claimed.job_types)
        deadlines += [claimed.needed_by] if claimed.needed_by else []
        crash_point(Step.ASSEMBLE_CLAIMED)
    if not batch.requests:
        transaction.set_rollback(True)
        return None
    batch.tenant_ids = sorted(tenants)
    batch.needed_by = min(deadlines, default=None)
    batch.model_names = sorted({jobtypes.get(kind).model for kind in kinds} - {""})
    roads.promise(batch)
    batch.save()
    crash_point(Step.ASSEMBLE_COUNTED)
    logger.info(
        "Batch %s assembled: %s jobs of %s tenants.", batch.pk, batch.requests, len(tenants)
    )
    return batch


class Claimed(NamedTuple):
    """What one claim put into a batch."""

    requests: int
    request_bytes: Decimal
    tenants: list[int]
    job_types: list[str]
    needed_by: datetime | None
    """The earliest deadline among them."""


def _claim(
    claim: str,
    batch: Batch,
    room: int,
    roads: Roads,
    *,
    apart: bool,
    pressing: Pressing | None,
) -> Claimed:
    """Claim what the batch still holds."""
    with connection.cursor() as cursor:
        # What is sorted, and what the triggers look at, is 100,000 short rows at the most.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(
            claim,
            {
                "now": roads.now,
                "apart": apart,
                "until": pressing.until if pressing else None,
                "never": roads.never,
                "batch": batch.pk,
                "job_types": list(jobtypes.names()),
                "held": standing.held(roads.now),
                **_shares.weights(),
                "free_requests": room - batch.requests,
                "free_bytes": settings.AIJOBS_BATCH_BYTES - batch.request_bytes,
            },
        )
        return Claimed(*cursor.fetchone())
