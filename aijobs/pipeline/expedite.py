"""expedite: run at once, at full price, what can't wait for a batch.

Calls run side by side; as soon as one has ended, the next job is claimed. Tenants take turns, and
each tenant that has no call under way may start one at any time: a single urgent job starts within
seconds, whatever others have queued. No more start than Anthropic has room for (`_rates`).
"""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch

from aijobs import gateway
from aijobs.budgets import standing
from aijobs.crash_points import Step, crash_point
from aijobs.drafts import Drafts, Untold
from aijobs.gateway import limits
from aijobs.models import AIJob, BlockReason, JobAttempt, JobDocument, RateLimit, Seeding, Trial
from aijobs.outcomes import answers, endings
from aijobs.outcomes.answers import Failure, Outcome
from aijobs.outcomes.endings import Road
from aijobs.pipeline import _breaker, _rates, _urgent
from aijobs.pipeline._roads import Roads
from aijobs.pipeline._warmth import Call, Warmth, without_cache
from aijobs.postgres.locks import exclusive
from aijobs.postgres.outages import retry_while_db_down

logger = logging.getLogger(__name__)

UNTOLD = Untold()

# A model, and what the headers of one of its answers said about its limits.
Told = tuple[str, dict[str, limits.Bucket]]
Heard = SimpleQueue[Told]
# How a request is sent: with a breakpoint of the cache or without, and when.
Way = Callable[[dict[str, Any]], AbstractContextManager[Call]]

# While calls run, the queue is looked at this often.
LOOK_SECONDS = 1.0


def due(now: datetime) -> bool:
    """Whether a job is to run at once, and something may be sent."""
    if _breaker.is_holding(now) or standing.is_all_held(now):
        return False
    return Roads.at(now).has_late() or _urgent.is_any(now)


def run(
    now: datetime,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
    drafts: Drafts = UNTOLD,
) -> int:
    """Run what is urgent, until nothing more is; returns how many calls were made.

    `clock` says when each answer came: `now` is when the round began. `drafts` get what is written
    meanwhile. One worker claims at a time.
    After AIJOBS_SEND_SECONDS it leaves claiming to the next, and only waits for its own calls;
    likewise when the process is asked to end.
    """
    calls: dict[Future[Outcome], AIJob] = {}
    heard: Heard = SimpleQueue()
    warmth = Warmth()
    errors: list[Exception] = []
    made = 0

    def start(job: AIJob, beside: Counter[UUID | None], now: datetime) -> None:
        draft = drafts.begin(str(job.pk), job.attempts)
        way: Way = without_cache
        if job.collection_id is None or beside[job.collection_id]:
            way = partial(
                warmth.call,
                shares_document=job.input.shares_document,
                has_company=beside[job.collection_id] > 1,
                now=now,
            )
        call = threads.submit(ask, job, draft.write, heard.put, way)
        call.add_done_callback(lambda _: drafts.end(draft))
        calls[call] = job

    # Threads only talk to Anthropic; what they bring is stored here, as each arrives.
    with ThreadPoolExecutor(2 * settings.AIJOBS_URGENT_AT_ONCE) as threads:
        try:
            with exclusive("expedite") as mine:
                end = now + timedelta(seconds=settings.AIJOBS_SEND_SECONDS)
                while mine and now <= end and not errors and not is_stopping():
                    claimed = claim(list(calls.values()), now)
                    beside = _beside([*calls.values(), *claimed])
                    for job in claimed:
                        start(job, beside, now)
                        made += 1
                    if not calls:
                        break
                    _finish_some(calls, errors, clock)
                    now = clock()
                    _learn(heard, now)
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
    if not _urgent.is_any(now):
        return []
    allowed = _breaker.allowance(most, now)
    ids = _urgent.start(running, most=most, allowed=allowed, now=now)
    documents = Prefetch("documents", JobDocument.objects.order_by("number"))
    jobs = AIJob.objects.filter(pk__in=ids).select_related("input").prefetch_related(documents)
    # They are claimed: when PostgreSQL goes away just now, nobody else would call for them.
    claimed = retry_while_db_down(list, jobs)
    if claimed:
        crash_point(Step.EXPEDITE_CLAIMED)
        retry_while_db_down(_rates.take, claimed, now)
    return claimed


