"""sweep: rescue what is stuck, look for what went astray, and delete what is old.

What waits for other stages rescues itself: every status in which a worker may die is one that a
stage looks for. Left to sweep are direct calls, batches that Anthropic keeps too long, those that
were given up and turn up late, charges without a price, counters to be compacted, and quotes: they
learn from charges, and lose their documents when they expire.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from aijobs import gateway, uploads
from aijobs.budgets import notices
from aijobs.crash_points import Step, crash_point
from aijobs.gateway import GatewayError, Unavailable
from aijobs.mails import inform
from aijobs.models import AIJob, rollups
from aijobs.outcomes import charges, endings
from aijobs.outcomes.answers import Failure
from aijobs.outcomes.endings import Road
from aijobs.pipeline import _cancellations, _retention, _watch, _words
from aijobs.postgres.locks import exclusive
from aijobs.postgres.outages import AWAY
from aijobs.quotes import ratios, stored
from aijobs.submissions import duplicates
from aijobs.webhooks import outbox

logger = logging.getLogger(__name__)

# Added to the longest call, for what its worker does around it: wait for a beginning that another
# call writes to the cache, connect, send a long prompt, and store the answer.
MARGIN = timedelta(minutes=2)


def due(now: datetime) -> bool:  # noqa: ARG001
    """Never urgent: its schedule is enough."""
    return False


def run(now: datetime) -> int:
    """Do it all once; returns how many jobs were rescued."""
    rescued = rescue(now)
    crash_point(Step.SWEEP_COMMITTED)
    with exclusive("sweep") as mine:
        if mine:
            for part in PARTS:
                if not _swept(part, now):
                    break
    return rescued


def _compact(now: datetime) -> None:  # noqa: ARG001
    rollups.compact()


# What needs answers comes last: without them, all of it can wait for the next round.
PARTS: tuple[Callable[[datetime], object], ...] = (
    _compact,
    _cancellations.follow,
    _watch.end_long_pauses,
    _watch.flag_for_staff,
    charges.price_later,
    notices.tell,
    ratios.learn,
    stored.compare,
    stored.prune,
    uploads.prune,
    _retention.prune,
    outbox.prune,
    inform.prune,
    _words.fill,
    duplicates.find,
    duplicates.follow,
    _watch.give_up_vanished,
    _retention.delete_remote,
    _retention.delete_duplicates,
)


def _swept(part: Callable[[datetime], object], now: datetime) -> bool:
    """Do a part, whatever it meets: those behind it have their own work. False without Anthropic.

    Only the kind of an error that nobody foresaw is told: it may quote a document.
    """
    try:
        part(now)
    except Unavailable as error:
        logger.warning("Swept in part: %s", error)
        return False
    except GatewayError as error:
        logger.warning("Swept without %s: %s", part.__name__, error)
    except AWAY:
        raise
    except Exception as error:
        logger.error("Swept without %s: %s", part.__name__, type(error).__name__)  # noqa: TRY400
    return True


def lost_after() -> timedelta:
    """No direct call runs longer: a job that is still processing lost its worker."""
    return gateway.longest_message() + MARGIN


@transaction.atomic
def rescue(now: datetime) -> int:
    """End direct calls whose worker died: the answer may have been made and charged.

    Should the worker only have slept, its answer ends the doubt (expedite.finish).
    """
    lost = AIJob.objects.filter(
        indexed_status=AIJob.Status.PROCESSING, started_at__lt=now - lost_after()
    ).values_list("pk", flat=True)
    jobs = endings.lock_jobs(list(lost), status=AIJob.Status.PROCESSING, batch=None)
    failure = Failure(
        "in_doubt", "Its worker died during the call. It may have been charged; retry if needed."
    )
    endings.store(((job, failure) for job in jobs.values()), Road.direct(now), now=now)
    crash_point(Step.SWEEP_RESCUED)
    if jobs:
        logger.warning("%s direct calls lost their worker.", len(jobs))
    return len(jobs)
