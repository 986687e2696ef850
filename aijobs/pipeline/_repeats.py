"""A question that was asked before: its job has the earlier result, or waits for it.

`known` looks before jobs are stored, and `recall` when they are; `answer` and `release` see to
those that wait. A job that waits is queued, with `answered_by`, and a `not_before` that no stage
takes it before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from aijobs.models import AIJob
from citizenapp.database import prepared_cursor
from citizenapp.tenants.models import Tenant

# Anthropic ends a batch within a day. Whose first is not over by then is sent by itself, so that
# the worst that a lost step can do is to delay a job.
LONGEST_WAIT = timedelta(days=2)
# How long before its deadline a job that waits is sent by itself: hardly any batch is in time
# for it then, but a direct call is.
MARGIN = timedelta(minutes=3)
# Jobs of one statement, and those that `is_due` looks at: what waits for the earliest jobs.
PIECE, LOOKED_AT = 1_000, 500

UNDER_WAY = [AIJob.Status.QUEUED, AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING]
CAME_TO_NOTHING = [AIJob.Status.FAILED, AIJob.Status.CANCELED]

# Each question that is not known yet, with the job that asks it; of several the most urgent.
# Whoever asks the same in another transaction waits here for its end. All take their questions in
# the same order, so that no two wait for each other.
REMEMBER = """
INSERT INTO aijobs_question (tenant_id, fingerprint, job_id)
SELECT DISTINCT ON (input.fingerprint) %(tenant)s, input.fingerprint, job.id
FROM aijobs_aijob AS job JOIN aijobs_jobinput AS input ON input.job_id = job.id
WHERE {which}
ORDER BY input.fingerprint, job.needed_by, job.id
ON CONFLICT (tenant_id, fingerprint) {known}
"""

# The same for one job: accept has its hash at hand.
REMEMBER_ONE = """
INSERT INTO aijobs_question (tenant_id, fingerprint, job_id)
VALUES (%(tenant)s, %(fingerprint)s, %(jobs)s)
ON CONFLICT (tenant_id, fingerprint) {known}
"""

# The jobs whose question another one asked first. Each is looked up by a key: OFFSET 0 keeps any
# statistics from talking PostgreSQL into a scan.
ASKED = """
WITH asked AS MATERIALIZED (
    SELECT job.id, job.collection_id, job.needed_by, question.fingerprint,
           question.job_id AS first
    FROM aijobs_aijob AS job CROSS JOIN LATERAL (
        SELECT fingerprint FROM aijobs_jobinput WHERE job_id = job.id OFFSET 0
    ) AS input CROSS JOIN LATERAL (
        SELECT fingerprint, job_id FROM aijobs_question
        WHERE tenant_id = %(tenant)s AND fingerprint = input.fingerprint OFFSET 0
    ) AS question
    WHERE {which} AND question.job_id <> job.id
)
"""

# Where the first came to nothing, is gone, or was completed too long ago, another takes its place.
TAKE_OVER = """
{asked}, heir AS (
    SELECT DISTINCT ON (fingerprint) asked.* FROM asked
    WHERE NOT EXISTS (
        SELECT FROM aijobs_aijob AS first
        WHERE first.id = asked.first AND (first.status = ANY(%(under_way)s)
              OR (first.status = 'completed' AND first.finished_at >= %(since)s)))
    ORDER BY fingerprint, needed_by, id
), locked AS MATERIALIZED (
    SELECT question.fingerprint, heir.id
    FROM heir JOIN aijobs_question AS question
      ON question.tenant_id = %(tenant)s AND question.fingerprint = heir.fingerprint
     AND question.job_id = heir.first
    ORDER BY question.fingerprint FOR UPDATE OF question
)
UPDATE aijobs_question AS question SET job_id = locked.id
FROM locked WHERE question.tenant_id = %(tenant)s AND question.fingerprint = locked.fingerprint
"""

# What is copied is the answer. Where somebody has corrected it, the word is of the correction, and
# sweep finds the one of the copy.
# The first is locked against deletion: the copy would stay behind. What is being deleted is gone.
ANSWER_NOW = """
{asked}, ready AS (
    SELECT asked.id, asked.collection_id, asked.first
    FROM asked JOIN aijobs_aijob AS first ON first.id = asked.first
    WHERE first.status = 'completed' AND first.finished_at >= %(since)s
    FOR KEY SHARE OF first
), copied AS (
    INSERT INTO aijobs_joboutput (job_id, collection_id, word, result, model, stop_reason)
    SELECT ready.id, ready.collection_id, CASE WHEN NOT EXISTS (
        SELECT FROM aijobs_correction WHERE job_id = ready.first
    ) THEN output.word END, output.result, output.model, output.stop_reason
    FROM ready JOIN aijobs_joboutput AS output ON output.job_id = ready.first
    RETURNING job_id
)
UPDATE aijobs_aijob AS job SET status = 'completed', finished_at = %(now)s, answered_by = (
    SELECT question.job_id FROM aijobs_jobinput AS input JOIN aijobs_question AS question
      ON question.tenant_id = input.tenant_id AND question.fingerprint = input.fingerprint
    WHERE input.job_id = job.id)
