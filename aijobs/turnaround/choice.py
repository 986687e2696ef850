"""Which road meets a deadline: the cheapest that does.

A batch costs half. So a job goes by batch where as many of a hundred batches like its own as its
tenant wants to be certain of end in time; otherwise it runs at once. What waits leaves as long as a
batch still fits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from aijobs.turnaround.history import Turnaround

# What passes on our side: from the claim to the POST, and from the download of 100,000 results to
# the last of them stored (docs/benchmarks.md).
SENDING = timedelta(seconds=5)
STORING = timedelta(seconds=5)
STORED_PER_SECOND = 5_000

# A job that could still leave is claimed for a batch this long before it could no longer: stages
# look once a second, and may be busy with others.
EARLY = timedelta(seconds=30)

# A direct call takes as long, at the most usual.
CALL = timedelta(seconds=30)


def ours(requests: int) -> timedelta:
    """What passes beside Anthropic's own time: sending, asking whether it has ended, storing."""
    asking = timedelta(seconds=settings.AIJOBS_POLL_EVERY)
    return SENDING + asking + STORING + timedelta(seconds=requests / STORED_PER_SECOND)


def calls(jobs: int) -> timedelta:
    """How long so many direct calls take, about."""
    rounds = -(-jobs // max(settings.AIJOBS_URGENT_AT_ONCE, 1))
    return rounds * CALL


@dataclass(frozen=True, slots=True)
class Choice:
    """What fits, as things are. `percent`: how certain a tenant wants to be."""

    turnaround: Turnaround

    def takes(self, requests: int, percent: int) -> timedelta:
        """From the claim of a batch of so many requests until its results are stored."""
        promise = self.turnaround.promise(requests, frozenset())
        return timedelta(seconds=promise.within(percent / 100)) + ours(requests)

    def reach(self, percent: int) -> timedelta:
        """A job that is needed sooner than this can't go by batch any more."""
        return self.takes(1, percent)

    def largest(self, left: timedelta, percent: int) -> int:
        """Requests of the largest batch that still ends in this time; 0 where none does."""
        fits, too_many = 0, settings.AIJOBS_BATCH_REQUESTS + 1
        while too_many - fits > max(1, fits // 20):
            middle = (fits + too_many) // 2
            if self.takes(middle, percent) <= left:
                fits = middle
            else:
                too_many = middle
        return fits

    def leaves_by(self, needed_by: datetime, requests: int, percent: int) -> datetime:
        """When a batch of so many requests has to be claimed for this deadline."""
        return needed_by - self.takes(requests, percent) - EARLY

    def rescue_takes(self, jobs: int, percent: int) -> timedelta:
        """From the wish to cancel a batch until so many of its jobs were run at once."""
        canceling = self.turnaround.model.canceled_within(percent / 100)
        return timedelta(seconds=canceling) + ours(jobs) + calls(jobs)
