"""rescue: cancel a batch that threatens its deadlines, so that what is left of it runs at once.

Nothing is paid twice: what Anthropic has answered by then is kept, and what it has not is not
charged. So the jobs stay in the batch until it has ended and is settled; only then is known which
of them still need an answer. It begins so early that canceling fits as well.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, Submission
from aijobs.pipeline import _breaker
from aijobs.pipeline._quarantine import quarantine
from aijobs.pipeline._roads import USUAL, Wish, wishes
from aijobs.turnaround.choice import Choice, ours

logger = logging.getLogger(__name__)


def ready(now: datetime) -> list[Submission]:
    """Of batches that will hardly end in time, and that somebody pays for to be canceled."""
    there = Submission.objects.current().filter(
        batch__status=Batch.Status.SUBMITTED, batch__needed_by__isnull=False
    )
    waiting = list(there.select_related("batch").order_by("batch__needed_by"))
    # Nothing could run at once instead.
    if not waiting or _breaker.is_holding(now):
        return []
    choice = Choice.at(now)
    wanted = wishes(now)
    return [one for one in waiting if _is_in_danger(one.batch, choice, wanted, now)]


def due(now: datetime) -> bool:
    return bool(ready(now))


def run(now: datetime) -> int:
    """Cancel what is ready; returns how many batches."""
    canceled = 0
    for submission in ready(now):
        with quarantine(submission.batch, now):
            canceled += rescue(submission, now)
    return canceled


def rescue(submission: Submission, now: datetime) -> bool:
    """Cancel the batch of a submission at Anthropic; False where it has moved on meanwhile."""
    batch = submission.batch
    assert submission.remote_id is not None
    # The wish is stored first: when the call is lost, poll makes it again.
    if not batch.mark_canceling(submission, now, is_rescue=True):
        return False
    crash_point(Step.RESCUE_DECIDED)
    logger.info("Batch %s is canceled: it would be late for its deadlines.", batch.pk)
    try:
        gateway.cancel_batch(submission.remote_id)
    except gateway.GatewayError as error:
        batch.remark(f"Canceled in vain, and again when it is polled: {error}")
    crash_point(Step.RESCUE_CANCELED)
    return True


def _is_in_danger(batch: Batch, choice: Choice, wanted: Mapping[int, Wish], now: datetime) -> bool:
    """Whether it is time to cancel, for a tenant that is not certain enough and would pay."""
    assert batch.needed_by is not None
    assert batch.submitted_at is not None
    # Settled at once when it ends, whatever it takes after that.
    left = batch.needed_by - now - ours(batch.requests)
    elapsed = now - batch.submitted_at
    chance = choice.turnaround.of_batch(batch).chance(left.total_seconds(), elapsed.total_seconds())
    for percent in sorted({one.percent for one in wanted.values()} | {USUAL.percent}):
        soon = now + choice.rescue_takes(batch.requests, percent)
        if batch.needed_by <= soon and 100 * chance < percent:
            in_danger = _in_danger(batch, soon)
            if any(_pays(wanted, tenant, percent, usd) for tenant, usd in in_danger):
                return True
    return False


def _in_danger(batch: Batch, soon: datetime) -> Iterable[tuple[int, Decimal]]:
    """The tenants of jobs that are needed by then, and the most that these cost beyond a batch."""
    submitted = AIJob.objects.filter(batch=batch, status=AIJob.Status.SUBMITTED)
    jobs = submitted.filter(needed_by__lte=soon).values_list("tenant")
    return jobs.annotate(usd=Sum("reserved_usd") / 2)


def _pays(wanted: Mapping[int, Wish], tenant: int, percent: int, usd: Decimal) -> bool:
    """Whether a tenant wants to be so certain, and all of its jobs fit its limit of rescues."""
    one = wanted.get(tenant, USUAL)
    fits = one.left_usd is None or usd <= one.left_usd
    return one.percent == percent and one.may_pay and fits
