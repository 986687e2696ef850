"""Store how attempts ended: result and charge, another attempt, or the end of the job.

The one place where outcomes become rows, for batches, rejected batches and direct calls alike.
Everything about a set of attempts is stored in the transaction of the caller, who holds the
row locks that `lock_jobs` took: no second worker can store the same attempt.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import F

from aijobs import jobtypes, tokens
from aijobs.crash_points import Step, crash_point
from aijobs.jobtypes import JobTypeInput, Part
from aijobs.models import AIJob, Batch, JobAttempt, JobOutput, LedgerEntry, Submission
from aijobs.outcomes import charges, retries
from aijobs.outcomes.answers import Billed, Failure, Outcome, Success
from aijobs.postgres.copying import copy_rows

logger = logging.getLogger(__name__)

# Their documents may be long.
DOCUMENTS_AT_ONCE = 100

DROPPED = "It was canceled on its way. Its answer came, was charged, and was not kept."

OUTPUT_COLUMNS = ["job_id", "collection_id", "model", "stop_reason", "word", "result"]
CHARGE_COLUMNS = [
    "tenant_id",
    "job_id",
    "batch_id",
    "custom_id",
    "job_type",
    "route",
    "model",
    "priced_as",
    "priced_on",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cost_usd",
    "sync_cost_usd",
    "saved_usd",
    "created_at",
    "is_estimated",
]


class LockedJob(NamedTuple):
    """What storing an ending needs to know of a job whose row is locked."""

    key: str
    """Its id as 32 hexadecimal digits."""
    id: UUID
    tenant_id: int
    job_type: str
    attempts: int
    forgiven_attempts: int
    max_tokens_factor: int
    options: str
    """The JSON of its input but for the document."""
    own_model: str
    """Where it is not asked of the model of its job type."""
    is_erased: bool = False
    """Nothing of its answer is stored but what it cost."""
    is_dropped: bool = False
    """Nor of this one's, whose row stays: its attempt is noted down, and it ends as canceled."""
    collection_id: UUID | None = None

    @property
    def given(self) -> JobTypeInput:
        """Its input without the document."""
        return _given(self.job_type, self.options)


class Road(NamedTuple):
    """How a set of attempts went: in the batch of a submission, or as direct calls without one."""

    submission: Submission | None
    sent_on: date
    """The day in UTC on which they were sent: its prices count."""

    @classmethod
    def of_batch(cls, submission: Submission) -> "Road":
        return cls(submission, submission.sent_at.astimezone(UTC).date())

    @classmethod
    def direct(cls, sent_at: datetime) -> "Road":
        return cls(None, sent_at.astimezone(UTC).date())

    @property
    def batch(self) -> Batch | None:
        return self.submission.batch if self.submission else None

    @property
    def route(self) -> AIJob.Route:
        return AIJob.Route.BATCH if self.submission else AIJob.Route.SYNC

    def custom_id(self, job: LockedJob) -> str:
        """What its charge is known by: the key of its line, or of its call."""
        if self.submission:
            return self.submission.custom_id(job.key)
        return f"sync-{job.attempts}-{job.key}"


@lru_cache(maxsize=4_096)
def _given(job_type: str, options: str) -> JobTypeInput:
    """Jobs of one collection mostly share their options; inputs cannot be changed."""
    given: JobTypeInput = jobtypes.get(job_type).load(orjson.loads(options))
    return given


def lock_jobs(
    ids: Iterable[UUID | str], *, status: str, batch: Batch | None
) -> dict[str, LockedJob]:
    """Lock those of the jobs that still have this status and batch; by key, the others left out.

    Two questions, each about an array of keys: no table statistics can talk PostgreSQL into a
    scan, or into a join that asks for each job anew. The subquery hides the array's length from the
    planner, which would otherwise look into each element.
    """
    wanted = _array(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(uuid_send(job_id), 'hex'), options::text, model FROM aijobs_jobinput"
            " WHERE job_id = ANY(ARRAY(SELECT unnest(%s::uuid[])))",
            [wanted],
        )
        inputs: dict[str, tuple[str, str]] = {key: given for key, *given in cursor.fetchall()}
        cursor.execute(
            """
            SELECT encode(uuid_send(id), 'hex'), id, tenant_id, job_type, attempts,
                   forgiven_attempts, max_tokens_factor, erasing_since IS NOT NULL,
                   dropped_at IS NOT NULL, collection_id
            FROM aijobs_aijob
            WHERE id = ANY(ARRAY(SELECT unnest(%s::uuid[])))
              AND status = %s AND batch_id IS NOT DISTINCT FROM %s
            FOR NO KEY UPDATE
            """,
            [wanted, status, batch.pk if batch else None],
        )
        return {
            job[0]: LockedJob._make((*job, *inputs[job[0]], *rest))
            for *job, is_erased, is_dropped, collection in cursor.fetchall()
            for rest in [(is_erased, is_dropped, collection)]
        }


