"""The headline figures of the dashboard."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from aijobs.models import AIJob, Reservation
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading.money import Money, spent
from citizenapp.tenants.models import Tenant

COUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """A count of jobs above COUNT_LIMIT means: more than that. `answers_today`: of 24 hours."""

    month: Money
    waiting: int
    in_progress: int
    answers_today: int


def figures(tenant: Tenant, *, now: datetime) -> Figures:
    """Money since the month began in UTC, and what a tenant's jobs are at. Four queries."""
    jobs = AIJob.objects.of(tenant)
    return Figures(
        month=spent(tenant, now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)),
        waiting=_count(jobs.shown_as(AIJob.Status.QUEUED)),
        in_progress=_count(jobs.on_their_way()),
        answers_today=spent(tenant, now - timedelta(hours=23)).answers,
    )


def _count(jobs: AIJobQuerySet) -> int:
    return jobs.order_by().values("pk")[: COUNT_LIMIT + 1].count()


def open_jobs(tenant: Tenant) -> int:
    """How many of its jobs are not over, however many those are. One query over a few rows."""
    found = Reservation.objects.filter(tenant=tenant).aggregate(jobs=Sum("jobs"))
    return max(0, found["jobs"] or 0)
