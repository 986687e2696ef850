"""How a submission and its batch move: always both, in one transaction, or neither.

The submission moves first. Its row belongs to one POST alone, so that a worker which was held up
between its call and the answer can only move what it sent itself.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db import IntegrityError, transaction

from aijobs.gateway import RemoteBatch
from aijobs.models import AIJob, Batch, Submission

logger = logging.getLogger(__name__)

P = ParamSpec("P")


class _HalfMoved(Exception):
    """One of the two rows is not where it was thought: the other must not move either."""


def _both(
    move: Callable[Concatenate[Submission, P], None],
) -> Callable[Concatenate[Submission, P], bool]:
    """Run a move in a transaction; False where nothing changed.

    Either row had moved before, or PostgreSQL refused a second owner: an id of Anthropic's belongs
    to one submission, and a batch stands by one.
    """

    @wraps(move)
    def moved(submission: Submission, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        try:
            with transaction.atomic():
                move(submission, *args, **kwargs)
        except (_HalfMoved, IntegrityError):
            submission.refresh_from_db()
            submission.batch.refresh_from_db()
            return False
        return True

    return moved


def _must(moved: bool) -> None:
    if not moved:
        raise _HalfMoved


def store_intent(
    batch: Batch, nonce: str, *, watermark: str, requests: int, request_bytes: int, now: datetime
) -> Submission | None:
    """The intent to submit just this body; None when the batch has moved, or jobs left it."""
    with transaction.atomic():
        if not batch.mark_submitting(requests=requests, request_bytes=request_bytes):
            return None
        return Submission.objects.create(
            batch=batch, nonce=nonce, watermark=watermark, requests=requests, sent_at=now
        )


@_both
def confirm(submission: Submission, remote_id: str, expires_at: datetime, now: datetime) -> None:
    """Anthropic answered with the id of the batch."""
    _must(submission.mark_confirmed(remote_id))
    _must(submission.batch.mark_submitted(now, expires_at))


@_both
def take_back(submission: Submission, retry_at: datetime, note: str) -> None:
    """Anthropic surely has nothing of it: its batch may be sent again, by another submission."""
    _must(submission.mark_unsent())
    _must(submission.batch.mark_unsent(retry_at, note))


@_both
def reject(submission: Submission, now: datetime, note: str) -> None:
    """Anthropic refused it as a whole."""
    _must(submission.mark_unsent())
    _must(submission.batch.mark_rejected(now, note))


@_both
def doubt(submission: Submission, now: datetime, note: str) -> None:
    """No answer that can be trusted came."""
    _must(submission.mark_in_doubt(now))
    _must(submission.batch.mark_unconfirmed(note))


@_both
def release(submission: Submission, now: datetime, note: str, by: str = "") -> None:
    """Given up as lost: its batch is sent again by another submission."""
    _must(submission.mark_released(now, by))
    _must(submission.batch.mark_released(now, note))


@_both
def adopt(submission: Submission, remote_id: str, expires_at: datetime, now: datetime) -> None:
    """Take a batch at Anthropic for it, be it in doubt, or given up and not sent again yet."""
    _must(submission.mark_adopted(remote_id))
    _must(submission.batch.mark_submitted(now, expires_at))


@_both
def disown(
    submission: Submission, now: datetime, note: str, owner: Submission | None = None
) -> None:
    """What was adopted for it is not it: it is in doubt again. `owner`: whose duplicate it is."""
    remote_id = submission.remote_id
    assert remote_id is not None
    _must(submission.mark_disowned(now))
    _must(submission.batch.mark_disowned(note))
    if owner:
        _must(owner.mark_duplicate(remote_id, now))


@_both
def exchange(submission: Submission, earlier: Submission, now: datetime) -> None:
    """What was adopted for it is an earlier submission of the same batch, given up as lost.

    The batch stands by the earlier one from now on, and the later one may be the lost one. Both
    carry the same jobs: jobs only ever leave a batch, and both have as many requests.
    """
    remote_id = submission.remote_id
    assert remote_id is not None
    _must(submission.mark_superseded(now))
    _must(earlier.mark_adopted(remote_id))


def turn_up(lost: Submission, remote: RemoteBatch, now: datetime) -> None:
    """A submission that was given up is at Anthropic after all.

    Its batch stands by it, if that was not sent again yet and no job left it since. Otherwise it is
    one too many, and sweep cancels it.
    """
    batch = lost.batch
    jobs = AIJob.objects.filter(batch=batch, status=AIJob.Status.SUBMITTED).count()
    is_whole = jobs == lost.requests and batch.status == Batch.Status.ASSEMBLED
    if is_whole and adopt(lost, remote.id, remote.expires_at, now):
        logger.warning("Batch %s turned up at Anthropic after it was released.", batch.pk)
    elif lost.mark_duplicate(remote.id, now):
        logger.error("Batch %s is at Anthropic twice; %s is one too many.", batch.pk, remote.id)
