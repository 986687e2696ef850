"""Moments that were missed: pauses that a wrong clock wrote, and Anthropic's time limits.

Anthropic ends a batch within a day of its creation, and keeps the results for 29 days.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Least

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, CircuitBreaker, Submission
from aijobs.models.submissions import SubmissionQuerySet
from aijobs.outcomes import endings
from aijobs.outcomes.answers import Failure
from aijobs.outcomes.endings import Road
from aijobs.pipeline._retention import KEPT_BY_ANTHROPIC

logger = logging.getLogger(__name__)

# No stage pauses for longer: a moment further ahead was written by a clock that ran ahead.
LONGEST_PAUSE = timedelta(hours=1)
LATE = timedelta(hours=1)
ALARM_BEFORE = timedelta(days=7)
CHUNK_ROWS = 5_000


def end_long_pauses(now: datetime) -> None:
    """End pauses that reach too far ahead: a worker whose clock ran ahead began them.

    Until then no stage would look at the batch, the job or the breaker. `Submission.doubt_at` is
    left alone: a doubt that lasts longer is safe, and one that ends too early sends a batch twice.
    """
    far = now + LONGEST_PAUSE
    unfinished = Batch.objects.exclude(status__in=Batch.FINAL)
    unfinished.filter(retry_at__gt=far).update(retry_at=now)
    unfinished.filter(polled_at__gt=far).update(polled_at=now)
    breaker = CircuitBreaker.objects.open().filter(probe_at__gt=far)
    breaker.update(probe_at=now, opened_at=Least("opened_at", now))
    running = AIJob.objects.filter(indexed_status=AIJob.Status.PROCESSING)
    running.filter(started_at__gt=far).update(started_at=now)


def flag_for_staff(now: datetime) -> None:
    """Name the batches that a person should look at before it is too late."""
    sent_long_ago = _sent_before(now - KEPT_BY_ANTHROPIC + ALARM_BEFORE)
    vanishing = Q(pk__in=sent_long_ago.values("batch"))
    for batch in Batch.objects.filter(vanishing).order_by("pk"):
        _call(batch, "Its results are not stored yet, and Anthropic deletes them in a few days.")
    late = Batch.objects.filter(status__in=Batch.REMOTE, expires_at__lt=now - LATE)
    for batch in late.exclude(vanishing).order_by("pk"):
        _call(batch, "It should have ended a day after it was sent. It is still asked about.")


def _call(batch: Batch, why: str) -> None:
    if batch.flag_for_staff(why):
        logger.error("Batch %s: %s", batch.pk, why)


def give_up_vanished(now: datetime) -> int:
    """End the jobs whose results Anthropic has deleted; returns how many batches.

    They were paid for, so no machine asks for them again. Age alone proves nothing: Anthropic
    must say that they are gone.
    """
    old = _sent_before(now - KEPT_BY_ANTHROPIC).select_related("batch").order_by("batch")
    return sum(_give_up(submission, now) for submission in old if _is_gone(submission))


def _sent_before(moment: datetime) -> SubmissionQuerySet:
    """Submissions sent before a moment whose results are not stored yet."""
    return Submission.objects.current().filter(
        batch__status__in=[*Batch.REMOTE, Batch.Status.ENDED], sent_at__lt=moment
    )


def _is_gone(submission: Submission) -> bool:
    assert submission.remote_id is not None
    try:
        if submission.batch.status == Batch.Status.ENDED:
            gateway.first_result(submission.remote_id)
        else:
            gateway.retrieve_batch(submission.remote_id)
    except gateway.Refused as error:
        return error.status == 404
    except gateway.Unavailable:
        return False
    return False


def _give_up(submission: Submission, now: datetime) -> bool:
    batch, road = submission.batch, Road.of_batch(submission)
    failure = Failure("results_expired", "Anthropic deleted its result before it was fetched.")
    waiting = AIJob.objects.filter(batch=batch, status=AIJob.Status.SUBMITTED).order_by("pk")
    while ids := list(waiting.values_list("pk", flat=True)[:CHUNK_ROWS]):
        with transaction.atomic():
            jobs = endings.lock_jobs(ids, status=AIJob.Status.SUBMITTED, batch=batch)
            endings.store(((job, failure) for job in jobs.values()), road, now=now)
        crash_point(Step.SWEEP_GAVE_UP)
    logger.error("Batch %s: Anthropic no longer has its results.", batch.pk)
    return batch.mark_vanished(
        submission, now, "Anthropic deleted its results before they were fetched."
    )