def _beside(jobs: list[AIJob]) -> Counter[UUID | None]:
    """How many of each collection are called now, where they may use the cache.

    Not those of a collection of which others go by batch, after one that is to cache for an hour
    what they share: it would read what calls have cached for minutes.
    """
    beside: Counter[UUID | None] = Counter(job.collection_id for job in jobs if job.collection_id)
    if beside:
        tried = Trial.objects.filter(pk__in=list(beside), state=Trial.State.OPEN)
        seeded = Seeding.objects.waiting().filter(pk__in=list(beside))
        for pk in [*tried.values_list("pk", flat=True), *seeded.values_list("pk", flat=True)]:
            del beside[pk]
    return beside


def _learn(heard: Heard, now: datetime) -> None:
    """What answers have said about limits since the last look."""
    told: dict[str, dict[str, limits.Bucket]] = {}
    while not heard.empty():
        model, buckets = heard.get()
        known = told.setdefault(model, {})
        for kind, bucket in buckets.items():
            # Answers of one moment come in any order: what is left is the least of what they say.
            known[kind] = min(known.get(kind, bucket), bucket, key=lambda one: one.left)
    if any(told.values()):
        _rates.learn(told, now)
        crash_point(Step.EXPEDITE_LEARNED)


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
            retry_while_db_down(_tell_rates, job, outcome, clock())
        except Exception as error:
            # The other answers were paid for as well: they are stored first.
            errors.append(error)


def ask(
    job: AIJob,
    write: Callable[[str], object] = lambda _: None,
    hear: Callable[[Told], object] = lambda _: None,
    way: Way = without_cache,
) -> Outcome:
    """One call for one job, whose input is loaded.

    `write` gets the answer piece by piece, and `hear` what its headers say about limits. `way` says
    how the request is sent, with regard to the cache, and when.
    """
    try:
        kind = job.kind
        given = kind.load(
            job.input.options,
            [one.part for one in job.documents.all()],
            shares_document=job.input.shares_document,
        )
        params = kind.request(given, model=job.input.model, max_tokens_factor=job.max_tokens_factor)

        with way(params) as call:

            def wrote(piece: str) -> None:
                # Anthropic has begun, and may bill it: from here to its end all is in doubt.
                crash_point(Step.EXPEDITE_STREAMING)
                call.began()
                write(piece)

            message = gateway.create_message(
                call.params,
                answered=lambda headers: hear((params["model"], limits.buckets(headers))),
                wrote=wrote,
            )
            call.began()
        crash_point(Step.EXPEDITE_ANSWERED)
        return answers.of_direct_answer(kind, given, message)
    except gateway.NeverSent as error:
        return Failure("never_sent", str(error))
    except gateway.Refused as error:
        return _of_refusal(error)
    except gateway.InDoubt as error:
        # The answer may have been made and billed: a person decides about asking again.
        return Failure("in_doubt", f"{error} It may have been charged; retry if you need it.")
    except Exception as error:
        # Whatever it is, the answers to the other jobs of the round must be stored. Its message
        # is kept to itself: it may quote the document.
        logger.error("Job %s: %s", job.pk, type(error).__name__)  # noqa: TRY400
        return Failure("in_doubt", "It failed unexpectedly, and may have been charged.")


def _of_refusal(error: gateway.Refused) -> Failure:
    reason = error.account_block
    if reason is None and error.is_busy:
        return Failure("busy", str(error), wait=error.retry_after)
    if reason in (None, BlockReason.NO_PERMISSION):
        # What may be missing is a permission for this model alone: others may go on.
        return Failure(error.error_type, str(error))
    return Failure(reason, str(error))


@transaction.atomic
def finish(job: AIJob, outcome: Outcome, now: datetime) -> None:
    """Store what became of a claimed job, if this attempt of it still is the latest.

    If sweep gave it up in the meantime, the answer ends the doubt; if it is on its way anew, was
    canceled, or is erased, the answer is charged for, and not stored.
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
    if outcome.billed and not ours and not AIJob.objects.of(job.tenant).filter(pk=job.pk).exists():
        endings.charge_alone(job, outcome.billed, road, now)
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


def _tell_rates(job: AIJob, outcome: Outcome, now: datetime) -> None:
    assert job.started_at is not None
    model, most = job.input.asked_model, settings.AIJOBS_URGENT_AT_ONCE
    if isinstance(outcome, Failure) and outcome.error_type == "busy":
        until = now + (outcome.wait or _rates.UNTOLD_WAIT)
        RateLimit.mark_refused(model, sent_at=job.started_at, until=until, most=most, now=now)
        crash_point(Step.EXPEDITE_PAUSED)
        logger.warning("Anthropic has no room for direct calls of %s until %s.", model, until)
    elif outcome.billed is not None:
        RateLimit.mark_answered(model, most=most)
