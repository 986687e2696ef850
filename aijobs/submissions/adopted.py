"""What was adopted may be somebody else's: its results tell, once it has ended."""

import logging
from datetime import datetime, timedelta
from typing import IO

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import Submission
from aijobs.submissions import identity, moves
from aijobs.submissions.results import first_nonce, nonces

logger = logging.getLogger(__name__)

# A batch at Anthropic expires this long after its creation.
EXPIRES_AFTER = timedelta(hours=24)


def is_given_back(submission: Submission, results: IO[bytes], now: datetime) -> bool:
    """Whether the results are not those of the submission, and it was put right.

    False where they are its own, where they cannot tell, and where Anthropic itself said that this
    is its batch: odd results are a fault of the download then. Where they are those of an earlier
    submission of the same batch, the batch stands by that one from now on. Otherwise the batch at
    Anthropic is given back, and the submission is in doubt again.
    """
    if submission.state != Submission.State.ADOPTED:
        return False
    assert submission.remote_id is not None
    try:
        found = nonces(results)
        # One download may be wrong: the results are asked for a second time.
        if not found or submission.nonce in found or first_nonce(submission.remote_id) not in found:
            return False
    except (ValueError, gateway.GatewayError):
        return False
    owner = Submission.objects.filter(nonce__in=found).first()
    if owner in identity.interchangeable(submission):
        assert owner is not None
        logger.warning("Batch %s is %s, which had been given up.",
                       submission.batch_id, submission.remote_id)  # fmt: skip
        return moves.exchange(submission, owner, now)
    return _give_back(submission, owner, now)


def _give_back(submission: Submission, owner: Submission | None, now: datetime) -> bool:
    remote_id = submission.remote_id
    assert remote_id is not None
    created_at = (submission.batch.expires_at or now) - EXPIRES_AFTER
    note = f"In doubt: {remote_id} was taken for it, and is not."
    # An owner that is in doubt still is found by reconcile, which looks for its nonce.
    lost = owner if owner and owner.state == Submission.State.RELEASED else None
    if not moves.disown(submission, now, note, lost):
        return False
    crash_point(Step.SETTLE_GAVE_BACK)
    if owner is None:
        identity.record_stranger(remote_id, submission.requests, created_at, now)
    logger.error("Batch %s is not %s, which was adopted for it.", submission.batch_id, remote_id)
    return True
