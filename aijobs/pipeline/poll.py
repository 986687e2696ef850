"""poll: ask Anthropic how its batches stand, until each has ended."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import Batch, Submission
from aijobs.pipeline._quarantine import quarantine

logger = logging.getLogger(__name__)


def ready(now: datetime) -> list[Submission]:
    """Of batches at Anthropic that nobody asked about for AIJOBS_POLL_EVERY."""
    before = now - timedelta(seconds=settings.AIJOBS_POLL_EVERY)
    asked_before = Q(batch__polled_at=None) | Q(batch__polled_at__lte=before)
    there = Submission.objects.current().filter(asked_before, batch__status__in=Batch.REMOTE)
    return list(there.select_related("batch").order_by("batch"))


def due(now: datetime) -> bool:
    return bool(ready(now))


def run(now: datetime) -> int:
    """Ask about each batch that is due; returns how many have ended."""
    ended = 0
    for submission in ready(now):
        if submission.batch.mark_polled(now):  # Otherwise another worker asks just now.
            crash_point(Step.POLL_CLAIMED)
            with quarantine(submission.batch, now):
                ended += poll(submission, now)
    return ended


def poll(submission: Submission, now: datetime) -> bool:
    """Ask about the batch of a submission; True when it has ended."""
    batch = submission.batch
    assert submission.remote_id is not None
    try:
        remote = gateway.retrieve_batch(submission.remote_id)
        crash_point(Step.POLL_ANSWERED)
        if batch.status == Batch.Status.CANCELING and remote.status == "in_progress":
            # The cancellation never arrived.
            remote = gateway.cancel_batch(submission.remote_id)
            crash_point(Step.POLL_CANCELED)
    except gateway.GatewayError as error:
        batch.remark(f"Polled in vain: {error}")
        logger.warning("Batch %s polled in vain: %s", batch.pk, error)
        return False
    if not remote.has_ended:
        if remote.status == Batch.Status.CANCELING:
            batch.mark_canceling(submission, now)  # Somebody canceled it in Anthropic's console.
        return False
    ended = batch.mark_ended(submission, remote.ended_at or now, remote.counts)
    crash_point(Step.POLL_COMMITTED)
    if ended:
        logger.info("Batch %s ended: %s", batch.pk, remote.counts)
    return ended
