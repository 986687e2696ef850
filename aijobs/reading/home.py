"""How far a new tenant is on its way to a first result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aijobs.budgets.circumstances import facts_of
from aijobs.models import AIJob
from aijobs.reading.job_list import Row
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """The newest thing that was queued: a job, or the collection that it is in; none so far."""

    job: UUID | None = None
    collection: UUID | None = None

    @property
    def has_begun(self) -> bool:
        return self.job is not None or self.collection is not None


def first_steps(
    tenant: Tenant, now: datetime, newest: FirstSteps | None = None
) -> FirstSteps | None:
    """None as soon as an answer was charged: nobody is new then. `newest`: where it is at hand.

    One query on top of what a page asks anyway.
    """
    if facts_of(tenant, now).has_answers:
        return None
    return newest or _newest(tenant)


def of_rows(rows: Sequence[Row]) -> FirstSteps | None:
    """The newest thing, as the first page of a list without a filter shows it; None: ask."""
    if not rows:
        return None
    job, collection = rows[0].job, rows[0].collection
    if job is not None:
        return FirstSteps(job.pk, job.collection_id)
    return FirstSteps(collection=collection.pk if collection else None)


def _newest(tenant: Tenant) -> FirstSteps:
    newest = AIJob.objects.listed(tenant).order_by("-pk").values_list("pk", "collection").first()
    return FirstSteps(*newest) if newest else FirstSteps()
