"""How far the trial of a collection has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, OuterRef, Q, QuerySet, When

from aijobs.models import FOR_A_PERSON, AIJob, Collection, Trial
from aijobs.reading.counting import Counted
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Tried:
    """Of `jobs` that ran first so many are completed; so many others wait for a person."""

    jobs: int
    completed: int
    waiting: int
    is_open: bool


def expressions(tenant: Tenant) -> dict[str, Any]:
    """What to ask of a collection, in whatever query, for `of_collection`.

    What was tried is counted where there was a trial, and what waits as long as it is open.
    """
    jobs = AIJob.objects.of(tenant).filter(collection=OuterRef("pk")).order_by()
    ran = jobs.filter(route=AIJob.Route.SYNC, status=AIJob.Status.COMPLETED)
    held = jobs.filter(status=AIJob.Status.QUEUED, not_before=FOR_A_PERSON)
    return {
        "tried": _where(Q(trial__isnull=False), ran.values("pk")[: Trial.MOST]),
        "not_tried": _where(Q(trial__state=Trial.State.OPEN), held.values("pk")),
    }


def _where(condition: Q, some: "QuerySet[Any, Any]") -> Case:
    return Case(When(condition, then=Counted(some)), default=0, output_field=IntegerField())


def of_collection(tenant: Tenant, collection: Collection, found: Mapping[str, Any]) -> Tried | None:
    """What a query has found for these expressions. None where there was no trial."""
    trial: Trial | None = getattr(collection, "trial", None)
    if trial is None or collection.tenant_id != tenant.pk:
        return None
    waiting: int = found["not_tried"]
    is_open = trial.state == Trial.State.OPEN and waiting > 0
    return Tried(trial.jobs, min(trial.jobs, found["tried"]), waiting, is_open)
