"""Which jobs are to run at once, and which of them may start: what expedite asks PostgreSQL."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from aijobs.budgets import standing
from aijobs.models import AIJob
from aijobs.pipeline import _rates, _shares
from aijobs.pipeline._roads import never_at_once

# The tenants whose jobs are to run at once, one probe of the index `job_at_once` each; of each
# tenant that may spend more, its jobs by their deadline, but for those of closed models: they
# stand in the way of no other's. Each probe asks for the whole order of that index: no statistics
# can talk PostgreSQL into another one that begins with the tenant. Nor into a join with the inputs:
# a subquery that yields a value is asked for each job by its key.
URGENT = """
WITH RECURSIVE waiting (tenant_id) AS (
    (SELECT tenant_id FROM aijobs_aijob
     WHERE indexed_status = 'queued' AND route = 'sync'
     ORDER BY tenant_id, needed_by, id LIMIT 1)
    UNION ALL
    SELECT next.tenant_id FROM waiting CROSS JOIN LATERAL (
        SELECT tenant_id FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'sync'
          AND tenant_id > waiting.tenant_id
        ORDER BY tenant_id, needed_by, id LIMIT 1
    ) AS next
), urgent AS (
    SELECT job.* FROM waiting CROSS JOIN LATERAL (
        SELECT id, tenant_id, needed_by FROM aijobs_aijob AS waits
        WHERE indexed_status = 'queued' AND route = 'sync'
          AND tenant_id = waiting.tenant_id AND not_before <= %(now)s
          AND job_type = ANY(%(job_types)s)
          AND (SELECT CASE input.model WHEN '' THEN waits.job_type <> ALL(%(closed_types)s::text[])
                                       ELSE input.model <> ALL(%(closed_models)s::text[]) END
               FROM aijobs_jobinput AS input WHERE input.job_id = waits.id)
        ORDER BY needed_by, id
        LIMIT %(most)s
    ) AS job
    WHERE job.tenant_id <> ALL(%(held)s::bigint[])
)
"""

DUE = URGENT + "SELECT EXISTS (SELECT FROM urgent)"

# One job of each tenant after the other, or as many as its weight says. Calls that a tenant has
# under way count as its first ones, so that calls side by side are shared by weight; of tenants
# with as large a share, whoever was served longest ago comes first. `free` slots are for
# all; beyond them, up to `most` may start, each of them a tenant's only call. Of each model that is
# asked no more start than it has room for: by calls, by the tokens of their prompts, and by those
# of their answers as they usually are. Models that have no row have room for all.
CLAIM = (
    URGENT
    + """
, ranked AS (
    SELECT urgent.id, urgent.tenant_id, rank, row_number() OVER (
        ORDER BY (rank - 1)::numeric / COALESCE(given.weight, 1), rank, turn.number NULLS FIRST,
                 urgent.tenant_id) AS place
    FROM (
        SELECT urgent.*, COALESCE(running.calls, 0)
               + row_number() OVER (PARTITION BY urgent.tenant_id ORDER BY needed_by, urgent.id)
               AS rank
        FROM urgent LEFT JOIN unnest(%(tenants)s::bigint[], %(calls)s::int[])
                    AS running (tenant_id, calls) USING (tenant_id)
    ) AS urgent
    LEFT JOIN aijobs_turn AS turn ON turn.route = 'sync' AND turn.tenant_id = urgent.tenant_id
    LEFT JOIN unnest(%(weighted)s::bigint[], %(weights)s::int[]) AS given (tenant_id, weight)
      ON given.tenant_id = urgent.tenant_id
), fitting AS (
    SELECT ranked.id, ranked.tenant_id, place, room.calls, room.tokens,
           row_number() OVER of_model AS number,
           sum(LEAST(COALESCE(input.expected_tokens, 0), room.size)) OVER of_model AS asked,
           sum(LEAST(COALESCE(input.most_answer_tokens * kind.usual_answer, 0),
                     room.answer_size)) OVER of_model AS answered, room.answer_tokens
    FROM ranked
    CROSS JOIN LATERAL (  -- The limit keeps it a look-up by key.
        SELECT job_type, model, expected_tokens, most_answer_tokens FROM aijobs_jobinput
        WHERE job_id = ranked.id LIMIT 1
    ) AS input
    JOIN unnest(%(job_types)s::text[], %(models)s::text[], %(usual_answers)s::float8[])
      AS kind (job_type, model, usual_answer)
      ON kind.job_type = input.job_type
    LEFT JOIN unnest(%(room_models)s::text[], %(room_calls)s::int[],
                     %(room_tokens)s::float8[], %(room_sizes)s::float8[],
                     %(room_answer_tokens)s::float8[], %(room_answer_sizes)s::float8[])
      AS room (model, calls, tokens, size, answer_tokens, answer_size)
      ON room.model = COALESCE(NULLIF(input.model, ''), kind.model)
    WHERE place <= %(free)s OR (rank = 1 AND place <= %(most)s)
    WINDOW of_model AS (PARTITION BY room.model ORDER BY place)
), chosen AS (
    SELECT job.id, fitting.tenant_id, place
    FROM fitting JOIN aijobs_aijob AS job ON job.id = fitting.id
    WHERE calls IS NULL
       OR (number <= calls AND asked <= tokens AND answered <= answer_tokens)
    ORDER BY place
    LIMIT %(allowed)s
    FOR UPDATE OF job SKIP LOCKED
), turns AS (
    INSERT INTO aijobs_turn (tenant_id, route, number)
    SELECT tenant_id, 'sync', max(place) + (
        SELECT COALESCE(max(number), 0) FROM aijobs_turn WHERE route = 'sync')
    FROM chosen GROUP BY tenant_id ORDER BY tenant_id  -- No two wait for each other.
    ON CONFLICT (route, tenant_id) DO UPDATE SET number = EXCLUDED.number
)
UPDATE aijobs_aijob
SET status = 'processing', started_at = %(now)s, answered_by = NULL,
    attempts = LEAST(attempts + 1, 32000)  -- A smallint: one row would stop those of all tenants.
WHERE id = ANY(ARRAY(SELECT id FROM chosen)) AND status = 'queued'
RETURNING id
"""
)


def is_any(now: datetime) -> bool:
    """Whether one is to run, and its model may be called."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, _urgent(now, _rates.paused(now), most=1))
        return bool(cursor.fetchone()[0])


def start(running: Collection[AIJob], *, most: int, allowed: int, now: datetime) -> list[UUID]:
    """Take jobs out of the queue that may start beside those that run, `allowed` at most.

    `most` and the rest are those of CLAIM.
    """
    calls = Counter(job.tenant_id for job in running)
    room = _rates.room((job.input.asked_model for job in running), now)
    parameters = {
        **_urgent(now, _rates.without_room(room), most=most),
        **_shares.weights(),
        **room,
        "tenants": list(calls.keys()),
        "calls": list(calls.values()),
        "free": settings.AIJOBS_URGENT_AT_ONCE - calls.total(),
        "allowed": allowed,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, parameters)
        return [row[0] for row in cursor.fetchall()]


def _urgent(now: datetime, closed: set[str], *, most: int) -> dict[str, Any]:
    """The parameters of URGENT, where these models may not be called."""
    return {
        **_rates.models(closed),
        "now": now,
        "most": most,
        # Those that no longer pay for it get theirs back into the queue for batches.
        "held": [*standing.held(now), *never_at_once()],
    }
