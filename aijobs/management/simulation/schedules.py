"""What ours is held against: other ways to send the same jobs to the same Anthropic."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from aijobs.management.simulation.anthropic import SLOT, Anthropic, stored
from aijobs.management.simulation.arrivals import NEVER, START, Arrival
from aijobs.management.simulation.scratch import Fate
from aijobs.turnaround.choice import STORING, calls


class Prices(NamedTuple):
    """Of one usual request, in USD."""

    by_batch: Decimal
    at_once: Decimal


@dataclass(frozen=True, slots=True)
class Schedule:
    """What came of a way to send all jobs. `by_batch`, `at_once`: answers that were billed."""

    name: str
    met: int
    deadlines: int
    """Jobs that were needed by a moment; those that were wanted at once are not among them."""
    by_batch: int
    at_once: int
    twice: int
    """Answers that were billed beyond the first of a job."""
    prices: Prices

    @property
    def usd(self) -> Decimal:
        return self.by_batch * self.prices.by_batch + self.at_once * self.prices.at_once

    @property
    def share_met(self) -> float:
        return self.met / self.deadlines if self.deadlines else 1.0

    @property
    def share_by_batch(self) -> float:
        """Of all jobs: that were answered in a batch."""
        jobs = self.by_batch + self.at_once - self.twice
        return self.by_batch / jobs if jobs else 0.0


class Group(NamedTuple):
    """Jobs that may run at once from a moment on."""

    since: datetime
    needed_by: datetime
    jobs: int


def has_deadline(arrival: Arrival) -> bool:
    """Not where it is wanted at once: that is no moment to be in time for."""
    return bool(arrival.needed_within)


def deadlines(arrivals: Iterable[Arrival]) -> int:
    """How many jobs have one."""
    return sum(one.jobs for one in arrivals if has_deadline(one))


def met(arrivals: Iterable[Arrival], fates: Iterable[Fate]) -> int:
    """Jobs that were done when they were needed."""
    needed = {one.moment: one.needed_by for one in arrivals if has_deadline(one)}
    return sum(
        fate.jobs
        for fate in fates
        if (moment := needed.get(fate.created_at)) and fate.finished_at <= moment
    )


def all_at_once(arrivals: Sequence[Arrival], anthropic: Anthropic, prices: Prices) -> Schedule:
    """Direct calls alone, the nearest deadlines first, as many side by side as may be."""
    groups = [
        Group(one.moment, one.needed_by if one.needed_by and has_deadline(one) else NEVER, one.jobs)
        for one in arrivals
    ]
    jobs, with_deadline = sum(one.jobs for one in arrivals), deadlines(arrivals)
    in_time = sum(_called(groups, anthropic)) - (jobs - with_deadline)
    return Schedule("all at once", in_time, with_deadline, 0, jobs, 0, prices)


def all_by_batch(
    arrivals: Sequence[Arrival], anthropic: Anthropic, prices: Prices
) -> tuple[Schedule, list[Fate]]:
    """As if nobody had said when jobs are needed; what is wanted at once is.

    What waits leaves together, as soon as one job has waited AIJOBS_SUBMIT_EVERY or enough wait.
    Whoever was first is in the first batch; Anthropic's queue has room for all of them.
    """
    fates: list[Fate] = []
    at_once = sum(one.jobs for one in arrivals if one.needed_within == 0)
    waiting: list[Arrival] = []
    patience = timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
    for one in [*(one for one in arrivals if one.needed_within != 0), None]:
        if waiting and (one is None or one.moment > waiting[0].moment + patience):
            fates += _sent(waiting, waiting[0].moment + patience, len(fates), anthropic)
            waiting = []
        if one:
            waiting.append(one)
            if sum(arrival.jobs for arrival in waiting) >= settings.AIJOBS_SUBMIT_WHEN:
                fates += _sent(waiting, one.moment, len(fates), anthropic)
                waiting = []
    by_batch = sum(fate.jobs for fate in fates)
    needed = deadlines(arrivals)
    in_time = met(arrivals, fates)
    return Schedule("all by batch", in_time, needed, by_batch, at_once, 0, prices), fates


def _sent(
    waiting: Iterable[Arrival], sent_at: datetime, number: int, anthropic: Anthropic
) -> Iterator[Fate]:
    """In batches that are full but for the last."""
    left = [(one.moment, one.jobs) for one in waiting]
    most: int = settings.AIJOBS_BATCH_REQUESTS
    while left:
        requests = min(most, sum(jobs for _, jobs in left))
        stored_at = stored(sent_at, anthropic.ends(sent_at, requests), requests)
        number += 1
        while requests:
            (moment, jobs), *others = left
            taken = min(jobs, requests)
            yield Fate(moment, number, stored_at, taken)
            left = [(moment, jobs - taken), *others] if taken < jobs else others
            requests -= taken


def run_again(
    arrivals: Sequence[Arrival],
    fates: Sequence[Fate],
    batch: Schedule,
    anthropic: Anthropic,
) -> Schedule:
    """All by batch; and what is not there when it would take until the deadline to run it at once
    is run at once, while the batch goes on and is paid for. `fates`, `batch`: of all by batch.
    """
    needed = {one.moment: one.needed_by for one in arrivals if has_deadline(one)}
    late = []
    for fate in fates:
        moment = needed.get(fate.created_at)
        if moment and fate.finished_at > (since := moment - calls(fate.jobs)):
            group = Group(max(since, fate.created_at), moment, fate.jobs)
            late.append((group, fate.finished_at <= moment))
    late.sort()
    called = _called([group for group, _ in late], anthropic)
    saved = sum(jobs for jobs, (_, was_met) in zip(called, late, strict=True) if not was_met)
    again = sum(group.jobs for group, _ in late)
    return Schedule(
        "batch, then all again",
        batch.met + saved,
        batch.deadlines,
        batch.by_batch,
        batch.at_once + again,
        batch.twice + again,
        batch.prices,
    )


def cheapest(arrivals: Iterable[Arrival], anthropic: Anthropic, prices: Prices) -> Schedule:
    """A lower bound: whoever knew each turnaround beforehand could not meet all for less.

    Each job goes in a batch of its own, at the best moment between its arrival and its deadline, if
    that ends in time, and else at once. Nothing limits how many batches or calls there are, calls
    take no time, and no batch is larger than another; larger ones would end no earlier. What a
    batch has answered when it is canceled is not in it: with that, all may be met for less.
    """
    by_batch = at_once = needed = 0
    for one in arrivals:
        needed += one.jobs if has_deadline(one) else 0
        if one.needed_within is None or _could_end(one, anthropic):
            by_batch += one.jobs
        else:
            at_once += one.jobs
    return Schedule("cheapest, all known", needed, needed, by_batch, at_once, 0, prices)


def _could_end(arrival: Arrival, anthropic: Anthropic) -> bool:
    """Within a slot, what is sent earlier ends earlier."""
    assert arrival.needed_by
    sent_at, latest = arrival.moment, arrival.needed_by - STORING
    while sent_at <= latest:
        if anthropic.ends(sent_at, 1) <= latest:
            return True
        sent_at = START + ((sent_at - START) // SLOT + 1) * SLOT
    return False


def _called(groups: Sequence[Group], anthropic: Anthropic) -> list[int]:
    """How many jobs of each group are done in time; `groups` in the order of their moments."""
    free = [START] * settings.AIJOBS_URGENT_AT_ONCE
    waiting: list[tuple[datetime, int]] = []
    left = [group.jobs for group in groups]
    done = [0] * len(groups)
    coming, number = 0, 0
    while waiting or coming < len(groups):
        now = free[0] if waiting else max(free[0], groups[coming].since)
        while coming < len(groups) and groups[coming].since <= now:
            heapq.heappush(waiting, (groups[coming].needed_by, coming))
            coming += 1
        needed_by, place = waiting[0]
        end = now + anthropic.call(number)
        heapq.heapreplace(free, end)
        number += 1
        done[place] += end <= needed_by
        left[place] -= 1
        if not left[place]:
            heapq.heappop(waiting)
    return done
