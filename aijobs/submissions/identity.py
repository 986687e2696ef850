"""Which batch at Anthropic could be which submission of ours.

A submission in doubt is among the batches that are newer than its watermark and that nobody knows.
It holds as many requests, and was made between its intent and its doubt. Once it has ended, the
nonce in its custom_ids proves whose it is.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.gateway import GatewayError, RemoteBatch
from aijobs.models import Batch, StrangerBatch, Submission
from aijobs.submissions import moves
from aijobs.submissions.results import first_nonce

# A watermark may be gone from the list. Then this much before the intent is looked at: more than
# any clock is wrong, for what is missed here would be sent a second time.
LOOKED_BACK = timedelta(days=1)
# Anthropic's clock and ours differ by less, where one batch is told from another by its moment.
CLOCK_SKEW = timedelta(minutes=5)


def listed_since(submission: Submission) -> list[RemoteBatch]:
    """What Anthropic lists that is newer than its watermark, newest first. Raises GatewayError."""
    return gateway.batches_since(submission.watermark, submission.sent_at - LOOKED_BACK)


def unknown(remotes: Iterable[RemoteBatch]) -> list[RemoteBatch]:
    """Those that stand for no submission, and are not known for somebody else's."""
    remotes = list(remotes)
    ids = [remote.id for remote in remotes]
    known = {
        *Submission.objects.filter(remote_id__in=ids).values_list("remote_id", flat=True),
        *StrangerBatch.objects.filter(remote_id__in=ids).values_list("remote_id", flat=True),
    }
    return [remote for remote in remotes if remote.id not in known]


def nonce_at_end(remote: RemoteBatch) -> str | None:
    """Whose it is by its results: a nonce, "" for none of ours; None while they can't be had."""
    if not remote.has_ended:
        return None
    try:
        return first_nonce(remote.id)
    except GatewayError:
        return None


def interchangeable(submission: Submission) -> list[Submission]:
    """Itself and the earlier ones of its batch that were given up and hold the same requests.

    Whichever of them shows at Anthropic first may stand for the batch: the jobs are the same.
    """
    earlier = submission.batch.submissions.filter(
        state=Submission.State.RELEASED, requests=submission.requests
    )
    return [submission, *earlier]


def candidates(submission: Submission, now: datetime) -> list[RemoteBatch]:
    """What Anthropic has that could be it; one alone where the results of that one prove it.

    Somebody else's batches that show themselves on the way are written down.
    Raises GatewayError.
    """
    ours = {one.nonce for one in interchangeable(submission)}
    found = []
    for remote in unknown(listed_since(submission)):
        if remote.requests != submission.requests:
            continue
        nonce = nonce_at_end(remote)
        if nonce in ours:
            return [remote]
        if nonce is None:
            found.append(remote)
        else:
            record_owner(remote, nonce, now)
    return found


def record_owner(remote: RemoteBatch, nonce: str, now: datetime) -> None:
    """Write down whose a batch at Anthropic is that has ended with this nonce."""
    owner = Submission.objects.select_related("batch").filter(nonce=nonce).first()
    if owner is None:
        record_stranger(remote.id, remote.requests, remote.created_at, now)
    elif owner.state == Submission.State.RELEASED:
        moves.turn_up(owner, remote, now)
        crash_point(Step.IDENTITY_RECORDED)
    # Else it is in doubt still: reconcile decides about it where it looks for it.


def record_stranger(remote_id: str, requests: int, created_at: datetime, now: datetime) -> None:
    """Write down that a batch at Anthropic is somebody else's."""
    StrangerBatch.objects.get_or_create(
        remote_id=remote_id,
        defaults={"requests": requests, "created_at": created_at, "found_at": now},
    )
    crash_point(Step.IDENTITY_RECORDED)


def fits(remote: RemoteBatch, submission: Submission) -> bool:
    """Whether it is as large as the submission, and was made between its intent and its doubt."""
    # A doubt may be prolonged, or begin anew; by then nobody was sending any more.
    longest = timedelta(seconds=settings.AIJOBS_SEND_SECONDS + settings.AIJOBS_ANSWER_SECONDS)
    end = submission.sent_at + longest
    if submission.doubt_at:
        end = min(submission.doubt_at, end)
    made = submission.sent_at - CLOCK_SKEW <= remote.created_at <= end + CLOCK_SKEW
    return made and remote.requests == submission.requests


def distinct_size(requests: int) -> int:
    """The largest size up to `requests` that no submission in doubt has; 0 where there is none.

    Of two submissions in doubt, only their sizes can say which one Anthropic has.
    """
    taken = set(Submission.objects.in_doubt().values_list("requests", flat=True))
    while requests in taken:
        requests -= 1
    return requests


def is_our_workspace(submission: Submission) -> bool:
    """Whether Anthropic knows what was there before: the key of another workspace shows nothing.

    Raises GatewayError.
    """
    newest = (
        Submission.objects.current()
        .filter(remote_id__isnull=False, batch__remote_deleted_at=None)
        .order_by("-pk")
        .values_list("remote_id", flat=True)
        .first()
    )
    # It may have been deleted between the look for it and the intent that names it. What we
    # deleted ourselves proves nothing by its absence.
    gone = Submission.objects.filter(
        Q(batch__remote_deleted_at__isnull=False) | Q(remote_deleted_at__isnull=False),
        remote_id=submission.watermark,
    )
    watermark = "" if gone.exists() else submission.watermark
    known = [remote_id for remote_id in (watermark, newest) if remote_id]
    for remote_id in known:
        try:
            gateway.retrieve_batch(remote_id)
        except gateway.Refused as error:
            if error.status != 404:
                raise
        else:
            return True
    return not known


def watermarks_in_use() -> Sequence[str]:
    """Anthropic's copies of these must stay: they show where in its list to stop looking."""
    return list(Submission.objects.in_doubt().values_list("watermark", flat=True))


def current(batch: Batch) -> Submission:
    """The submission by which a batch stands that Anthropic has, or may have."""
    return batch.submissions.current().select_related("batch").get()
