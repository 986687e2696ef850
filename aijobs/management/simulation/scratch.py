"""Tables to play in: they have the names of the real ones, and are gone afterwards.

For its transaction PostgreSQL looks for tables among them alone, so no statement can name a row
that exists, no trigger is there to tell anybody, and all of it is rolled back.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from aijobs.management.simulation.arrivals import Arrival
from aijobs.models import Batch
from citizenapp.tenants.models import Tenant

# What Anthropic was asked: by a batch, or by a direct call; and whether it billed an answer.
# And what became of jobs whose rows were put away.
OURS = """
CREATE TEMPORARY TABLE request (job_id uuid, batch_id bigint, is_billed boolean);
CREATE INDEX ON request (batch_id) WHERE NOT is_billed;
CREATE TEMPORARY TABLE fate (
    created_at timestamptz, batch_id bigint, finished_at timestamptz, jobs bigint)
"""

# Ids that look like chance, and are the same whenever the same day is played.
ARRIVE = """
INSERT INTO aijobs_aijob (id, tenant_id, job_type, status, route, attempts, max_tokens_factor,
                          request_bytes, reserved_usd, created_at, not_before, needed_by)
SELECT md5(concat(%(now)s, '-', number))::uuid, %(tenant)s, 'summarize', 'queued',
       CASE WHEN %(needed_by)s = %(now)s THEN 'sync' ELSE 'batch' END, 0, 1, %(bytes)s, %(usd)s,
       %(now)s, %(now)s, %(needed_by)s::timestamptz
FROM generate_series(1, %(jobs)s) AS number
"""

SEND = """
INSERT INTO request SELECT id, batch_id, FALSE FROM aijobs_aijob
WHERE batch_id = %s AND status = 'submitted'
"""

# The first of them, in an order that says nothing, were answered. What Anthropic bills follows from
# what was sent, whatever became of the jobs here since.
ANSWER = """
WITH answered AS (
    UPDATE request SET is_billed = TRUE
    WHERE batch_id = %(batch)s AND NOT is_billed AND job_id = ANY(ARRAY(
        SELECT job_id FROM request WHERE batch_id = %(batch)s AND NOT is_billed
        ORDER BY job_id LIMIT %(answered)s))
    RETURNING job_id
)
UPDATE aijobs_aijob SET status = 'completed', finished_at = %(now)s
WHERE id = ANY(ARRAY(SELECT job_id FROM answered)) AND batch_id = %(batch)s AND status = 'submitted'
"""
# All of them were.
ANSWER_ALL = """
WITH answered AS (
    UPDATE request SET is_billed = TRUE WHERE batch_id = %(batch)s AND NOT is_billed
)
UPDATE aijobs_aijob SET status = 'completed', finished_at = %(now)s
WHERE batch_id = %(batch)s AND status = 'submitted'
"""
# As retries do with what was canceled.
QUEUE_AGAIN = """
WITH canceled AS (DELETE FROM request WHERE batch_id = %(batch)s AND NOT is_billed)
UPDATE aijobs_aijob SET status = 'queued', batch_id = NULL, started_at = NULL, not_before = %(now)s
WHERE batch_id = %(batch)s AND status = 'submitted'
"""

# Tenants take turns; each one's jobs go by their deadlines.
CLAIM = """
UPDATE aijobs_aijob SET status = 'processing', started_at = %(now)s, attempts = attempts + 1
WHERE status = 'queued' AND id = ANY(ARRAY(
    SELECT job.id FROM tenants_tenant AS tenant CROSS JOIN LATERAL (
        SELECT id, needed_by, row_number() OVER (ORDER BY needed_by, id) AS rank
        FROM (SELECT id, needed_by FROM aijobs_aijob
              WHERE indexed_status = 'queued' AND route = 'sync' AND tenant_id = tenant.id
              ORDER BY needed_by, id LIMIT %(most)s) AS first
    ) AS job
    ORDER BY job.rank, job.needed_by, tenant.id LIMIT %(most)s))