WHERE job.id = ANY(ARRAY(SELECT job_id FROM copied)) AND job.status = 'queued'
"""

# A job waits until its deadline is near, or for as long as it may where the first, which is no less
# urgent, will be asked at once as well. Where that one waits for a person, so does this one.
WAIT = """
{asked}, waiting AS (
    SELECT asked.id, asked.first, CASE
        WHEN asked.needed_by IS NULL THEN GREATEST(%(latest)s, first.not_before)
        WHEN first.needed_by <= asked.needed_by AND first.status <> 'submitted' THEN %(latest)s
        ELSE LEAST(%(latest)s, asked.needed_by - %(margin)s) END AS until
    FROM asked JOIN aijobs_aijob AS first ON first.id = asked.first
    WHERE first.status = ANY(%(under_way)s)
)
UPDATE aijobs_aijob AS job SET answered_by = waiting.first, not_before = waiting.until
FROM waiting
WHERE job.id = waiting.id AND waiting.until > %(now)s AND job.status = 'queued'
"""

# Of some questions those whose job, as above, has an answer or is under way.
KNOWN = """
SELECT asked.fingerprint, first.status = 'completed'
FROM unnest(%(fingerprints)s::bytea[]) AS asked (fingerprint) CROSS JOIN LATERAL (
    SELECT job_id FROM aijobs_question
    WHERE tenant_id = %(tenant)s AND fingerprint = asked.fingerprint OFFSET 0
) AS question CROSS JOIN LATERAL (
    SELECT status, finished_at FROM aijobs_aijob WHERE id = question.job_id OFFSET 0
) AS first
WHERE first.status = ANY(%(under_way)s)
   OR (first.status = 'completed' AND first.finished_at >= %(since)s)
