"""settle: fetch the results of ended batches, and store one result and one charge a job.

First everything is downloaded and counted. Only when each custom_id of the batch is there
exactly once, and the kinds of result are as many as Anthropic said, is anything stored. Storing
goes in chunks, each one transaction; a job is stored only while it still is in the batch, so a
second run, after a crash or beside the first, finds nothing left to do.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO

from django.db import connection, transaction
from django.db.models import Q

from aijobs import gateway, jobtypes
from aijobs.crash_points import Step, crash_point
from aijobs.jobtypes import JobTypeInput
from aijobs.models import AIJob, Batch, BlockReason, JobAttempt, Submission
from aijobs.outcomes import answers, endings
from aijobs.outcomes.answers import Outcome
from aijobs.outcomes.endings import LockedJob, Road
from aijobs.pipeline import _breaker
from aijobs.pipeline._quarantine import TRIES_BEFORE_STAFF, quarantine
from aijobs.postgres.locks import exclusive
from aijobs.submissions import adopted
from aijobs.submissions.results import lines, loads

logger = logging.getLogger(__name__)

CHUNK_ROWS = 5_000
CHUNK_BYTES = 16_000_000
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=30)


class ResultsDontAddUp(Exception):
    """The results are not one row for each request of the batch. Says what is wrong."""


def ready(now: datetime) -> list[Submission]:
    """Of ended batches whose pause is over, oldest first."""
    ended = Submission.objects.current().filter(
        Q(batch__retry_at=None) | Q(batch__retry_at__lte=now), batch__status=Batch.Status.ENDED
    )
    return list(ended.select_related("batch").order_by("batch"))


def due(now: datetime) -> bool:
    return bool(ready(now))


def run(now: datetime) -> int:
    """Settle what has ended; returns how many batches."""
    settled = 0
    for submission in ready(now):
        with exclusive(f"settle {submission.batch_id}") as mine:
            if mine:
                with quarantine(submission.batch, now):
                    settled += settle(submission, now)
    return settled


def settle(submission: Submission, now: datetime) -> bool:
    """Settle its batch; False when the results could not be had or don't add up yet."""
    batch = submission.batch
    assert submission.remote_id is not None
    # Rows are nearly as long as Python's own buffer.
    with TemporaryFile(buffering=gateway.PIECE) as results:
        try:
            gateway.download_results(submission.remote_id, results)
            crash_point(Step.SETTLE_DOWNLOADED)
            keys = check(submission, results)
            crash_point(Step.SETTLE_CHECKED)
        except gateway.GatewayError as error:
            _defer(batch, error, now)
            return False
        except ResultsDontAddUp as error:
            if adopted.is_given_back(submission, results, now):
                crash_point(Step.SETTLE_DISOWNED)
            else:
                _defer(batch, error, now)
            return False
        counts: Counter[str] = Counter()
        unread: Counter[str] = Counter()
        for chunk in _chunks(keys, results):
            counts += store(submission, chunk, now, unread)
            crash_point(Step.SETTLE_COMMITTED)
    if unread:
        # They are paid for, and Anthropic keeps them until somebody can read them.
        _defer(batch, ResultsDontAddUp(f"rows that cannot be read: {dict(unread)}"), now)
        return False
    if not batch.mark_settled(submission, now):
        return False  # Nothing moved: another worker was quicker.
    crash_point(Step.SETTLE_SETTLED)
    logger.info("Batch %s settled: %s", batch.pk, dict(counts))
    _tell_breaker(submission, now)
    return True


def _defer(batch: Batch, error: Exception, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2.0 ** min(batch.attempts, 10), LONGEST_PAUSE)
    batch.defer(now + pause, f"Not settled yet: {error}")
    logger.warning("Batch %s is not settled yet: %s", batch.pk, error)
    if batch.attempts >= TRIES_BEFORE_STAFF and batch.flag_for_staff(
        "Its results cannot be fetched, or don't add up. They are asked for again every half hour."
    ):
        logger.error("Batch %s could not be settled %s times.", batch.pk, batch.attempts)


def _tell_breaker(submission: Submission, now: datetime) -> None:
    """Rows that were refused for the account's sake stop all sending; answers let it go on."""
    batch = submission.batch
    blocked = JobAttempt.objects.filter(
        batch=batch, error_type__in=answers.ACCOUNT_BLOCKED_IN_ROWS
    ).first()
    if blocked:
        reason = BlockReason(blocked.error_type)
        _breaker.trip(reason, blocked.message, sent_at=submission.sent_at, now=now, in_answer=True)
    elif batch.succeeded:
        _breaker.record_success(sent_at=submission.sent_at, now=now, by_answer=True)


