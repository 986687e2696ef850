"""poll: ask Anthropic how its batches stand, until each has ended."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from aijobs import gateway
from aijobs.models import Batch
from aijobs.pipeline._crash_points import Step, crash_point
from aijobs.pipeline._quarantine import quarantine

logger = logging.getLogger(__name__)


def ready(now: datetime) -> list[Batch]:
    """Batches at Anthropic that nobody asked about for AIJOBS_POLL_EVERY."""
    before = now - timedelta(seconds=settings.AIJOBS_POLL_EVERY)
    return list(
        Batch.objects.filter(
            Q(polled_at=None) | Q(polled_at__lte=before), status__in=Batch.REMOTE
        ).order_by("pk")
    )


def due(now: datetime) -> bool:
    return bool(ready(now))


def run(now: datetime) -> int:
    """Ask about each batch that is due; returns how many have ended."""
    ended = 0
    for batch in ready(now):
        if batch.mark_polled(now):  # Otherwise another worker asks just now.
            crash_point(Step.POLL_CLAIMED)
            with quarantine(batch, now):
                ended += poll(batch, now)
    return ended


def poll(batch: Batch, now: datetime) -> bool:
    """Ask about one batch; True when it has ended."""
    assert batch.remote_id is not None
    try:
        remote = gateway.retrieve_batch(batch.remote_id)
        crash_point(Step.POLL_ANSWERED)
        if batch.status == Batch.Status.CANCELING and remote.status == "in_progress":
            # The cancellation never arrived.
            remote = gateway.cancel_batch(batch.remote_id)
            crash_point(Step.POLL_CANCELED)
    except gateway.GatewayError as error:
        batch.remark(f"Polled in vain: {error}")
        logger.warning("Batch %s polled in vain: %s", batch.pk, error)
        return False
    if not remote.has_ended:
        if remote.status == Batch.Status.CANCELING:
            batch.mark_canceling()  # Somebody canceled it in Anthropic's console.
        return False
    ended = batch.mark_ended(remote.ended_at or now, remote.counts)
    crash_point(Step.POLL_COMMITTED)
    if ended:
        logger.info("Batch %s ended: %s", batch.pk, remote.counts)
    return ended
