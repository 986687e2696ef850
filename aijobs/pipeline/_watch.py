"""Moments that pass in vain: ours that a wrong clock wrote, and those of Anthropic's promises.

It ends a batch within a day of its creation, and keeps the results for 29.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Least

from aijobs import gateway
from aijobs.models import AIJob, Batch, CircuitBreaker
from aijobs.pipeline import _endings
from aijobs.pipeline._answers import Failure
from aijobs.pipeline._crash_points import Step, crash_point
from aijobs.pipeline._retention import KEPT_BY_ANTHROPIC

logger = logging.getLogger(__name__)

# More than anything pauses.
LONGEST_PAUSE = timedelta(hours=1)
LATE = timedelta(hours=1)
ALARM_BEFORE = timedelta(days=7)
CHUNK_ROWS = 5_000


def end_long_pauses(now: datetime) -> None:
    """End pauses that a clock began which was ahead: no stage would look there until then.

    A doubt may last. To ask later is safe, and to send again too early is not.
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
    open_ones = Q(status__in=[*Batch.REMOTE, Batch.Status.ENDED])
    vanishing = Q(submitting_at__lt=now - KEPT_BY_ANTHROPIC + ALARM_BEFORE)
    for batch in Batch.objects.filter(open_ones, vanishing).order_by("pk"):
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
    old = Batch.objects.filter(
        status__in=[*Batch.REMOTE, Batch.Status.ENDED],
        submitting_at__lt=now - KEPT_BY_ANTHROPIC,
    )
    return sum(_give_up(batch, now) for batch in old.order_by("pk") if _is_gone(batch))


def _is_gone(batch: Batch) -> bool:
    assert batch.remote_id is not None
    try:
        if batch.status == Batch.Status.ENDED:
            gateway.first_result(batch.remote_id)
        else:
            gateway.retrieve_batch(batch.remote_id)
    except gateway.Refused as error:
        return error.status == 404
    except gateway.Unavailable:
        return False
    return False


def _give_up(batch: Batch, now: datetime) -> bool:
    failure = Failure("results_expired", "Anthropic deleted its result before it was fetched.")
    waiting = AIJob.objects.filter(batch=batch, status=AIJob.Status.SUBMITTED).order_by("pk")
    while ids := list(waiting.values_list("pk", flat=True)[:CHUNK_ROWS]):
        with transaction.atomic():
            jobs = _endings.lock_jobs(ids, status=AIJob.Status.SUBMITTED, batch=batch)
            _endings.store(((job, failure) for job in jobs.values()), batch=batch, now=now)
        crash_point(Step.SWEEP_GAVE_UP)
    logger.error("Batch %s: Anthropic no longer has its results.", batch.pk)
    return batch.mark_vanished(now, "Anthropic deleted its results before they were fetched.")