RETURNING id
"""
CALL = """
WITH called AS (
    UPDATE aijobs_aijob SET status = 'completed', finished_at = call.finished_at
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS call (id, finished_at)
    WHERE aijobs_aijob.id = call.id AND status = 'processing'
    RETURNING aijobs_aijob.id
)
INSERT INTO request SELECT id, NULL, TRUE FROM unnest(%s::uuid[]) AS id
"""

# Nothing that was updated goes away before the transaction ends: else each look would pass by the
# remains of all jobs that there were.
PUT_AWAY = """
INSERT INTO fate SELECT created_at, batch_id, finished_at, count(*) FROM aijobs_aijob
WHERE status = 'completed' GROUP BY created_at, batch_id, finished_at;
CREATE TEMPORARY TABLE staying AS SELECT * FROM aijobs_aijob WHERE status <> 'completed';
TRUNCATE aijobs_aijob
"""

BILLED = """
SELECT COALESCE(sum(by_batch), 0), COALESCE(sum(bills - by_batch), 0), COALESCE(sum(bills - 1), 0)
FROM (SELECT count(*) AS bills, count(batch_id) AS by_batch
      FROM request WHERE is_billed GROUP BY job_id) AS job
"""


class Fate(NamedTuple):
    """Jobs that came at one moment and ended alike. `batch`: that answered; None: direct calls."""

    created_at: datetime
    batch: int | None
    finished_at: datetime
    jobs: int


class Bills(NamedTuple):
    """What Anthropic billed, in answers."""

    by_batch: int
    at_once: int
    twice: int
    """Those beyond the first of a job."""


@contextmanager
def scratch() -> Iterator[None]:
    """Empty tables in place of all that the pipeline asks for, and nothing else in sight."""
    models: list[type[Model]] = [*apps.get_app_config("aijobs").get_models(), Tenant]
    disabled = logging.root.manager.disable
    logging.disable(max(disabled, logging.INFO))
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                for model in models:
                    table = connection.ops.quote_name(model._meta.db_table)
                    cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL)")
                cursor.execute("SET LOCAL search_path = pg_temp")
                cursor.execute(OURS)
            yield
            transaction.set_rollback(True)
    finally:
        logging.disable(disabled)


def run(statement: str, values: Any = None) -> int:
    """Returns how many rows it was about."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def arrive(arrival: Arrival, tenant: int, request_bytes: int, usd: object) -> None:
    """Queue the jobs of an arrival. `tenant`: its key; `usd`: what each job reserves."""
    run(
        ARRIVE,
        {
            "tenant": tenant,
            "now": arrival.moment,
            "jobs": arrival.jobs,
            "needed_by": arrival.needed_by,
            "bytes": request_bytes,
            "usd": usd,
        },
    )


def answer(batch: Batch, answered: int, now: datetime) -> None:
    """So many requests of a batch were answered and billed; the other jobs wait again.

    In place of the stage settle, which reads each row: the same moves, of all jobs at once.
    """
    values = {"batch": batch.pk, "answered": answered, "now": now}
    run(ANSWER_ALL if answered >= batch.requests else ANSWER, values)
    if answered < batch.requests:
        run(QUEUE_AGAIN, values)


def claim_calls(most: int, now: datetime) -> list[Any]:
    """Take jobs that are to run at once; returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"most": most, "now": now})
        return [row[0] for row in cursor.fetchall()]


def answer_calls(ids: list[Any], finished_at: list[datetime]) -> None:
    """Complete the jobs of direct calls, each at its moment; all of them were billed."""
    run(CALL, [ids, finished_at, ids])


def put_away() -> None:
    """Keep of the jobs that have ended how many ended alike."""
    with connection.cursor() as cursor:
        cursor.execute(PUT_AWAY)
        # What PostgreSQL works out by itself cannot be written.
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_catalog.pg_attribute"
            " WHERE attrelid = 'aijobs_aijob'::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = ''"
        )
        (columns,) = cursor.fetchone()
        cursor.execute(f"INSERT INTO aijobs_aijob ({columns}) SELECT {columns} FROM staying")  # noqa: S608
        cursor.execute("DROP TABLE staying")


def fates() -> list[Fate]:
    """Of all jobs that have ended."""
    put_away()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT created_at, batch_id, finished_at, jobs::bigint FROM fate"
            " ORDER BY created_at, finished_at, batch_id"
        )
        return [Fate(*row) for row in cursor.fetchall()]


def bills() -> Bills:
    """Job by job: how often Anthropic billed an answer to it."""
    with connection.cursor() as cursor:
        cursor.execute(BILLED)
        return Bills(*map(int, cursor.fetchone()))
