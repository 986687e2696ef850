"""When some jobs of a list should be done, and what is unusual at the moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q

from aijobs.budgets.circumstances import facts_of
from aijobs.models import AIJob
from aijobs.models.jobs import IsAnyOf
from aijobs.reading.forecast import Expected, Forecast
from aijobs.reading.last_ones import READS
from aijobs.turnaround.history import conditions_at
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Expectations:
    """By job; those that are over are left out. `unusual`: a sentence each."""

    jobs: dict[UUID, Expected]
    unusual: list[str]


def of_jobs(tenant: Tenant, ids: Sequence[UUID], *, now: datetime) -> Expectations:
    """Some jobs of a tenant, those of others passed over. Three queries at the most."""
    forecast = Forecast(tenant, now)
    found = _unfinished(tenant, ids) if ids else []
    asked = {*ids}
    jobs = [job for job in found if job.pk in asked]
    expected = dict(zip((job.pk for job in jobs), forecast.of_jobs(jobs, found), strict=True))
    # Whoever has forecast something knows already.
    conditions = forecast.turnaround.conditions if jobs else conditions_at(now)
    told = (conditions.told, facts_of(tenant, now).refusals)
    return Expectations(expected, [line for line in told if line])


def _unfinished(tenant: Tenant, ids: Sequence[UUID]) -> list[AIJob]:
    """Those that are not over, and those whose results some of them wait for. One query."""
    own = AIJob.objects.of(tenant).filter(pk__in=ids)
    # Most are null, and say nothing.
    first_ones = own.values("answered_by")
    is_first = Q(IsAnyOf(F("pk"), ArraySubquery(first_ones)))
    jobs = AIJob.objects.filter(Q(pk__in=ids, erasing_since=None) | is_first)
    jobs = jobs.filter(tenant=tenant).exclude(status__in=AIJob.FINAL)
    return list(jobs.select_related(*READS))
