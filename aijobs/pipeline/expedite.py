"""expedite: run at once, at full price, what can't wait for a batch."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from aijobs import gateway, jobtypes
from aijobs.models import AIJob, JobAttempt
from aijobs.pipeline import _answers, _breaker, _endings
from aijobs.pipeline._answers import ACCOUNT_BLOCKED, Failure, Outcome
from aijobs.pipeline._crash_points import Step, crash_point
from aijobs.pipeline._db_outages import retry_while_db_down

logger = logging.getLogger(__name__)

# A job that still waits this long before its deadline is taken out of the queue for batches:
# a direct answer takes seconds, the quickest batch a minute or two.
MARGIN = timedelta(minutes=3)


def ready(now: datetime) -> list[AIJob]:
    """Waiting jobs that are wanted now, or soon; the most urgent first. None while nothing may
    be sent."""
    if _breaker.is_holding(now):
        return []
    return list(
        AIJob.objects.filter(
            # What is wanted at once was due when it was accepted.
            needed_by__lte=now + MARGIN,
            indexed_status=AIJob.Status.QUEUED,
            job_type__in=jobtypes.names(),
            not_before__lte=now,
        )
        .select_related("input")
        .order_by("needed_by")[: settings.AIJOBS_URGENT_AT_ONCE]
    )


def due(now: datetime) -> bool:
    return bool(ready(now))


def run(now: datetime, clock: Callable[[], datetime]) -> int:
    """Run up to AIJOBS_URGENT_AT_ONCE jobs side by side; returns how many were run.

    `clock` says when each answer came: `now` is when the round began.
    """
    # Claimed before the call: a second worker finds them processing.
    wanted = ready(now)
    allowed = wanted[: _breaker.allowance(len(wanted), now)]
    claimed = [job for job in allowed if job.mark_processing(now)]
    if not claimed:
        return 0
    crash_point(Step.EXPEDITE_CLAIMED)
    with ThreadPoolExecutor(max_workers=len(claimed)) as threads:
        # Threads only talk to Anthropic; what they bring is stored here, as each arrives.
        calls: dict[Future[Outcome], AIJob] = {threads.submit(ask, job): job for job in claimed}
        errors: list[Exception] = []
        for call in as_completed(calls):
            outcome = call.result()
            crash_point(Step.EXPEDITE_ANSWERED)
            try:
                retry_while_db_down(finish, calls[call], outcome, clock())
                crash_point(Step.EXPEDITE_COMMITTED)
                retry_while_db_down(_tell_breaker, calls[call], outcome, clock())
            except Exception as error:
                # The other answers were paid for as well.
                errors.append(error)
    if errors:
        raise errors[0]
    return len(claimed)


def ask(job: AIJob) -> Outcome:
    """One call for one job, whose input is loaded."""
    try:
        kind = job.kind
        given = kind.load({**job.input.options, kind.text_field: job.input.document})
        message = gateway.create_message(
            kind.params(given, max_tokens_factor=job.max_tokens_factor)
        )
        return _answers.of_direct_answer(kind, given, message)
    except gateway.NeverSent as error:
        return Failure("never_sent", str(error))
    except gateway.Refused as error:
        reason = _breaker.reason_of(error.error_type, error.error_code, str(error))
        return Failure(str(reason) if reason in ACCOUNT_BLOCKED else error.error_type, str(error))
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
    doubt = JobAttempt.objects.filter(job=job.pk, number=job.attempts, error_type="in_doubt")
    if outcome.billed and doubt.exists():
        if job.mark_answered():
            doubt.delete()
        else:
            _endings.charge_alone(job, outcome.billed, now)
    locked = _endings.lock_jobs([job.pk], status=AIJob.Status.PROCESSING, batch=None)
    ours = [one for one in locked.values() if one.attempts == job.attempts]
    _endings.store(((one, outcome) for one in ours), batch=None, now=now)
    crash_point(Step.EXPEDITE_STORED)
    logger.info("Job %s ran at once.", job.pk)


def _tell_breaker(job: AIJob, outcome: Outcome, now: datetime) -> None:
    assert job.started_at is not None
    if outcome.billed is not None:
        _breaker.record_success(sent_at=job.started_at, now=now, by_answer=True)
    elif isinstance(outcome, Failure) and outcome.error_type in ACCOUNT_BLOCKED:
        reason = _breaker.Reason(outcome.error_type)
        _breaker.trip(reason, outcome.message, sent_at=job.started_at, now=now)
