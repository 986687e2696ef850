"""When some jobs of a list should be done, and what is unusual at the moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aijobs.models import AIJob
from aijobs.reading.forecast import Expected, Forecast
from aijobs.turnaround import refusals
from aijobs.turnaround.history import conditions_at
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Expectations:
    """By job; those that are over are left out. `unusual`: a sentence each."""

    jobs: dict[UUID, Expected]
    unusual: list[str]


def of_jobs(tenant: Tenant, ids: Sequence[UUID], *, now: datetime) -> Expectations:
    """Some jobs of a tenant, those of others passed over. One computation for all of them."""
    forecast = Forecast(tenant, now)
    found = {}
    if ids:
        waiting = AIJob.objects.of(tenant).filter(pk__in=ids).exclude(status__in=AIJob.FINAL)
        found = {job.pk: forecast.of_job(job) for job in waiting.select_related("batch")}
    # Whoever has forecast something knows already.
    told = forecast.turnaround.conditions.told if found else conditions_at(now).told
    return Expectations(found, [line for line in (told, refusals.told(now)) if line])
