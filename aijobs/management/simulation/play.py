"""Arrivals, put on their roads by the code that does so in earnest; nothing of it is kept.

What is asked of Anthropic is played: a batch ends when its turnaround is over; a canceled one when
canceling is, with as many answers as its share of that time; a direct call after some seconds. All
the rest is the stages' own: which road, which batch, when it leaves, whether it is canceled, and
what is learned of those that have ended.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from django.conf import settings

from aijobs.management.simulation import scratch
from aijobs.management.simulation.anthropic import LONGEST, Anthropic, stored
from aijobs.management.simulation.arrivals import NEVER, Arrival
from aijobs.models import Batch, Submission
from aijobs.pipeline import assemble, dispatch, rescue
from aijobs.pipeline._roads import USUAL, Roads
from aijobs.submissions import moves
from aijobs.turnaround.choice import Choice
from aijobs.turnaround.history import Turnaround

# Stages look once a second. Here they look when something happens, and as often while a batch may
# have to be canceled, or calls run.
LOOK = timedelta(seconds=15)
# Rows of ended jobs are put away when so many have moved, or half as many as have not ended.
MOVED = 50_000


@dataclass(slots=True)
class Play:
    """`tenants`: the keys of the customers, in their order. `usd`: of a request, at full price."""

    anthropic: Anthropic
    tenants: Sequence[int]
    request_bytes: int
    usd: Decimal
    put_away_at: int = MOVED
    most_slots: int = 0
    uncanceled: dict[int, datetime] = field(default_factory=dict)
    """When each batch that was canceled would have ended."""
    _moments: list[tuple[datetime, int, Callable[[datetime], None] | None]] = field(
        default_factory=list
    )
    _numbers: "count[int]" = field(default_factory=count)
    _calls: "count[int]" = field(default_factory=count)
    _ends: dict[int, datetime] = field(default_factory=dict)
    """Of the batches that go on."""
    _dangers: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    """Of those with deadlines: from when to when they may have to be canceled, as it was thought
    when they were sent. Between these moments rescue looks, and not each second as in earnest.
    """
    _free: list[datetime] = field(default_factory=list)
    """When each of the calls that may run side by side has ended."""
    _waiting: int = 0
    """Jobs that Anthropic has not, neither in a batch nor in a call."""
    _slots: int = 0
    _unsent: bool = False
    """Whether batches are assembled that Anthropic had no room for."""
    _again: datetime = NEVER
    _moved: int = 0

    def run(self, arrivals: Iterable[Arrival]) -> None:
        """Let it all happen, from moment to moment, until nothing is left to do."""
        coming = iter(arrivals)
        patience = timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
        arrival = next(coming, None)
        while arrival or self._moments:
            if arrival and (not self._moments or arrival.moment <= self._moments[0][0]):
                now = arrival.moment
                scratch.arrive(arrival, self.tenants[arrival.tenant], self.request_bytes, self.usd)
                self._at(now + patience)
                self._waiting += arrival.jobs
                arrival = next(coming, None)
            else:
                now, _, happens = heapq.heappop(self._moments)
                if happens:
                    happens(now)
            is_next = self._moments and self._moments[0][0] == now
            if not is_next and not (arrival and arrival.moment == now):
                self._look(now)

    def _at(self, moment: datetime, happens: Callable[[datetime], None] | None = None) -> None:
        # The number keeps what happens at one moment in order.
        heapq.heappush(self._moments, (moment, next(self._numbers), happens))

    def _look(self, now: datetime) -> None:
        """What the stages do when they look for work. None looks where nothing can be."""
        if any(since <= now for since, _ in self._dangers.values()):
            for submission in rescue.ready(now):
                self._cancel(submission, now)
        if self._waiting:
            roads = Roads.at(now)
            if assemble.due(now, roads):
                assemble.fill(now, roads)
                self._unsent = True
            else:
                roads.choose()
            self._call(now)
            if pressing := roads.pressing():
                self._again = min(self._again, max(pressing.leaves_by, now + LOOK))
        if self._unsent:
            for batch in dispatch.ready(now):
                self._send(batch, now)
            self._unsent = Batch.objects.filter(status=Batch.Status.ASSEMBLED).exists()
        if self._moved > max(self.put_away_at, (self._waiting + self._slots) // 2):
            scratch.put_away()
            self._moved = 0
        self._look_again(now)

    def _look_again(self, now: datetime) -> None:
        """When something is to be done though nothing happens."""
        for since, until in self._dangers.values():
            if now < until:
                self._again = min(self._again, max(since, now + LOOK))
        if self._again < NEVER and (not self._moments or self._again < self._moments[0][0]):
            self._at(self._again)
        self._again = NEVER

    def _send(self, batch: Batch, now: datetime) -> None:
        number = f"{batch.pk:010}"
        submission = moves.store_intent(
            *(batch, number),
            watermark="",
            requests=batch.requests,
            request_bytes=batch.request_bytes,
            now=now,
        )
        assert submission
        moves.confirm(submission, number, now + LONGEST, now)
        scratch.run(scratch.SEND, [batch.pk])
        self._slots += batch.requests
        self._waiting -= batch.requests
        self._moved += batch.requests
        self.most_slots = max(self.most_slots, self._slots)
        if batch.needed_by:
            choice = Choice(Turnaround.load(now))
            takes = choice.rescue_takes(batch.requests, USUAL.percent)
            self._dangers[batch.pk] = (batch.needed_by - takes, batch.needed_by)
        self._end(submission, self.anthropic.ends(now, batch.requests), batch.requests)

    def _end(self, submission: Submission, ended_at: datetime, answered: int) -> None:
        """A batch ends at a moment; poll finds it when it asks next, and settle stores it."""
        batch = submission.batch
        assert batch.submitted_at is not None
        self._ends[batch.pk] = ended_at

        def settled(now: datetime) -> None:
            if self._ends.get(batch.pk) != ended_at:
                return  # It was canceled meanwhile, and has another end.
            del self._ends[batch.pk]
            self._slots -= batch.requests
            self._waiting += batch.requests - answered
            self._dangers.pop(batch.pk, None)
            self._moved += batch.requests
            counts = {"succeeded": answered, "canceled": batch.requests - answered}
            batch.mark_ended(submission, ended_at, counts)
            scratch.answer(batch, answered, now)
            batch.mark_settled(submission, now)

        self._at(stored(batch.submitted_at, ended_at, batch.requests), settled)

    def _cancel(self, submission: Submission, now: datetime) -> None:
        batch = submission.batch
        if not batch.mark_canceling(submission, now, is_rescue=True):
            return
        self._dangers.pop(batch.pk, None)
        assert batch.submitted_at is not None
        usual = self._ends[batch.pk]
        self.uncanceled[batch.pk] = usual
        ends = min(usual, now + self.anthropic.canceling(batch.submitted_at))
        share = (ends - batch.submitted_at) / (usual - batch.submitted_at)
        self._end(submission, max(ends, now), int(batch.requests * min(share, 1.0)))

    def _call(self, now: datetime) -> None:
        """Start the direct calls of the next moments; then look again."""
        if not self._free:
            self._free = [now] * settings.AIJOBS_URGENT_AT_ONCE
        until = now + LOOK
        free = [moment for moment in self._free if moment < until]
        if not free:
            self._again = min(self._again, self._free[0])
            return
        # Calls that end within these moments make room for others.
        ids = scratch.claim_calls(2 * len(free), now)
        if not ids:
            return
        finished = []
        for _ in ids:
            start = max(heapq.heappop(self._free), now)
            end = start + self.anthropic.call(next(self._calls))
            heapq.heappush(self._free, end)
            finished.append(end)
        scratch.answer_calls(ids, finished)
        self._waiting -= len(ids)
        self._moved += len(ids)
        self._again = min(self._again, max(until, self._free[0]))
