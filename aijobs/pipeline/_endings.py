"""Store how attempts ended: result and charge, another attempt, or the end of the job.

The one place where outcomes become rows, for batches, rejected batches and direct calls alike.
Everything about a set of attempts is stored in the transaction of the caller, who holds the
row locks that `lock_jobs` took: no second worker can store the same attempt.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection

from aijobs import jobtypes, pricing
from aijobs.jobtypes import JobTypeInput
from aijobs.models import AIJob, Batch, JobAttempt, LedgerEntry
from aijobs.models.fields import encode_json
from aijobs.pipeline._answers import (
    ACCOUNT_BLOCKED,
    NOT_AN_ATTEMPT,
    RETRY_ONCE,
    TRANSIENT,
    Billed,
    Failure,
    Outcome,
    Success,
)
from aijobs.pipeline._copy import NULL, binary_cell, cell, copy_rows
from aijobs.pipeline._crash_points import Step, crash_point
from aijobs.pricing import UnknownModel

BACKOFF = timedelta(seconds=30)
BACKOFF_LIMIT = timedelta(hours=1)
# Their documents may be long.
DOCUMENTS_AT_ONCE = 100
# The network may be back at any moment, and asking costs nothing.
UNSENT_LIMIT = timedelta(minutes=3)


class LockedJob(NamedTuple):
    """What storing an ending needs to know of a job whose row is locked."""

    key: str
    """Its id as 32 hexadecimal digits."""
    tenant_id: int
    job_type: str
    attempts: int
    max_tokens_factor: int
    options: str
    """The JSON of its input but for the document."""

    @property
    def id(self) -> UUID:
        return UUID(self.key)

    @property
    def given(self) -> JobTypeInput:
        """Its input without the document."""
        return _given(self.job_type, self.options)


@lru_cache(maxsize=4_096)
def _given(job_type: str, options: str) -> JobTypeInput:
    """Jobs of one collection mostly share their options; inputs cannot be changed."""
    given: JobTypeInput = jobtypes.get(job_type).load(orjson.loads(options))
    return given


def lock_jobs(
    ids: Iterable[UUID | str], *, status: str, batch: Batch | None
) -> dict[str, LockedJob]:
    """Lock those of the jobs that still are where the caller thinks; the others are not there.

    Two questions, each about an array of keys: no table statistics can talk PostgreSQL into a
    scan, or into a join that asks for each job anew. It does not look into the array, which would
    take as long as finding the rows.
    """
    wanted = _array(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(uuid_send(job_id), 'hex'), options::text FROM aijobs_jobinput"
            " WHERE job_id = ANY(ARRAY(SELECT unnest(%s::uuid[])))",
            [wanted],
        )
        options: dict[str, str] = dict(cursor.fetchall())
        cursor.execute(
            """
            SELECT encode(uuid_send(id), 'hex'), tenant_id, job_type, attempts, max_tokens_factor
            FROM aijobs_aijob
            WHERE id = ANY(ARRAY(SELECT unnest(%s::uuid[])))
              AND status = %s AND batch_id IS NOT DISTINCT FROM %s
            FOR NO KEY UPDATE
            """,
            [wanted, status, batch.pk if batch else None],
        )
        return {job[0]: LockedJob._make((*job, options[job[0]])) for job in cursor.fetchall()}


def with_documents(jobs: Iterable[LockedJob]) -> Iterator[tuple[LockedJob, JobTypeInput]]:
    """Jobs with their whole inputs, a few at a time."""
    remaining = iter(jobs)
    while piece := {job.key: job for job in islice(remaining, DOCUMENTS_AT_ONCE)}:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT encode(uuid_send(job_id), 'hex'), document::text FROM aijobs_jobinput"
                " WHERE job_id = ANY(%s::uuid[])",
                [_array(piece)],
            )
            for key, document in cursor.fetchall():
                kind = jobtypes.get(piece[key].job_type)
                # The standard parser: a document may hold a lone surrogate, which orjson refuses.
                text = {kind.text_field: json.loads(document)}
                yield piece[key], kind.load(orjson.loads(piece[key].options) | text)


def _array(ids: Iterable[UUID | str]) -> str:
    """A PostgreSQL array of ids as text: adapting thousands of values one by one takes time."""
    return f"{{{','.join(map(str, ids))}}}"


def store(
    endings: Iterable[tuple[LockedJob, Outcome]], *, batch: Batch | None, now: datetime
) -> Counter[str]:
    """Store the endings of attempts; returns how many jobs got which status.

    They are made while PostgreSQL stores those before them: making one must ask the database
    nothing. Call it in the transaction that locked the jobs. `batch` is None for direct calls.
    """
    route = AIJob.Route.BATCH if batch else AIJob.Route.SYNC
    common = _common(batch, route, now)
    completed: list[str] = []
    charges: list[bytes] = []
    failures: list[tuple[LockedJob, Failure]] = []

    def outputs() -> Iterator[bytes]:
        """The results; what else the endings say is gathered on the way."""
        for job, outcome in endings:
            if outcome.billed is not None:
                charges.append(_charge(job, outcome.billed, batch, now.date()) + common)
            if isinstance(outcome, Success):
                completed.append(job.key)
                yield _output(job, outcome)
            else:
                failures.append((job, outcome))

    copy_rows(
        "aijobs_joboutput",
        ("job_id", "model", "stop_reason", "result"),
        outputs(),
        binary=True,
    )
    if charges:
        copy_rows("aijobs_ledgerentry", CHARGE, charges)
    crash_point(Step.ENDINGS_COPIED)
    finished: dict[str, list[str]] = defaultdict(list)
    finished[AIJob.Status.COMPLETED] = completed
    again = _sort_failures(failures, batch, now, finished)
    JobAttempt.objects.bulk_create(
        JobAttempt(
            job_id=job.id,
            number=job.attempts,
            batch=batch,
            route=route,
            error_type=_storable(failure.error_type)[:60],
            message=_storable(failure.message),
            ended_at=now,
        )
        for job, failure in failures
    )
    with connection.cursor() as cursor:
        for status, ids in finished.items():
            if ids:
                cursor.execute(
                    "UPDATE aijobs_aijob SET status = %s, finished_at = %s"
                    " WHERE id = ANY(ARRAY(SELECT unnest(%s::uuid[])))",
                    [status, now, _array(ids)],
                )
        if again:
            cursor.execute(
                """
                UPDATE aijobs_aijob SET status = 'queued', batch_id = NULL, started_at = NULL,
                       not_before = again.not_before, max_tokens_factor = again.max_tokens_factor
                FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[])
                     AS again (id, not_before, max_tokens_factor)
                WHERE aijobs_aijob.id = again.id
                """,
                list(map(list, zip(*again, strict=True))),
            )
    crash_point(Step.ENDINGS_MOVED)
    counts = Counter({str(status): len(ids) for status, ids in finished.items() if ids})
    counts[str(AIJob.Status.QUEUED)] += len(again)
    return counts


def charge_alone(job: AIJob, billed: Billed, now: datetime) -> None:
    """Charge for the answer to a direct call that came too late to be stored, once."""
    lock = LockedJob(
        job.pk.hex, job.tenant_id, job.job_type, job.attempts, job.max_tokens_factor, ""
    )
    if not LedgerEntry.objects.filter(batch=None, custom_id=_sent_as(lock, None)).exists():
        common = _common(None, AIJob.Route.SYNC, now)
        copy_rows("aijobs_ledgerentry", CHARGE, [_charge(lock, billed, None, now.date()) + common])


def _sort_failures(
    failures: Sequence[tuple[LockedJob, Failure]],
    batch: Batch | None,
    now: datetime,
    finished: dict[str, list[str]],
) -> list[tuple[UUID, datetime, int]]:
    """Put failed jobs among the finished, or return them with moment and factor to try again."""
    earlier: Counter[tuple[UUID, str]] = Counter(
        JobAttempt.objects.filter(job__in=[job.id for job, _ in failures]).values_list(
            "job_id", "error_type"
        )
    )
    again = []
    for job, failure in failures:
        kind = failure.error_type
        counted = job.attempts - sum(earlier[job.id, uncounted] for uncounted in NOT_AN_ATTEMPT)
        is_worth_it = kind in TRANSIENT or (kind in RETRY_ONCE and not earlier[job.id, kind])
        if kind == "canceled" and batch and batch.after_cancel == Batch.AfterCancel.CANCEL:
            finished[AIJob.Status.CANCELED].append(job.key)
        elif kind in NOT_AN_ATTEMPT | {"canceled"} or (
            is_worth_it and counted < settings.AIJOBS_MAX_ATTEMPTS
        ):
            max_tokens_factor = 2 if kind == "max_tokens" else job.max_tokens_factor
            again.append((job.id, now + _pause(kind, job, batch), max_tokens_factor))
        else:
            finished[AIJob.Status.FAILED].append(job.key)
    return again


def _pause(error_type: str, job: LockedJob, batch: Batch | None) -> timedelta:
    """How long an attempt waits after this error: longer each time where Anthropic is busy."""
    if error_type in RETRY_ONCE | ACCOUNT_BLOCKED or error_type in {"canceled", "expired"}:
        return timedelta(0)
    limit = UNSENT_LIMIT if error_type == "never_sent" else BACKOFF_LIMIT
    pause = min(BACKOFF * 2.0 ** min(job.attempts - 1, 10), limit)
    if batch is None:
        # Direct calls that failed at once had better not come back at once.
        pause *= 1 + job.id.int % 100 / 200
    return pause


CHARGE = (
    "tenant_id",
    "job_id",
    "custom_id",
    "job_type",
    "model",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cost_usd",
    "sync_cost_usd",
    "saved_usd",
    "priced_as",
    "priced_on",
    # The same for all that are stored together.
    "batch_id",
    "route",
    "created_at",
)


def _storable(text: str) -> str:
    """What Anthropic says, without what PostgreSQL can't store."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