"""

DUE = """
SELECT EXISTS (
    SELECT FROM (
        SELECT answered_by FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND answered_by IS NOT NULL
        ORDER BY answered_by, id LIMIT %(looked_at)s
    ) AS job LEFT JOIN aijobs_aijob AS first ON first.id = job.answered_by
    WHERE first.id IS NULL OR first.status <> ALL(%(under_way)s) OR first.erasing_since IS NOT NULL
)
"""

ANSWER = """
WITH ready AS (
    SELECT job.id, job.collection_id, first.id AS first
    FROM aijobs_aijob AS job JOIN aijobs_aijob AS first ON first.id = job.answered_by
    WHERE job.indexed_status = 'queued' AND job.answered_by IS NOT NULL
      AND first.status = 'completed'
    ORDER BY job.answered_by, job.id LIMIT %(piece)s
    FOR NO KEY UPDATE OF job SKIP LOCKED
    FOR KEY SHARE OF first SKIP LOCKED
), copied AS (
    INSERT INTO aijobs_joboutput (job_id, collection_id, word, result, model, stop_reason)
    SELECT ready.id, ready.collection_id, CASE WHEN NOT EXISTS (
        SELECT FROM aijobs_correction WHERE job_id = ready.first
    ) THEN output.word END, output.result, output.model, output.stop_reason
    FROM ready JOIN aijobs_joboutput AS output ON output.job_id = ready.first
    RETURNING job_id
)
UPDATE aijobs_aijob SET status = 'completed', finished_at = %(now)s
WHERE id = ANY(ARRAY(SELECT job_id FROM copied)) AND status = 'queued'
"""

RELEASE = """
UPDATE aijobs_aijob SET answered_by = NULL, not_before = created_at
WHERE status = 'queued' AND id = ANY(ARRAY(
    SELECT job.id
    FROM aijobs_aijob AS job LEFT JOIN aijobs_aijob AS first ON first.id = job.answered_by
    WHERE job.indexed_status = 'queued' AND job.answered_by IS NOT NULL
      AND (first.id IS NULL OR first.status = ANY(%(came_to_nothing)s)
           OR (first.erasing_since IS NOT NULL AND first.status <> 'completed'))
    ORDER BY job.answered_by, job.id LIMIT %(piece)s
    FOR NO KEY UPDATE OF job SKIP LOCKED
))
"""


def recall(
    tenant: Tenant,
    now: datetime,
    *,
    job: UUID | None = None,
    collection: UUID | None = None,
    several: Sequence[UUID] = (),
    jobs: int = 1,
    fingerprint: bytes = b"",
    fresh: bool = False,
) -> int:
    """Look whether a job with this fingerprint, `several`, or those of a collection repeat.

    `jobs` is how many they are; returns how many of them do.

    Call it in the transaction that stored them. Those with an earlier result are completed by it,
    those whose first is under way wait for it. `fresh`: all are sent, and answer whoever asks next.
    """
    if not tenant.repeat_days:
        return 0
    parameters: dict[str, Any] = {
        "tenant": tenant.pk,
        "jobs": job or collection or list(several),
        "fingerprint": fingerprint,
        "now": now,
        "since": _since(tenant, now),
        "latest": now + LONGEST_WAIT,
        "margin": MARGIN,
        "under_way": UNDER_WAY,
    }
    one_or_all = "job.collection_id = %(jobs)s" if collection else "job.id = ANY(%(jobs)s)"
    which = "job.id = %(jobs)s" if job else one_or_all
    known = "DO UPDATE SET job_id = EXCLUDED.job_id" if fresh else "DO NOTHING"
    remember = REMEMBER_ONE if job else REMEMBER
    # Collections differ too much for one plan.
    with prepared_cursor() if job else connection.cursor() as cursor:
        cursor.execute(remember.format(which=which, known=known), parameters)
        if fresh or cursor.rowcount == jobs:
            return 0
        asked = ASKED.format(which=which)
        # A statement each: it sees what was committed while the one before it waited.
        cursor.execute(TAKE_OVER.format(asked=asked), parameters)
        cursor.execute(ANSWER_NOW.format(asked=asked), parameters)
        answered = cursor.rowcount
        cursor.execute(WAIT.format(asked=asked), parameters)
        return int(answered + cursor.rowcount)


def known(tenant: Tenant, fingerprints: Iterable[bytes], now: datetime) -> dict[bytes, bool]:
    """Those that were asked before: True where the answer is there, False where it is awaited."""
    if not tenant.repeat_days:
        return {}
    parameters: dict[str, Any] = {
        "tenant": tenant.pk,
        "fingerprints": [*fingerprints],
        "since": _since(tenant, now),
        "under_way": UNDER_WAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, parameters)
        return {bytes(fingerprint): has_answer for fingerprint, has_answer in cursor.fetchall()}


def is_due() -> bool:
    """Whether a job waits in vain. Looks at those alone that wait for the earliest ones."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"looked_at": LOOKED_AT, "under_way": UNDER_WAY})
        return bool(cursor.fetchone()[0])


def answer(now: datetime) -> int:
    """Complete some of those whose first is completed, by its result; returns how many."""
    return _moved(ANSWER, {"now": now, "piece": PIECE})


def release() -> int:
    """Send some of those by themselves whose first came to nothing; returns how many."""
    return _moved(RELEASE, {"came_to_nothing": CAME_TO_NOTHING, "piece": PIECE})


def _since(tenant: Tenant, now: datetime) -> datetime:
    """Results that are older answer nobody."""
    return now - timedelta(days=tenant.repeat_days)


def _moved(statement: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
