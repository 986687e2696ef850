"""How long what is quoted would take, from when it is queued to the last result; in seconds.

Eight of ten are between `soonest` and `latest`.
"""

from datetime import datetime, timedelta

from django.conf import settings

from aijobs.quotes.bill import Bill
from aijobs.turnaround.choice import calls, ours
from aijobs.turnaround.history import Turnaround
from aijobs.turnaround.promise import EARLY, LATE


def by_batch(bill: Bill, now: datetime) -> dict[str, int]:
    """With the next batch. What has no room in one goes with others, beside it."""
    requests = max(1, min(bill.jobs - bill.repeated, settings.AIJOBS_BATCH_REQUESTS))
    promise = Turnaround.load(now).promise(requests, frozenset())
    waits = timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
    return _told(
        timedelta(seconds=promise.within(EARLY)),
        waits + timedelta(seconds=promise.within(LATE)) + ours(requests),
    )


def at_once(bill: Bill) -> dict[str, int]:
    """As direct calls, so many side by side."""
    return _told(timedelta(seconds=1), calls(max(1, bill.jobs - bill.repeated)))


def _told(soonest: timedelta, latest: timedelta) -> dict[str, int]:
    return {"soonest": round(soonest.total_seconds()), "latest": round(latest.total_seconds())}
