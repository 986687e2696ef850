"""expedite: run at once, at full price, what can't wait for a batch.

Calls run side by side; as soon as one has ended, the next job is claimed. Tenants take turns, and
each tenant that has no call under way may start one at any time: a single urgent job starts within
seconds, whatever others have queued.
"""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Prefetch

from aijobs import gateway, jobtypes
from aijobs.budgets import standing
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, BlockReason, JobAttempt, JobDocument
from aijobs.outcomes import answers, endings
from aijobs.outcomes.answers import Failure, Outcome
from aijobs.outcomes.endings import Road
from aijobs.pipeline import _breaker, _shares
from aijobs.pipeline._roads import Roads
from aijobs.postgres.locks import exclusive
from aijobs.postgres.outages import retry_while_db_down

logger = logging.getLogger(__name__)

# While calls run, the queue is looked at this often.
LOOK_SECONDS = 1.0

# The tenants whose jobs are to run at once, one probe of the index `job_at_once` each; of each
# tenant that may spend more, its jobs by their deadline. Each probe asks for the whole order of
# that index: no statistics can talk PostgreSQL into another one that begins with the tenant.
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
        SELECT id, tenant_id, needed_by FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'sync'
          AND tenant_id = waiting.tenant_id AND not_before <= %(now)s
          AND job_type = ANY(%(job_types)s)
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
# all; beyond them, up to `most` may start, each of them a tenant's only call.
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
), chosen AS (
    SELECT job.id, ranked.tenant_id, place
    FROM ranked JOIN aijobs_aijob AS job ON job.id = ranked.id
    WHERE place <= %(free)s OR (rank = 1 AND place <= %(most)s)
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
SET status = 'processing', started_at = %(now)s, attempts = attempts + 1,
    answered_by = NULL
WHERE id = ANY(ARRAY(SELECT id FROM chosen)) AND status = 'queued'
RETURNING id
"""
)


def due(now: datetime) -> bool:
    """Whether a job is to run at once, and something may be sent."""
    if _breaker.is_holding(now) or standing.is_all_held(now):
        return False
    return Roads.at(now).has_late() or _is_any_urgent(now)


def _is_any_urgent(now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(DUE, _urgent(now, most=1))
        return bool(cursor.fetchone()[0])


def run(
    now: datetime,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Run what is urgent, until nothing more is; returns how many calls were made.

    `clock` says when each answer came: `now` is when the round began. One worker claims at a time.
    After AIJOBS_SEND_SECONDS it leaves claiming to the next, and only waits for its own calls;
    likewise when the process is asked to end.
    """
    calls: dict[Future[Outcome], AIJob] = {}
    errors: list[Exception] = []
    made = 0
    # Threads only talk to Anthropic; what they bring is stored here, as each arrives.
    with ThreadPoolExecutor(2 * settings.AIJOBS_URGENT_AT_ONCE) as threads:
        try:
            with exclusive("expedite") as mine:
                end = now + timedelta(seconds=settings.AIJOBS_SEND_SECONDS)
                while mine and now <= end and not errors and not is_stopping():
                    for job in claim(list(calls.values()), now):
                        calls[threads.submit(ask, job)] = job
                        made += 1
                    if not calls:
                        break
                    _finish_some(calls, errors, clock)
                    now = clock()
        except Exception as error:
            # PostgreSQL may be away. The answers to the calls under way are stored all the same.
            errors.append(error)
        while calls:
            _finish_some(calls, errors, clock)
    if errors:
        raise errors[0]
    return made


def claim(running: list[AIJob], now: datetime) -> list[AIJob]:
    """Take jobs out of the queue for the calls that may start beside those that run.

    No other worker finds them any more: they are processing. Their inputs are loaded.
    """
    most = 2 * settings.AIJOBS_URGENT_AT_ONCE - len(running)
    if most <= 0 or not due(now):
        return []
    Roads.at(now).choose()
    if not _is_any_urgent(now):
        return []
    allowed = _breaker.allowance(most, now)
    calls = Counter(job.tenant_id for job in running)
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                **_urgent(now, most=most),
                **_shares.weights(),
                "tenants": list(calls.keys()),
                "calls": list(calls.values()),
                "free": settings.AIJOBS_URGENT_AT_ONCE - len(running),
                "allowed": allowed,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    documents = Prefetch("documents", JobDocument.objects.order_by("number"))
    jobs = AIJob.objects.filter(pk__in=ids).select_related("input").prefetch_related(documents)
    # They are claimed: when PostgreSQL goes away just now, nobody else would call for them.
    claimed = retry_while_db_down(list, jobs)
    if claimed:
        crash_point(Step.EXPEDITE_CLAIMED)
    return claimed


def _urgent(now: datetime, *, most: int) -> dict[str, Any]:
    """The parameters of URGENT."""
    return {
        "now": now,
        "job_types": list(jobtypes.names()),
        "most": most,
        "held": standing.held(now),
    }


def _finish_some(
    calls: dict[Future[Outcome], AIJob], errors: list[Exception], clock: Callable[[], datetime]
) -> None:
    """Wait a moment, and store the answers that have come by then. Errors are kept for later."""
    done, _ = wait(calls, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
    for call in done:
        job = calls.pop(call)
        outcome = call.result()
        try:
            retry_while_db_down(finish, job, outcome, clock())
            crash_point(Step.EXPEDITE_COMMITTED)
            retry_while_db_down(_tell_breaker, job, outcome, clock())
        except Exception as error:
            # The other answers were paid for as well: they are stored first.
            errors.append(error)


def ask(job: AIJob) -> Outcome:
    """One call for one job, whose input is loaded."""
    try:
        kind = job.kind
        given = kind.load(
            job.input.options,
            [one.part for one in job.documents.all()],
            shares_document=job.input.shares_document,
        )
        message = gateway.create_message(
            kind.request(given, model=job.input.model, max_tokens_factor=job.max_tokens_factor)
        )
        crash_point(Step.EXPEDITE_ANSWERED)
        return answers.of_direct_answer(kind, given, message)
    except gateway.NeverSent as error:
        return Failure("never_sent", str(error))
    except gateway.Refused as error:
        reason = error.account_block
        if reason in (None, BlockReason.NO_PERMISSION):
            # What may be missing is a permission for this model alone: others may go on.
            return Failure(error.error_type, str(error))
        return Failure(reason, str(error))
    except gateway.InDoubt as error:
        # The answer may have been made and billed: a person decides about asking again.
        return Failure("in_doubt", f"{error} It may have been charged; retry if you need it.")
    except Exception as error:
        # Whatever it is, the answers to the other jobs of the round must be stored. Its message
        # is kept to itself: it may quote the document.
        logger.error("Job %s: %s", job.pk, type(error).__name__)  # noqa: TRY400
        return Failure("in_doubt", "It failed unexpectedly, and may have been charged.")


@transaction.atomic
def finish(job: AIJob, outcome: Outcome, now: datetime) -> None:
    """Store what became of a claimed job, if this attempt of it still is the latest.

    If sweep gave it up in the meantime, the answer ends the doubt; if it is on its way anew, or
    was canceled, the answer is charged for, and not stored.
    """
    assert job.started_at is not None
    road = Road.direct(job.started_at)
    doubt = JobAttempt.objects.filter(job=job.pk, number=job.attempts, error_type="in_doubt")
    if outcome.billed and doubt.exists():
        if job.mark_answered():
            doubt.delete()
        else:
            endings.charge_alone(job, outcome.billed, road, now)
    locked = endings.lock_jobs([job.pk], status=AIJob.Status.PROCESSING, batch=None)
    ours = [one for one in locked.values() if one.attempts == job.attempts]
    endings.store(((one, outcome) for one in ours), road, now=now)
    crash_point(Step.EXPEDITE_STORED)
    logger.info("Job %s ran at once.", job.pk)


def _tell_breaker(job: AIJob, outcome: Outcome, now: datetime) -> None:
    assert job.started_at is not None
    if outcome.billed is not None:
        _breaker.record_success(sent_at=job.started_at, now=now, by_answer=True)
    elif isinstance(outcome, Failure) and outcome.error_type in BlockReason.values:
        reason = BlockReason(outcome.error_type)
        _breaker.trip(reason, outcome.message, sent_at=job.started_at, now=now)
