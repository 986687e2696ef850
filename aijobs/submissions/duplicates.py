"""Submissions that were given up as lost, and are at Anthropic after all.

A submission in doubt that stays out of Anthropic's list for longer than AIJOBS_RECONCILE_GRACE is
given up, and its batch is sent again. Should it turn up after all, Anthropic works on the same
requests twice: the late one is canceled, and what it cost until then is written down.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO

from aijobs import gateway, pricing
from aijobs.crash_points import Step, crash_point
from aijobs.gateway import RemoteBatch
from aijobs.models import Submission
from aijobs.postgres.locks import exclusive
from aijobs.pricing import Usage
from aijobs.submissions import identity, moves
from aijobs.submissions.results import lines, loads, nonces

logger = logging.getLogger(__name__)

# Anthropic ends a batch after one day; nothing is left to cancel after two.
WATCHED = timedelta(days=2)


def find(now: datetime) -> int:
    """Look for submissions that were given up and are there after all; returns how many."""
    lost = list(
        Submission.objects.filter(state=Submission.State.RELEASED, released_at__gt=now - WATCHED)
        .select_related("batch")
        .order_by("sent_at")
    )
    if not lost:
        return 0
    with exclusive("dispatch") as mine:
        if not mine:
            return 0  # What another worker sends just now would look like one of them.
        listed = identity.listed_since(lost[0])
        # Of these sizes, reconcile decides first.
        in_doubt = set(Submission.objects.in_doubt().values_list("requests", flat=True))
        sizes = {one.requests for one in lost} - in_doubt
        maybe = [remote for remote in identity.unknown(listed) if remote.requests in sizes]
        found = 0
        for remote in maybe:
            nonce = identity.nonce_at_end(remote)
            if nonce is None:
                continue
            match = next((one for one in lost if one.nonce == nonce), None)
            if match is None:
                identity.record_owner(remote, nonce, now)
                continue
            moves.turn_up(match, remote, now)
            crash_point(Step.SWEEP_FOUND)
            found += 1
        running = [remote for remote in maybe if not remote.has_ended]
        for match, remote in _by_moment(running, lost, listed):
            moves.turn_up(match, remote, now)
            crash_point(Step.SWEEP_FOUND)
            found += 1
    return found


def _by_moment(
    running: list[RemoteBatch], lost: list[Submission], listed: list[RemoteBatch]
) -> Iterator[tuple[Submission, RemoteBatch]]:
    """Of batches that still run: which one is a submission by size and moment, if only one is."""
    places = {remote.id: place for place, remote in enumerate(listed)}
    for one in lost:
        if one.state != Submission.State.RELEASED:
            continue
        newer = places.get(one.watermark, len(listed))
        fitting = [
            remote for remote in running if places[remote.id] < newer and identity.fits(remote, one)
        ]
        if len(fitting) == 1:
            running = [remote for remote in running if remote not in fitting]
            yield one, fitting[0]
        elif fitting and one.batch.flag_for_staff(
            "It may be at Anthropic a second time, and several there could be it."
        ):
            logger.error("Batch %s may be one of %s at Anthropic.", one.batch_id, len(fitting))


def follow(now: datetime) -> None:
    """Cancel duplicates; write down what those cost that have ended. Raises GatewayError."""
    open_ones = Submission.objects.filter(state=Submission.State.DUPLICATE, ended_at=None)
    for duplicate in open_ones:
        assert duplicate.remote_id is not None
        try:
            remote = gateway.retrieve_batch(duplicate.remote_id)
            if remote.status == "in_progress":
                remote = gateway.cancel_batch(duplicate.remote_id)
                crash_point(Step.SWEEP_CANCELED)
            if remote.has_ended:
                _close(duplicate, remote, now)
        except gateway.Refused as error:
            logger.warning("Duplicate %s: %s", duplicate.remote_id, error)
            assert duplicate.found_at is not None
            if error.status == 404 and duplicate.found_at < now - WATCHED:
                # Deleted there. What it cost will not be known.
                _write_down(duplicate, now, 0, Decimal(0))


def _close(duplicate: Submission, remote: RemoteBatch, now: datetime) -> None:
    """Write down what an ended duplicate cost, once all its rows are here and are its own."""
    with TemporaryFile() as results:
        gateway.download_results(remote.id, results)
        try:
            found = nonces(results)
        except ValueError:
            found = set()
        # One download may be wrong: the results are asked for a second time.
        if found and duplicate.nonce not in found and identity.nonce_at_end(remote) in found:
            _correct(duplicate, remote, found, now)
            return
        succeeded, cost = _cost(results, duplicate)
    if succeeded != remote.succeeded:
        logger.warning("Duplicate %s: rows are missing in its results.", remote.id)
        return
    _write_down(duplicate, remote.ended_at or now, succeeded, cost)
    crash_point(Step.SWEEP_COUNTED)
    logger.error("Duplicate %s ended: %s requests charged.", remote.id, succeeded)


def _correct(duplicate: Submission, remote: RemoteBatch, found: set[str], now: datetime) -> None:
    """By size and moment it was taken for this submission; by its results it is another's."""
    if duplicate.mark_mistaken():
        crash_point(Step.SWEEP_MISTAKEN)
        logger.error("%s was taken for a duplicate of batch %s, and is not.",
                     remote.id, duplicate.batch_id)  # fmt: skip
        identity.record_owner(remote, min(found), now)


def _write_down(duplicate: Submission, ended_at: datetime, succeeded: int, cost: Decimal) -> None:
    Submission.objects.filter(
        pk=duplicate.pk,
        remote_id=duplicate.remote_id,
        state=Submission.State.DUPLICATE,
        ended_at=None,
    ).update(ended_at=ended_at, succeeded=succeeded, cost_usd=cost)


def _cost(results: IO[bytes], duplicate: Submission) -> tuple[int, Decimal]:
    """Rows that were charged, and what they cost as far as they can be read and have a price."""
    succeeded, cost = 0, Decimal(0)
    sent_on = duplicate.sent_at.astimezone(UTC).date()
    for line in lines(results):
        try:
            result = loads(line)["result"]
            if result["type"] != "succeeded":
                continue
            succeeded += 1
            message = result["message"]
            usage = Usage.from_api(message.get("usage") or {})
            cost += pricing.charge(
                str(message.get("model")), usage, batch=True, on=sent_on
            ).cost_usd
        except (AttributeError, LookupError, TypeError, ValueError):
            continue
    return succeeded, cost
