"""rescue: cancel a batch that threatens its deadlines, so that what is left of it runs at once.

Nothing is paid twice: what Anthropic has answered by then is kept, and what it has not is not
charged. So the jobs stay in the batch until it has ended and is settled; only then is known which
of them still need an answer. It begins so early that canceling fits as well.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Min, Sum

from aijobs import gateway
from aijobs.budgets import standing
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
    if not waiting or _breaker.is_holding(now) or standing.is_all_held(now):
        return []
    danger = Danger(Choice.at(now), wishes(now), standing.held(now), now)
    return [one for one in waiting if danger.is_near(one.batch)]


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


@dataclass(slots=True)
class Danger:
    """Which batches it is time to cancel. Each takes of what is left of its tenants' limits."""

    choice: Choice
    wishes: dict[int, Wish]
    held: Collection[int]
    """Tenants of which nothing would run instead."""
    now: datetime

    def is_near(self, batch: Batch) -> bool:
        """Whether a tenant that pays for it is not certain enough that its jobs end in time."""
        certainties = {USUAL.percent, *(one.percent for one in self.wishes.values())}
        soon = self.now + max(self._takes(batch.requests, one) for one in certainties)
        assert batch.needed_by is not None
        if batch.needed_by > soon:
            return False
        payers = [one for one in _with_deadlines(batch) if self._pays(one)]
        jobs = sum(one.jobs for one in payers)
        if not any(self._is_in_danger(batch, one, jobs) for one in payers):
            return False
        for one in payers:
            wish = self.wishes.get(one.tenant, USUAL)
            if wish.left_usd is not None:
                self.wishes[one.tenant] = wish._replace(left_usd=wish.left_usd - one.usd)
        return True

    def _is_in_danger(self, batch: Batch, its: "Deadlines", jobs: int) -> bool:
        """Whether it is time, by the earliest of a tenant's deadlines in a batch.

        `jobs`: as many run at once after it, of all tenants that pay for that.
        """
        percent = self.wishes.get(its.tenant, USUAL).percent
        if its.needed_by > self.now + self._takes(jobs, percent):
            return False
        assert batch.submitted_at is not None
        # Settled at once when it ends, whatever it takes after that.
        left = its.needed_by - self.now - ours(batch.requests)
        elapsed = self.now - batch.submitted_at
        promise = self.choice.turnaround.of_batch(batch)
        return 100 * promise.chance(left.total_seconds(), elapsed.total_seconds()) < percent

    def _takes(self, jobs: int, percent: int) -> timedelta:
        return self.choice.rescue_takes(jobs, percent)

    def _pays(self, its: "Deadlines") -> bool:
        """Whether all of a tenant's jobs in a batch fit its limit of rescues."""
        wish = self.wishes.get(its.tenant, USUAL)
        fits = wish.left_usd is None or its.usd <= wish.left_usd
        return wish.may_pay and fits and its.tenant not in self.held


class Deadlines(NamedTuple):
    """Of one tenant's jobs in a batch: the earliest, how many there are, and their price.

    `usd`: the most that they cost at once beyond what they cost in a batch.
    """

    tenant: int
    needed_by: datetime
    jobs: int
    usd: Decimal


def _with_deadlines(batch: Batch) -> list[Deadlines]:
    submitted = AIJob.objects.filter(batch=batch, status=AIJob.Status.SUBMITTED)
    rows = submitted.exclude(needed_by=None).values_list("tenant").order_by()
    found = rows.annotate(Min("needed_by"), Count("pk"), usd=Sum("reserved_usd") / 2)
    return [Deadlines(*row) for row in found]
