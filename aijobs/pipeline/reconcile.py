"""reconcile: find out what Anthropic really has of the submissions that are in doubt.

A submission in doubt either is there or it is not; `aijobs/submissions/identity.py` says which
batches at Anthropic could be it. One such batch: it is ours, and adopted. None, for
AIJOBS_RECONCILE_GRACE: it was never made, and is released for a new submission. Several: staff
decide, unless they end first: then the nonce in every custom_id tells whose they are.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import Batch, Submission
from aijobs.pipeline._quarantine import quarantine
from aijobs.postgres.locks import exclusive
from aijobs.submissions import identity, moves

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)


class CannotAdopt(Exception):
    """A batch at Anthropic is not the one in doubt. Says why."""


def ready(now: datetime) -> list[Submission]:
    """Submissions in doubt whose pause is over, oldest first."""
    return list(
        Submission.objects.filter(
            Q(batch__retry_at=None) | Q(batch__retry_at__lte=now),
            state=Submission.State.IN_DOUBT,
        )
        .select_related("batch")
        .order_by("pk")
    )


def due(now: datetime) -> bool:
    """Says nothing of `sending`: whether its worker lives, only the lock in `run` can tell."""
    return bool(ready(now))


def run(now: datetime) -> int:
    """Decide what can be decided; returns how many submissions were adopted or released."""
    decided = 0
    # The lock of dispatch: while it is held, nobody is between intent and answer.
    with exclusive("dispatch") as mine:
        if not mine:
            return 0
        abandoned = Submission.objects.filter(state=Submission.State.SENDING)
        for submission in abandoned.select_related("batch"):
            # Its worker may have lost nothing but the lock, and sends no longer than this.
            over = submission.sent_at + timedelta(seconds=settings.AIJOBS_SEND_SECONDS)
            moves.doubt(
                submission, max(now, over), "In doubt: its worker died before the answer came."
            )
            crash_point(Step.RECONCILE_ABANDONED)
        for submission in ready(now):
            with quarantine(submission.batch, now):
                decided += reconcile(submission, now)
    return decided


def reconcile(submission: Submission, now: datetime) -> bool:
    """Decide about one submission; True when it was adopted or released."""
    batch = submission.batch
    assert submission.doubt_at is not None
    # Not from when it was sent: a call may hang for longer than the grace, and be in time yet.
    may_lag = now - submission.doubt_at < timedelta(seconds=settings.AIJOBS_RECONCILE_GRACE)
    try:
        found = identity.candidates(submission, now)
        is_ours = bool(found) or may_lag or identity.is_our_workspace(submission)
    except gateway.GatewayError as error:
        submission.prolong_doubt(now)
        batch.defer(now + PAUSE, f"In doubt, and Anthropic does not answer: {error}")
        return False
    crash_point(Step.RECONCILE_LISTED)
    if len(found) == 1:
        logger.warning("Batch %s was found at Anthropic and adopted.", batch.pk)
        adopted = moves.adopt(submission, found[0].id, found[0].expires_at, now)
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
        submission.prolong_doubt(now)
        batch.defer(now + PAUSE, "In doubt: Anthropic knows none of our batches.")
        if batch.flag_for_staff("Anthropic knows none of our batches: a key of another workspace?"):
            logger.error("Batch %s: Anthropic knows none of our batches.", batch.pk)
        return False
    released = release(submission, now=now)
    crash_point(Step.RECONCILE_RELEASED)
    return released


def release(submission: Submission, *, now: datetime, by: str = "") -> bool:
    """Give it up as lost, so that its batch is sent again; False when it is not in doubt.

    Should Anthropic have it after all, both are worked on until sweep cancels the late one.
    `by`: the person who decided so.
    """
    batch = submission.batch
    if not moves.release(
        submission, now, "Released: Anthropic does not seem to have had it.", by=by
    ):
        return False
    logger.warning("Batch %s did not reach Anthropic, it seems, and is released.", batch.pk)
    times = batch.submissions.filter(state=Submission.State.RELEASED).count()
    if times > 1 and batch.flag_for_staff(
        "It was given up as lost more than once. It is sent again all the same."
    ):
        logger.error("Batch %s was given up as lost %s times.", batch.pk, times)
    return True


def adopt(batch: Batch, remote_id: str, *, now: datetime) -> None:
    """Take a batch at Anthropic for the one in doubt, because a person says so.

    Raises CannotAdopt; gateway.Refused or gateway.Unavailable where Anthropic does not show it.
    """
    submission = batch.submissions.select_related("batch").filter(
        state=Submission.State.IN_DOUBT
    ).first()  # fmt: skip
    if submission is None:
        raise CannotAdopt(f"Only a batch in doubt can adopt one, not one that is {batch.status}.")
    remote = gateway.retrieve_batch(remote_id)
    if remote.requests != submission.requests:
        raise CannotAdopt(f"It holds {remote.requests:,} requests, not {submission.requests:,}.")
    if not identity.unknown([remote]):
        raise CannotAdopt("It is known already, as another batch or as somebody else's.")
    ours = {one.nonce for one in identity.interchangeable(submission)}
    if identity.nonce_at_end(remote) not in {None, *ours}:
        raise CannotAdopt("Its results are not those of this batch.")
    adopted = moves.adopt(submission, remote.id, remote.expires_at, now)
    crash_point(Step.RECONCILE_ADOPTED)
    if not adopted:
        raise CannotAdopt("Somebody else decided about it meanwhile.")
    logger.warning("Batch %s adopted %s by hand.", batch.pk, remote.id)
