"""reconcile: find out what Anthropic really has of the batches that are in doubt.

A batch in doubt either exists there or it does not. It is among those that are newer than the
watermark stored before it was sent, and that none of our batches has; and it holds as many
requests. One such batch: it is ours, and adopted. None, for AIJOBS_RECONCILE_GRACE: it was
never made, and is released for a new submission. Several: staff decide, unless they end first:
the nonce in every custom_id tells whose results they are. So settle gives a stranger's back.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from aijobs import gateway
from aijobs.gateway import RemoteBatch
from aijobs.models import Batch, LostSubmission
from aijobs.pipeline import _strays
from aijobs.pipeline._crash_points import Step, crash_point
from aijobs.pipeline._locks import exclusive
from aijobs.pipeline._quarantine import quarantine

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)


class CannotAdopt(Exception):
    """A batch at Anthropic is not the one in doubt. Says why."""


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
            crash_point(Step.RECONCILE_ABANDONED)
        for batch in ready(now):
            with quarantine(batch, now):
                decided += reconcile(batch, now)
    return decided


def reconcile(batch: Batch, now: datetime) -> bool:
    """Decide about one batch; True when it was adopted or released."""
    assert batch.unconfirmed_at is not None
    # Not from when it was sent: a call may hang for longer than the grace, and be in time yet.
    doubt = now - batch.unconfirmed_at
    may_lag = doubt < timedelta(seconds=settings.AIJOBS_RECONCILE_GRACE)
    try:
        found = candidates(batch, now)
        is_ours = bool(found) or may_lag or _is_our_workspace(batch)
    except gateway.GatewayError as error:
        batch.prolong_doubt(now)
        batch.defer(now + PAUSE, f"In doubt, and Anthropic does not answer: {error}")
        return False
    crash_point(Step.RECONCILE_LISTED)
    if len(found) == 1:
        logger.warning("Batch %s was found at Anthropic and adopted.", batch.pk)
        adopted = batch.mark_submitted(now, found[0].id, found[0].expires_at)
        crash_point(Step.RECONCILE_ADOPTED)
        return adopted
    if found:
        batch.defer(now + PAUSE, f"In doubt: {len(found)} batches at Anthropic could be it.")
        if batch.flag_for_staff("Several batches at Anthropic could be it: adopt the right one."):
            logger.error("Batch %s: several batches at Anthropic could be it.", batch.pk)
        return False
    if may_lag:
        batch.defer(now + PAUSE, "In doubt: not in Anthropic's list, which may lag.")
        return False
    if not is_ours:
        batch.prolong_doubt(now)
        batch.defer(now + PAUSE, "In doubt: Anthropic knows none of our batches.")
        if batch.flag_for_staff("Anthropic knows none of our batches: a key of another workspace?"):
            logger.error("Batch %s: Anthropic knows none of our batches.", batch.pk)
        return False
    released = release(batch, now=now)
    crash_point(Step.RECONCILE_RELEASED)
    return released


def candidates(batch: Batch, now: datetime) -> list[RemoteBatch]:
    """What Anthropic has that could be the batch; one alone where its results prove it.

    Raises gateway.Refused or gateway.Unavailable.
    """
    assert batch.submitting_at is not None
    newer = gateway.batches_since(batch.watermark, batch.submitting_at - _strays.LOOKED_BACK)
    ours = _nonces(batch)
    found = []
    for remote in _strays.unknown(newer):
        if remote.requests != batch.requests:
            continue
        nonce = _strays.nonce_at_end(remote)
        if nonce in ours:
            return [remote]
        if nonce is None:
            found.append(remote)
        else:
            _strays.record(remote, nonce, now)
    return found


def _nonces(batch: Batch) -> set[str]:
    """Of its submission, and of earlier ones that may show only now: settle tells which it is."""
    earlier = batch.lost_submissions.filter(requests=batch.requests)
    return {batch.nonce, *earlier.values_list("nonce", flat=True)}


def _is_our_workspace(batch: Batch) -> bool:
    """Whether Anthropic knows what was there before: the key of another workspace shows nothing.

    Raises gateway.Refused or gateway.Unavailable.
    """
    ours = Batch.objects.filter(remote_id__isnull=False, remote_deleted_at=None)
    newest = ours.order_by("-pk").values_list("remote_id", flat=True).first()
    known = [remote_id for remote_id in (batch.watermark, newest) if remote_id]
    for remote_id in known:
        try:
            gateway.retrieve_batch(remote_id)
        except gateway.Refused as error:
            if error.status != 404:
                raise
        else:
            return True
    return not known


@transaction.atomic
def release(batch: Batch, *, now: datetime, by: str = "") -> bool:
    """Give its submission up as lost, so that it is sent again; False when it is not in doubt.

    Should Anthropic have it after all, both are worked on until sweep cancels the late one.
    """
    if batch.submitting_at is None or batch.unconfirmed_at is None:
        return False
    lost = LostSubmission(
        batch=batch,
        nonce=batch.nonce,
        watermark=batch.watermark,
        requests=batch.requests,
        submitting_at=batch.submitting_at,
        unconfirmed_at=batch.unconfirmed_at,
        released_at=now,
        released_by=by,
    )
    if not batch.mark_released(now, "Released: Anthropic does not seem to have had it."):
        return False
    lost.save()
    logger.warning("Batch %s did not reach Anthropic, it seems, and is released.", batch.pk)
    if batch.lost_submissions.count() > 1 and batch.flag_for_staff(
        "It was given up as lost more than once. It is sent again all the same."
    ):
        logger.error("Batch %s was given up as lost more than once.", batch.pk)
    return True


def adopt(batch: Batch, remote_id: str, *, now: datetime) -> None:
    """Take a batch at Anthropic for the one in doubt, because a person says so.

    Raises CannotAdopt; gateway.Refused or gateway.Unavailable where Anthropic does not show it.
    """
    if batch.status != Batch.Status.UNCONFIRMED:
        raise CannotAdopt(f"Only a batch in doubt can adopt one, not one that is {batch.status}.")
    remote = gateway.retrieve_batch(remote_id)
    if remote.requests != batch.requests:
        raise CannotAdopt(f"It holds {remote.requests:,} requests, not {batch.requests:,}.")
    if not _strays.unknown([remote]):
        raise CannotAdopt("It is known already, as another batch or as a stray one.")
    if _strays.nonce_at_end(remote) not in {None, *_nonces(batch)}:
        raise CannotAdopt("Its results are not those of this batch.")
    try:
        with transaction.atomic():
            adopted = batch.mark_submitted(now, remote.id, remote.expires_at)
    except IntegrityError:
        adopted = False
    crash_point(Step.RECONCILE_ADOPTED)
    if not adopted:
        raise CannotAdopt("Somebody else decided about it meanwhile.")
    logger.warning("Batch %s adopted %s by hand.", batch.pk, remote.id)
