"""When what waits leaves for Anthropic: with the next batch, at the latest at a known moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from aijobs.budgets.circumstances import circumstances
from aijobs.reading import delays
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class NextBatch:
    """`leaves_at`: at the latest; what others queue may make it leave earlier.

    Where that is over, nothing but room in Anthropic's queue keeps it here.
    """

    leaves_at: datetime
    is_leaving: bool


def next_batch(tenant: Tenant, now: datetime) -> NextBatch | None:
    """None where nothing waits for a batch, or where nothing of this tenant is sent at all."""
    known = circumstances(tenant, now)
    oldest = known.queue.leaves_first
    if oldest is None or delays.stopped(known.facts):
        return None
    leaves_at = oldest + timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
    return NextBatch(leaves_at, leaves_at <= now)
