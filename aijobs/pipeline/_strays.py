"""Batches at Anthropic that none of ours stands for, and what is done about them.

A submission in doubt that stays out of Anthropic's list for longer than AIJOBS_RECONCILE_GRACE
is given up and sent again. Should it turn up after all, Anthropic works on the same requests
twice: the late one is canceled, and what it cost until then is written down.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from tempfile import TemporaryFile

from django.conf import settings

from aijobs import gateway, pricing
from aijobs.gateway import GatewayError, RemoteBatch
from aijobs.models import AIJob, Batch, LostSubmission, StrayBatch
from aijobs.pipeline._crash_points import Step, crash_point
from aijobs.pipeline._locks import exclusive
from aijobs.pipeline._results import first_nonce, lines, loads
from aijobs.pricing import Usage

logger = logging.getLogger(__name__)

# A watermark may be gone from the list. Then this much before the intent is looked at: more than
# any clock is wrong, for what is missed here would be sent a second time.
LOOKED_BACK = timedelta(days=1)
# Anthropic's clock and ours differ by less, where one batch is told from another by its moment.
CLOCK_SKEW = timedelta(minutes=5)
# Anthropic ends a batch after one day; nothing is left to cancel after two.
WATCHED = timedelta(days=2)


def unknown(remotes: Iterable[RemoteBatch]) -> list[RemoteBatch]:
    """Those that no batch of ours has, and that were not found to be strays before."""
    remotes = list(remotes)
    ids = [remote.id for remote in remotes]
    known = {
        *Batch.objects.filter(remote_id__in=ids).values_list("remote_id", flat=True),
        *StrayBatch.objects.filter(remote_id__in=ids).values_list("remote_id", flat=True),
    }
    return [remote for remote in remotes if remote.id not in known]


def nonce_at_end(remote: RemoteBatch) -> str | None:
    """Whose it is by its results; None while they cannot be had."""
    if not remote.has_ended:
        return None
    try:
        return first_nonce(remote.id)
    except GatewayError:
        return None


def record(remote: RemoteBatch, nonce: str, now: datetime) -> None:
    """Write down one that has ended with this nonce, unless a batch of ours bears it."""
    if Batch.objects.filter(nonce=nonce).exists():
        return
    lost = LostSubmission.objects.filter(nonce=nonce).first()
    _store(remote, lost.batch if lost else None, now)


def find_duplicates(now: datetime) -> int:
    """Look for submissions that were given up and are there after all; returns how many."""
    lost = list(
        LostSubmission.objects.filter(released_at__gt=now - WATCHED)
        .select_related("batch")
        .order_by("submitting_at")
    )
    if not lost:
        return 0
    with exclusive("dispatch") as mine:
        if not mine:
            return 0  # What is being sent just now would look like a stray.
        listed = gateway.batches_since(lost[0].watermark, lost[0].submitting_at - LOOKED_BACK)
        # Of these sizes, reconcile decides first.
        in_doubt = set(Batch.objects.in_doubt().values_list("requests", flat=True))
        sizes = {one.requests for one in lost} - in_doubt
        maybe = [remote for remote in unknown(listed) if remote.requests in sizes]
        found = 0
        for remote in maybe:
            if remote.has_ended and (match := _by_nonce(remote, lost, now)):
                _turned_up(match, remote, now)
                crash_point(Step.SWEEP_FOUND)
                found += 1
        running = [remote for remote in maybe if not remote.has_ended]
        for match, remote in _by_moment(running, lost, listed):
            _turned_up(match, remote, now)
            crash_point(Step.SWEEP_FOUND)
            found += 1
    return found


def _by_nonce(
    remote: RemoteBatch, lost: list[LostSubmission], now: datetime
) -> LostSubmission | None:
    """The submission that one is that has ended."""
    nonce = nonce_at_end(remote)
    match = next((one for one in lost if one.nonce == nonce), None)
    if match is None and nonce is not None:
        record(remote, nonce, now)
    return match


def _by_moment(
    running: list[RemoteBatch], lost: list[LostSubmission], listed: list[RemoteBatch]
) -> Iterator[tuple[LostSubmission, RemoteBatch]]:
    """Of those that still run: what a submission is by size and moment, if it is one alone."""
    places = {remote.id: place for place, remote in enumerate(listed)}
    for one in lost:
        if _is_found(one):
            continue
        newer = places.get(one.watermark, len(listed))
        fitting = [remote for remote in running if places[remote.id] < newer and _fits(remote, one)]
        if len(fitting) == 1:
            running = [remote for remote in running if remote not in fitting]
            yield one, fitting[0]
        elif fitting and one.batch.flag_for_staff(
            "It may be at Anthropic a second time, and several there could be it."
        ):
            logger.error("Batch %s may be one of %s at Anthropic.", one.batch_id, len(fitting))


def _is_found(lost: LostSubmission) -> bool:
    """Whether it was taken for its batch, or written down as a duplicate of it."""
    strays = StrayBatch.objects.filter(kind=StrayBatch.Kind.DUPLICATE, batch=lost.batch_id)
    return lost.pk is None or any(_fits(stray, lost) for stray in strays)


def _fits(remote: RemoteBatch | StrayBatch, lost: LostSubmission) -> bool:
    """Whether it is as large, and was made between intent and doubt."""
    # A doubt may be prolonged, or begin anew; nobody was sending any more by then.
    longest = timedelta(seconds=settings.AIJOBS_SEND_SECONDS + settings.AIJOBS_ANSWER_SECONDS)
    begin = lost.submitting_at - CLOCK_SKEW
    end = min(lost.unconfirmed_at, lost.submitting_at + longest) + CLOCK_SKEW
    return remote.requests == lost.requests and begin <= remote.created_at <= end


def _turned_up(lost: LostSubmission, remote: RemoteBatch, now: datetime) -> None:
    """Take it for its batch, where that was not sent again yet; else it is one too many."""
    batch = lost.batch
    jobs = AIJob.objects.filter(batch=batch, status=AIJob.Status.SUBMITTED).count()
    if jobs == lost.requests and batch.mark_found(now, lost.nonce, remote.id, remote.expires_at):
        lost.delete()
        logger.warning("Batch %s turned up at Anthropic after it was released.", batch.pk)
        return
    _store(remote, batch, now)


def _store(remote: RemoteBatch, batch: Batch | None, now: datetime) -> None:
    _, is_new = StrayBatch.objects.get_or_create(
        remote_id=remote.id,
        defaults={
            "kind": StrayBatch.Kind.DUPLICATE if batch else StrayBatch.Kind.FOREIGN,
            "batch": batch,
            "requests": remote.requests,
            "created_at": remote.created_at,
            "found_at": now,
        },
    )
    if is_new and batch:
        logger.error("Batch %s is at Anthropic twice; %s is one too many.", batch.pk, remote.id)
    elif is_new:
        logger.warning("%s at Anthropic is none of ours.", remote.id)


def follow_duplicates(now: datetime) -> None:
    """Cancel duplicates; write down what those cost that have ended. Raises GatewayError."""
    for stray in StrayBatch.objects.filter(kind=StrayBatch.Kind.DUPLICATE, ended_at=None):
        try:
            remote = gateway.retrieve_batch(stray.remote_id)
            if remote.status == "in_progress":
                remote = gateway.cancel_batch(stray.remote_id)
                crash_point(Step.SWEEP_CANCELED)
            if not remote.has_ended:
                continue
            succeeded, cost = _cost(stray, now)
        except gateway.Refused as error:
            logger.warning("Duplicate %s: %s", stray.remote_id, error)
            if error.status == 404 and stray.found_at < now - WATCHED:
                # Deleted there. What it cost will not be known.
                StrayBatch.objects.filter(pk=stray.pk, ended_at=None).update(ended_at=now)
            continue
        if succeeded != remote.succeeded:
            logger.warning("Duplicate %s: rows are missing in its results.", stray.remote_id)
            continue
        StrayBatch.objects.filter(pk=stray.pk, ended_at=None).update(
            ended_at=remote.ended_at or now, succeeded=succeeded, cost_usd=cost
        )
        crash_point(Step.SWEEP_COUNTED)
        logger.error("Duplicate %s ended: %s requests charged.", stray.remote_id, succeeded)


def _cost(stray: StrayBatch, now: datetime) -> tuple[int, Decimal]:
    """Rows that were charged, and what they cost as far as they can be read and have a price."""
    succeeded, cost = 0, Decimal(0)
    with TemporaryFile() as results:
        gateway.download_results(stray.remote_id, results)
        for line in lines(results):
            try:
                result = loads(line)["result"]
                if result["type"] != "succeeded":
                    continue
                succeeded += 1
                message = result["message"]
                usage = Usage.from_api(message.get("usage") or {})
                cost += pricing.charge(
                    str(message.get("model")), usage, batch=True, on=now.date()
                ).cost_usd
            except (AttributeError, LookupError, TypeError, ValueError):
                continue
    return succeeded, cost
