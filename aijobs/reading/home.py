"""How far a new tenant is on its way to a first result."""

from dataclasses import dataclass
from uuid import UUID

from aijobs.models import AIJob, UsageRollup
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """The newest thing that was queued: a job, or the collection that it is in; None so far."""

    job: UUID | None = None
    collection: UUID | None = None

    @property
    def has_begun(self) -> bool:
        return self.job is not None


def first_steps(tenant: Tenant) -> FirstSteps | None:
    """None as soon as an answer was charged: nobody is new then. One query, else two."""
    if UsageRollup.objects.filter(tenant=tenant).exists():
        return None
    newest = AIJob.objects.listed(tenant).order_by("-pk").values_list("pk", "collection").first()
    return FirstSteps(*newest) if newest else FirstSteps()