@lru_cache(maxsize=256)
def _name(model: str) -> bytes:
    return cell(_storable(model)[:100])


def _output(job: LockedJob, success: Success) -> bytes:
    """The row of JobOutput, in binary."""
    names = _names(success.billed.model, success.billed.stop_reason)
    return b"\0\4\0\0\0\x10%b%b%b" % (
        bytes.fromhex(job.key),
        names,
        binary_cell(encode_json(success.result)),
    )


@lru_cache(maxsize=256)
def _names(model: str, stop_reason: str) -> bytes:
    return binary_cell(_storable(model)[:100].encode()) + binary_cell(stop_reason[:40].encode())


def _charge(job: LockedJob, billed: Billed, batch: Batch | None, on: date) -> bytes:
    """The row of LedgerEntry, in the order of CHARGE, up to what is the same for all."""
    usage = billed.usage
    priced_as = billed.model
    try:
        charge = pricing.charge(priced_as, usage, batch=batch is not None, on=on)
    except UnknownModel:
        # Anthropic answered under another name; the price is that of the model asked for.
        priced_as = jobtypes.get(job.job_type).model
        charge = pricing.charge(priced_as, usage, batch=batch is not None, on=on)
    return (
        f"{job.tenant_id}\t{job.key}\t{_sent_as(job, batch)}\t{job.job_type}\t"
        f"{_name(billed.model).decode()}\t"
        f"{usage.input_tokens}\t{usage.output_tokens}\t{usage.cache_read_input_tokens}\t"
        f"{usage.cache_write_5m_tokens}\t{usage.cache_write_1h_tokens}\t"
        f"{charge.cost_usd}\t{charge.sync_cost_usd}\t{charge.saved_usd}\t"
        f"{_name(priced_as).decode()}\t{on}\t"
    ).encode()


def _sent_as(job: LockedJob, batch: Batch | None) -> str:
    """The custom_id of its charge."""
    return f"{batch.nonce}-{job.key}" if batch else f"sync-{job.attempts}-{job.key}"


def _common(batch: Batch | None, route: AIJob.Route, now: datetime) -> bytes:
    """The end of the row of LedgerEntry."""
    number = b"%d" % batch.pk if batch else NULL
    return b"%b\t%b\t%b\n" % (number, route.value.encode(), now.isoformat().encode())
