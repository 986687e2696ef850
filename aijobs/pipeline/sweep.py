"""sweep: rescue what is stuck, and prune what is old."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from aijobs.models import AIJob, IdempotencyKey
from aijobs.pipeline import _endings
from aijobs.pipeline._answers import Failure
from aijobs.pipeline._steps import Step, reached

logger = logging.getLogger(__name__)

# Added to the longest call, for what its worker does around it.
MARGIN = timedelta(minutes=1)
IDEMPOTENCY_KEYS_LAST = timedelta(days=2)


def due(now: datetime) -> bool:  # noqa: ARG001
    """Never urgent: its schedule is enough."""
    return False


def run(now: datetime) -> int:
    """Do it all once; returns how many jobs were rescued."""
    IdempotencyKey.objects.filter(created_at__lt=now - IDEMPOTENCY_KEYS_LAST).delete()
    rescued = rescue(now)
    reached(Step.SWEEP_COMMITTED)
    return rescued


def lost_after() -> timedelta:
    """No direct call runs longer: a job that is still processing lost its worker."""
    return timedelta(seconds=settings.AIJOBS_ANSWER_SECONDS) + MARGIN


@transaction.atomic
def rescue(now: datetime) -> int:
    """End direct calls whose worker died: the answer may have been made and charged."""
    lost = AIJob.objects.filter(
        status=AIJob.Status.PROCESSING, started_at__lt=now - lost_after()
    ).values_list("pk", flat=True)
    jobs = _endings.lock_jobs(list(lost), status=AIJob.Status.PROCESSING, batch=None)
    failure = Failure(
        "in_doubt", "Its worker died during the call. It may have been charged; retry if needed."
    )
    _endings.store(((job, failure) for job in jobs.values()), batch=None, now=now)
    reached(Step.SWEEP_RESCUED)
    if jobs:
        logger.warning("%s direct calls lost their worker.", len(jobs))
    return len(jobs)
