"""deliver: send what waits in the outbox, many endpoints side by side.

A stage like those of the pipeline: it finds its work by rows, and is harmless when run twice. What
is sent and not stored is sent again: whoever receives it knows it by its `webhook-id`.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp.abc import AbstractResolver
from django.conf import settings

from aijobs.crash_points import Step, crash_point
from aijobs.postgres.locks import exclusive
from aijobs.webhooks import collections, outbox
from aijobs.webhooks.addresses import Allowed
from aijobs.webhooks.sender import SIDE_BY_SIDE, Sender

logger = logging.getLogger(__name__)

# One task takes up work for so long, and then makes room: its worker has other stages to run.
TURN = timedelta(seconds=60)
# When the cluster ends, what is under way is waited for so long. The rest is sent again.
STOP_GRACE = timedelta(seconds=5)
# How long a round is waited for before somebody looks for more to do.
LOOK_SECONDS = 0.25
# Endpoints that are leased in one transaction, which writes their letters.
LEASED_AT_ONCE = 25
# Letters that are held in memory, about.
MOST_BYTES = 32_000_000


def due(now: datetime) -> bool:
    return outbox.is_due(now)


def run(
    now: datetime,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    resolver: AbstractResolver | None = None,
) -> int:
    """Send until nothing is due, for TURN at most; returns how many deliveries got through."""
    if not due(now):
        return 0
    allowed = Allowed.read(settings.AIJOBS_WEBHOOK_ALLOW)
    proxy = settings.AIJOBS_WEBHOOK_PROXY or None
    with Sender(allowed, proxy=proxy, resolver=resolver) as sender:
        delivered = 0
        with exclusive("deliver") as mine:
            while mine:
                moment = clock()
                has_time = moment < now + TURN and not is_stopping()
                if not (has_time and _take_up(sender, moment)) and not sender.under_way:
                    break
                if not has_time:
                    break  # Whoever comes next takes up the rest, while this waits for the last.
                delivered += _store_finished(sender, clock)
        last = clock() + STOP_GRACE
        while sender.under_way and not (is_stopping() and clock() > last):
            delivered += _store_finished(sender, clock)
    if delivered:
        logger.info("%s webhooks were delivered.", delivered)
    return delivered


def _take_up(sender: Sender, now: datetime) -> bool:
    """Begin what is due, as far as there is room; whether that was anything."""
    has_begun = bool(collections.tell(now))
    while (room := SIDE_BY_SIDE - sender.under_way) > 0 and sender.bytes_under_way < MOST_BYTES:
        # Those that fail take half of the places at most, however many they are.
        with_failing = sender.under_way < SIDE_BY_SIDE // 2
        rounds = outbox.claim(min(room, LEASED_AT_ONCE), now, with_failing=with_failing)
        if not rounds:
            break
        crash_point(Step.DELIVER_CLAIMED)
        for one in rounds:
            sender.send(one)
        has_begun = True
    return has_begun


def _store_finished(sender: Sender, clock: Callable[[], datetime]) -> int:
    finished = sender.finished(LOOK_SECONDS)
    if not finished:
        return 0
    crash_point(Step.DELIVER_SENT)
    delivered = outbox.store(finished, clock())
    crash_point(Step.DELIVER_STORED)
    return delivered