def check(submission: Submission, results: IO[bytes]) -> list[str]:
    """Account for every custom_id of the batch exactly once, and for every kind of result.

    Returns the jobs' keys in the order of the rows. Raises ResultsDontAddUp.
    """
    batch = submission.batch
    # Each custom_id, and whether a row bears it.
    seen = dict.fromkeys(map(submission.custom_id, _keys(batch)), False)
    keys: list[str] = []
    kinds: Counter[str] = Counter()
    for number, line in enumerate(lines(results), 1):
        try:
            row = loads(line)
            custom_id = str(row["custom_id"])
            kinds[row["result"]["type"]] += 1
        except (ValueError, LookupError, TypeError):
            raise ResultsDontAddUp(f"row {number} is broken") from None
        if custom_id not in seen:
            raise ResultsDontAddUp(f"row {number} belongs to no job of the batch")
        if seen[custom_id]:
            raise ResultsDontAddUp(f"row {number} is there twice")
        seen[custom_id] = True
        keys.append(custom_id.partition("-")[2])
    if missing := sum(not is_there for is_there in seen.values()):
        raise ResultsDontAddUp(f"{missing} of {len(seen)} rows are missing")
    said = {kind: getattr(batch, kind) for kind in ("succeeded", "errored", "canceled", "expired")}
    if any(kinds[kind] != said[kind] for kind in said):
        raise ResultsDontAddUp(f"rows by kind are {dict(kinds)}, and should be {said}")
    return keys


@transaction.atomic
def store(
    submission: Submission, rows: Mapping[str, bytes], now: datetime, unread: Counter[str]
) -> Counter[str]:
    """Store rows, by the keys of their jobs, if those still are in the batch.

    Returns how many jobs got which status. A row that cannot be read leaves its job as it is, and
    is counted in `unread` by the kind of error.
    """
    with connection.cursor() as cursor:
        # The disk is waited for once, when the batch is settled. What a crash of PostgreSQL
        # takes away until then is stored again from the same results.
        cursor.execute("SET LOCAL synchronous_commit = off")
    jobs = endings.lock_jobs(rows, status=AIJob.Status.SUBMITTED, batch=submission.batch)
    crash_point(Step.SETTLE_LOCKED)
    outcomes = _outcomes(jobs, rows, unread)
    counts = endings.store(outcomes, Road.of_batch(submission), now=now)
    crash_point(Step.SETTLE_STORED)
    return counts


def _outcomes(
    jobs: Mapping[str, LockedJob], rows: Mapping[str, bytes], unread: Counter[str]
) -> Iterator[tuple[LockedJob, Outcome]]:
    """What each row means for its job."""

    def read(job: LockedJob, given: JobTypeInput | None = None) -> Outcome | None:
        try:
            result = loads(rows[job.key])["result"]
            return answers.of_row(job.job_type, given or job.given, result)
        except Exception as error:
            # Whatever it is, the answers beside it are stored.
            unread[type(error).__name__] += 1
            return None

    rereading = [job for job in jobs.values() if jobtypes.get(job.job_type).reads_document]
    # Now, and not when they are stored: no documents can be asked for then.
    reread = {job.key: read(job, given) for job, given in endings.with_documents(rereading)}
    outcomes = ((job, reread[key] if key in reread else read(job)) for key, job in jobs.items())
    return ((job, outcome) for job, outcome in outcomes if outcome is not None)


def _keys(batch: Batch) -> Iterator[str]:
    """The jobs it was sent with: those still in it, and those that left it with a failure."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(uuid_send(id), 'hex') FROM aijobs_aijob WHERE batch_id = %(batch)s UNION"
            " SELECT encode(uuid_send(job_id), 'hex') FROM aijobs_jobattempt"
            " WHERE batch_id = %(batch)s",
            {"batch": batch.pk},
        )
        while rows := cursor.fetchmany(CHUNK_ROWS):
            yield from (key for (key,) in rows)


def _chunks(keys: list[str], results: IO[bytes]) -> Iterator[dict[str, bytes]]:
    """Rows by key; what is read of them is read when it is stored, and never held."""
    chunk: dict[str, bytes] = {}
    size = 0
    for key, line in zip(keys, lines(results), strict=True):
        chunk[key] = line
        size += len(line)
        if len(chunk) == CHUNK_ROWS or size > CHUNK_BYTES:
            yield chunk
            chunk, size = {}, 0
    if chunk:
        yield chunk
