"""How far the trial of a collection has come."""

from dataclasses import dataclass

from django.db.models import Q

from aijobs.models import FOR_A_PERSON, AIJob, Collection, Trial
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Tried:
    """Of `jobs` that ran first so many are completed; so many others wait for a person."""

    jobs: int
    completed: int
    waiting: int
    is_open: bool


def of_collection(tenant: Tenant, collection: Collection) -> Tried | None:
    """None where there was none. While it is open, one query more, over what runs and waits."""
    trial: Trial | None = getattr(collection, "trial", None)
    if trial is None or collection.tenant_id != tenant.pk:
        return None
    jobs = AIJob.objects.of(tenant).filter(collection=collection)
    held = Q(status=AIJob.Status.QUEUED, not_before=FOR_A_PERSON)
    is_open = trial.state == Trial.State.OPEN
    waiting = jobs.filter(held).count() if is_open else 0
    ran = jobs.filter(route=AIJob.Route.SYNC, status=AIJob.Status.COMPLETED)
    completed = min(trial.jobs, ran.order_by().values("pk")[: trial.jobs].count())
    return Tried(trial.jobs, completed, waiting, is_open and waiting > 0)
