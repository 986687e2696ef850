"""reconcile: find out what Anthropic really has of the batches that are in doubt.

A batch in doubt either exists there or it does not. It is among those that are newer than the
watermark stored before it was sent, and that none of our batches has; and it holds as many
requests. One such batch: it is ours, and adopted. None, for AIJOBS_RECONCILE_GRACE: it was
never made, and is released for a new submission. Several: staff decide. When results come, the
nonce in every custom_id proves the match: settle stores nothing of a stranger's batch.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from aijobs import gateway
from aijobs.gateway import RemoteBatch
from aijobs.models import Batch
from aijobs.pipeline._isolation import isolated
from aijobs.pipeline._locks import exclusive
from aijobs.pipeline._steps import Step, reached

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)


def ready(now: datetime) -> list[Batch]:
    """Unconfirmed batches whose pause is over, oldest first."""
    return list(
        Batch.objects.filter(
            Q(retry_at=None) | Q(retry_at__lte=now), status=Batch.Status.UNCONFIRMED
        ).order_by("pk")
    )


def due(now: datetime) -> bool:
    """Says nothing of `submitting`: whether its worker lives, only the lock in `run` can tell."""
    return bool(ready(now))


def run(now: datetime) -> int:
    """Decide what can be decided; returns how many batches were adopted or released."""
    decided = 0
    # The lock of dispatch: while it is held, nobody is between intent and answer.
    with exclusive("dispatch") as mine:
        if not mine:
            return 0
        for batch in Batch.objects.filter(status=Batch.Status.SUBMITTING):
            assert batch.submitting_at is not None
            # A worker that lost nothing but the lock sends no longer than this.
            over = batch.submitting_at + timedelta(seconds=settings.AIJOBS_SEND_SECONDS)
            batch.mark_unconfirmed(
                max(now, over), "In doubt: its worker died before the answer came."
            )
            reached(Step.RECONCILE_ABANDONED)
        for batch in ready(now):
            with isolated(batch, now):
                decided += reconcile(batch, now)
    return decided


def reconcile(batch: Batch, now: datetime) -> bool:
    """Decide about one batch; True when it was adopted or released."""
    try:
        newer = gateway.batches_since(batch.watermark)
    except gateway.GatewayError as error:
        batch.put_off(now + PAUSE, f"In doubt, and Anthropic does not answer: {error}")
        return False
    reached(Step.RECONCILE_LISTED)
    found = _unknown(newer, batch)
    if len(found) == 1:
        logger.warning("Batch %s was found at Anthropic and adopted.", batch.pk)
        adopted = batch.mark_submitted(now, found[0].id, found[0].expires_at)
        reached(Step.RECONCILE_ADOPTED)
        return adopted
    if found:
        batch.put_off(now + PAUSE, f"In doubt: {len(found)} batches at Anthropic could be it.")
        logger.error("Batch %s: several batches at Anthropic could be it.", batch.pk)
        return False
    assert batch.unconfirmed_at is not None
    # Not from when it was sent: a call may hang for longer than the grace, and be in time yet.
    if now - batch.unconfirmed_at < timedelta(seconds=settings.AIJOBS_RECONCILE_GRACE):
        batch.put_off(now + PAUSE, "In doubt: not in Anthropic's list, which may lag.")
        return False
    logger.warning("Batch %s never reached Anthropic and is released.", batch.pk)
    released = batch.mark_unsent(now, "Released: Anthropic never had it.")
    reached(Step.RECONCILE_RELEASED)
    return released


def _unknown(newer: list[RemoteBatch], batch: Batch) -> list[RemoteBatch]:
    """Those of Anthropic's batches that could be this one: unknown to us, and of its size."""
    known = set(
        Batch.objects.filter(remote_id__in=[remote.id for remote in newer]).values_list(
            "remote_id", flat=True
        )
    )
    return [
        remote for remote in newer if remote.id not in known and remote.requests == batch.requests
    ]
