"""Collections that are canceled as a whole: also what comes back into the queue later."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Cancellation, Collection

logger = logging.getLogger(__name__)

# After a cancellation. What is on its way then has ended a day later, or comes back until it has
# used up its attempts.
WATCHED = timedelta(days=14)


@transaction.atomic
def initiate(collection: Collection, now: datetime) -> int:
    """Cancel what waits, and whatever comes back; returns how many waited.

    Done twice, the first moment stays.
    """
    Cancellation.objects.get_or_create(collection=collection, defaults={"initiated_at": now})
    return AIJob.objects.filter(collection=collection).cancel_waiting(now)


def follow(now: datetime) -> None:
    """Cancel what came back into the queue at the moment of the cancellation."""
    recent = Cancellation.objects.filter(initiated_at__gt=now - WATCHED)
    back = AIJob.objects.filter(collection=OuterRef("pk"), status=AIJob.Status.QUEUED)
    for cancellation in recent.filter(Exists(back)):
        jobs = AIJob.objects.filter(collection=cancellation.collection_id)
        logger.info("%s jobs that came back are canceled.", jobs.cancel_waiting(now))
        crash_point(Step.SWEEP_WITHDRAWN)