def with_documents(jobs: Iterable[LockedJob]) -> Iterator[tuple[LockedJob, JobTypeInput]]:
    """Jobs with their inputs and the texts of their documents, a few at a time."""
    remaining = iter(jobs)
    while piece := {job.key: job for job in islice(remaining, DOCUMENTS_AT_ONCE)}:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT encode(uuid_send(job_id), 'hex'), text::text, media_type, pages,"
                " read_as = 'original' FROM aijobs_jobdocument"
                " WHERE job_id = ANY(%s::uuid[]) ORDER BY job_id, number",
                [_array(piece)],
            )
            parts: dict[str, list[Part]] = defaultdict(list)
            for key, text, *columns in cursor.fetchall():
                # The standard parser: a document may hold a lone surrogate, which orjson refuses.
                parts[key].append(Part(json.loads(text), *columns))
        for key, job in piece.items():
            kind = jobtypes.get(job.job_type)
            yield job, kind.load(orjson.loads(job.options), parts[key])


def _array(ids: Iterable[UUID | str]) -> str:
    """A PostgreSQL array of ids as text: adapting thousands of values one by one takes time."""
    return f"{{{','.join(map(str, ids))}}}"


def store(
    endings: Iterable[tuple[LockedJob, Outcome]], road: Road, *, now: datetime
) -> Counter[str]:
    """Store the endings of attempts; returns how many jobs got which status.

    `endings` is read while PostgreSQL stores the results before: what makes them must ask the
    database nothing. Call it in the transaction that locked the jobs.
    """
    completed: list[str] = []
    erased: list[str] = []
    charged: list[tuple[Any, ...]] = []
    unmeasured: list[tuple[LockedJob, Billed]] = []
    failures: list[tuple[LockedJob, Failure]] = []

    def outputs() -> Iterator[tuple[object, ...]]:
        """The results; charges and failures are gathered on the way."""
        for job, outcome in endings:
            if outcome.billed is not None:
                if outcome.billed.lacks_prompt:
                    unmeasured.append((job, outcome.billed))
                else:
                    charged.append(_charge(job, outcome.billed, road, now))
            if job.is_erased:
                erased.append(job.key)
            elif job.is_dropped and isinstance(outcome, Success):
                # By its attempt, settle finds it among those that its batch was sent with.
                failures.append((job, Failure("dropped", DROPPED)))
            elif isinstance(outcome, Success):
                completed.append(job.key)
                yield (
                    job.id,
                    job.collection_id,
                    _storable(outcome.billed.model)[:100],
                    outcome.billed.stop_reason[:40],
                    jobtypes.get(job.job_type).word(outcome.result),
                    outcome.result,
                )
            else:
                failures.append((job, outcome))

    copy_rows(JobOutput, OUTPUT_COLUMNS, outputs())
    charged += [_charge(job, billed, road, now) for job, billed in _measured(unmeasured)]
    if charged:
        _store_charges(charged)
    crash_point(Step.ENDINGS_COPIED)
    finished: dict[str, list[str]] = defaultdict(list)
    finished[AIJob.Status.COMPLETED] = completed
    finished[AIJob.Status.CANCELED] = erased  # And nothing is sent again that is to be deleted.
    again = _sort_failures(failures, road.batch, now, finished)
    failed = frozenset(finished[AIJob.Status.FAILED])
    JobAttempt.objects.bulk_create(
        JobAttempt(
            job_id=job.id,
            number=job.attempts,
            batch=road.batch,
            route=road.route,
            error_type=_storable(failure.error_type)[:60],
            message=_storable(
                retries.message(failure.error_type, failure.message, is_last=job.key in failed)
            ),
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


def charge_alone(job: AIJob, billed: Billed, road: Road, now: datetime) -> None:
    """Charge for the answer to a direct call that came too late to be stored, once."""
    locked = LockedJob(
        *(job.pk.hex, job.pk, job.tenant_id, job.job_type, job.attempts),
        *(job.forgiven_attempts, job.max_tokens_factor, json.dumps(job.input.options)),
        job.input.model,
    )
    if not LedgerEntry.objects.filter(batch=None, custom_id=road.custom_id(locked)).exists():
        if billed.lacks_prompt:
            ((_, billed),) = _measured([(locked, billed)])
        _store_charges([_charge(locked, billed, road, now)])


def _measured(
    answered: Sequence[tuple[LockedJob, Billed]],
) -> Iterator[tuple[LockedJob, Billed]]:
    """Answers that do not say what was read: it is estimated by what was sent.

    They were charged for at Anthropic, so they never cost nothing here.
    """
    if answered:
        logger.error("%s answers do not say what was used: it is estimated.", len(answered))
    billed = {job.key: one for job, one in answered}
    for job, given in with_documents(job for job, _ in answered):
        params = jobtypes.get(job.job_type).params(given)
        estimate = tokens.of_request(params, given.parts)
        yield job, billed[job.key].with_prompt(estimate.tokens)


def _store_charges(rows: Sequence[tuple[Any, ...]]) -> None:
    copy_rows(LedgerEntry, CHARGE_COLUMNS, rows)
    model, priced_as = map(CHARGE_COLUMNS.index, ("model", "priced_as"))
    for name in sorted({row[model] for row in rows if not row[priced_as]}):
        logger.error("There is no price for %s: its charges are $0 until there is one.", name)


def _sort_failures(
    failures: Sequence[tuple[LockedJob, Failure]],
    batch: Batch | None,
    now: datetime,
    finished: dict[str, list[str]],
) -> list[tuple[UUID, datetime, int]]:
    """Put failed jobs among the finished, or return id, moment and factor of the next attempt."""
    earlier: dict[UUID, Counter[str]] = defaultdict(Counter)
    attempts = JobAttempt.objects.filter(
        job__in=[job.id for job, _ in failures], number__gt=F("job__forgiven_attempts")
    )
    for job_id, error_type in attempts.values_list("job_id", "error_type"):
        earlier[job_id][error_type] += 1
    again = []
    for job, failure in failures:
        kind = failure.error_type
        attempts_now = job.attempts - job.forgiven_attempts
        ends = batch and batch.after_cancel == Batch.AfterCancel.CANCEL
        if job.is_dropped or (kind == "canceled" and ends):
            finished[AIJob.Status.CANCELED].append(job.key)
        elif retries.is_sent_again(kind, attempts_now, earlier[job.id]):
            wait = retries.pause(kind, attempts_now, failure.wait)
            if failure.wait is None and batch is None:
                wait += _spread(job, wait)
            factor = retries.max_tokens_factor(kind, job.max_tokens_factor)
            again.append((job.id, now + wait, factor))
        else:
            finished[AIJob.Status.FAILED].append(job.key)
    withdrawn = _withdrawn(pk for pk, *_ in again)
    finished[AIJob.Status.CANCELED] += [pk.hex for pk in withdrawn]
    return [one for one in again if one[0] not in withdrawn]


def _withdrawn(ids: Iterable[UUID]) -> set[UUID]:
    """Those of a collection that is canceled as a whole: they are not sent again, not even once."""
    if not (wanted := [*ids]):
        return set()
    jobs = AIJob.objects.filter(pk__in=wanted, collection__cancellation__isnull=False)
    return set(jobs.values_list("pk", flat=True))


def _spread(job: LockedJob, wait: timedelta) -> timedelta:
    """Up to half as long again, by its id: calls that failed together do not return together."""
    return wait * (job.id.int % 100 / 200)


@lru_cache(maxsize=1_024)
def _storable(text: str) -> str:
    """What Anthropic says, without what PostgreSQL can't store."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _charge(job: LockedJob, billed: Billed, road: Road, now: datetime) -> tuple[Any, ...]:
    """The row of LedgerEntry, in the order of CHARGE_COLUMNS."""
    usage = billed.usage
    is_batch = road.submission is not None
    asked = jobtypes.get(job.job_type).model_of(job.own_model)
    price = charges.price_of(billed.model, asked, usage, batch=is_batch, on=road.sent_on)
    return (
        job.tenant_id,
        job.id,
        road.batch.pk if road.batch else None,
        road.custom_id(job),
        job.job_type,
        road.route.value,
        _storable(billed.model)[:100],
        price.priced_as[:100],
        road.sent_on,
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_input_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
        *price.charge,
        now,
        billed.is_estimated,
    )
