"""Which road meets a deadline: the cheapest that does.

A batch costs half. So a job goes by batch where as many of a hundred batches like its own as its
tenant wants to be certain of end in time. It also does where a batch is likelier than not to end
before it would have to be canceled: what a canceled batch has not answered is not charged, and
runs at once as it would have without, in time. Otherwise it runs at once. What waits leaves as long
as a batch still fits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import connection

from aijobs.turnaround.history import Turnaround
from citizenapp.tenants.models import Tenant

# What passes on our side: from the claim to the POST, and from the download of 100,000 results to
# the last of them stored (docs/benchmarks.md).
SENDING = timedelta(seconds=5)
STORING = timedelta(seconds=5)
STORED_PER_SECOND = 5_000

# A job that could still leave is claimed for a batch this long before it could no longer: stages
# look once a second, and may be busy with others.
MARGIN = timedelta(seconds=30)

# Of a hundred batches, so many end before they would have to be canceled, where they are tried.
LIKELY = 50

# A direct call takes as long, at the most usual.
CALL = timedelta(seconds=30)

# Counts no further than matters.
WAITING_CALLS = """(
    SELECT count(*) FROM (
        SELECT FROM aijobs_aijob WHERE indexed_status = 'queued' AND route = 'sync'
        ORDER BY tenant_id, needed_by, id  -- So that stale statistics cannot talk it into a scan.
        LIMIT 100000
    ) AS waiting
)"""
CALLED = f"""
SELECT {WAITING_CALLS} + (
    SELECT COALESCE(sum(requests), 0) FROM aijobs_batch
    WHERE status = 'canceling' AND rescued_at IS NOT NULL
)
"""  # noqa: S608 - names of our own


def ours(requests: int) -> timedelta:
    """What passes beside Anthropic's own time: sending, asking whether it has ended, storing."""
    return SENDING + timedelta(seconds=settings.AIJOBS_POLL_EVERY) + storing(requests)


def storing(requests: int) -> timedelta:
    """From when a batch is known to have ended until its results are stored."""
    return STORING + timedelta(seconds=requests / STORED_PER_SECOND)


def calls(jobs: int) -> timedelta:
    """How long so many direct calls take, about, AIJOBS_URGENT_AT_ONCE of them side by side."""
    rounds = -(-jobs // max(settings.AIJOBS_URGENT_AT_ONCE, 1))
    return rounds * CALL


def may_be_rescued(tenant: Tenant) -> bool:
    """Whether a batch of a tenant's jobs may be tried, since nothing keeps it from being canceled.

    A limit of rescues does: each try would use it up.
    """
    return tenant.full_price and tenant.rescue_usd is None


@dataclass(frozen=True, slots=True)
class Choice:
    """What fits, as things are. `percent`: how certain a tenant wants to be."""

    turnaround: Turnaround
    called: int = 0
    """Jobs that run at once before those that are decided about."""

    @classmethod
    def at(cls, now: datetime) -> Self:
        """With all that is learned from: two queries."""
        return cls(Turnaround.load(now), called())

    def takes(self, requests: int, percent: int) -> timedelta:
        """From the claim of a batch of so many requests until its results are stored."""
        promise = self.turnaround.promise(requests, frozenset())
        return timedelta(seconds=promise.within(percent / 100)) + ours(requests)

    def needs(self, requests: int, percent: int, *, may_be_rescued: bool) -> timedelta:
        """How long before its deadline a batch of so many requests has to be claimed.

        `may_be_rescued`: it may be canceled for the deadline's sake, and the rest run at once.
        """
        needed = self.takes(requests, percent)
        if may_be_rescued:
            tried = self.takes(requests, LIKELY) + self.rescue_takes(requests, percent)
            needed = min(needed, tried)
        return needed

    def reach(self, percent: int, *, may_be_rescued: bool) -> timedelta:
        """A job that is needed sooner than this can't go by batch any more."""
        return self.needs(1, percent, may_be_rescued=may_be_rescued)

    def reach_of(self, tenant: Tenant) -> timedelta:
        """The same for what this tenant wants of deadlines."""
        return self.reach(tenant.deadline_percent, may_be_rescued=may_be_rescued(tenant))

    def runs_at_once(self, tenant: Tenant, left: timedelta) -> bool:
        """Whether a job of a tenant that is needed in this time runs at once, at the full price."""
        return tenant.full_price and left < self.reach_of(tenant)

    def largest(self, left: timedelta, percent: int, *, may_be_rescued: bool) -> int:
        """Requests of the largest batch that still meets a deadline, to a twentieth; 0: none does.

        `left`: from its claim to the deadline.
        """
        fits, too_many = 0, settings.AIJOBS_BATCH_REQUESTS + 1
        while too_many - fits > max(1, fits // 20):
            middle = (fits + too_many) // 2
            if self.needs(middle, percent, may_be_rescued=may_be_rescued) <= left:
                fits = middle
            else:
                too_many = middle
        return fits

    def leaves_by(
        self, needed_by: datetime, requests: int, percent: int, *, may_be_rescued: bool = True
    ) -> datetime:
        """When a batch of so many requests has to be claimed for this deadline."""
        return needed_by - self.needs(requests, percent, may_be_rescued=may_be_rescued) - MARGIN

    def rescue_takes(self, jobs: int, percent: int) -> timedelta:
        """From the wish to cancel a batch until so many of its jobs were run at once."""
        # Of the risk that a tenant takes, a quarter at most is that canceling takes too long.
        canceling = self.turnaround.model.canceled_within((percent + 300) / 400)
        return timedelta(seconds=canceling) + ours(jobs) + calls(jobs + self.called)


def called() -> int:
    """Jobs that wait to run at once, and those of batches that are canceled so that they do."""
    with connection.cursor() as cursor:
        cursor.execute(CALLED)
        return int(cursor.fetchone()[0])
