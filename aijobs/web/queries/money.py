"""What was spent and saved, from the ledger, and the headline figures of the dashboard."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from aijobs.models import AIJob, Collection, LedgerEntry
from citizenapp.tenants.models import Tenant

COUNT_LIMIT = 10_000

_SUMS = {
    "cost": Sum("cost_usd"),
    "full": Sum("sync_cost_usd"),
    "saved": Sum("saved_usd"),
    "answers": Count("*"),
    "input_tokens": Sum("input_tokens"),
    "cached_tokens": Sum("cache_read_tokens") + Sum("cache_write_tokens"),
    "output_tokens": Sum("output_tokens"),
}


@dataclass(frozen=True, slots=True)
class Money:
    """USD, and the tokens they bought. `full` is what the same usage costs at full price."""

    cost: Decimal = Decimal(0)
    full: Decimal = Decimal(0)
    saved: Decimal = Decimal(0)
    answers: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens_read(self) -> int:
        return self.input_tokens + self.cached_tokens

    @property
    def saved_percent(self) -> int:
        """Of the full price, rounded down: never more is claimed than was saved."""
        return int(100 * self.saved / self.full) if self.full else 0


@dataclass(frozen=True, slots=True)
class Figures:
    """The headline of the dashboard. A count above COUNT_LIMIT means: more than that."""

    month: Money
    waiting: int
    in_progress: int
    answers_today: int


def figures(tenant: Tenant, *, now: datetime) -> Figures:
    jobs = AIJob.objects.of(tenant)
    return Figures(
        month=spent(tenant, now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now),
        waiting=_count(jobs.filter(status=AIJob.Status.QUEUED)),
        in_progress=_count(
            jobs.filter(status__in=[AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING])
        ),
        # From the ledger: it has an index by time, and jobs have none.
        answers_today=_count(_charges(tenant, now - timedelta(days=1), now)),
    )


def spent(tenant: Tenant, since: datetime, until: datetime) -> Money:
    return _sum(_charges(tenant, since, until))


def spent_on(tenant: Tenant, job_ids: Iterable[UUID]) -> dict[UUID, Money]:
    """The charges of each job; jobs that cost nothing yet are left out."""
    charges = LedgerEntry.objects.filter(tenant=tenant, job_id__in=list(job_ids))
    rows: Any = charges.values("job_id").annotate(**_SUMS).order_by()
    return {row.pop("job_id"): Money(**row) for row in rows}


def spent_on_collection(tenant: Tenant, collection: Collection) -> Money:
    jobs = AIJob.objects.of(tenant).filter(collection=collection)
    return _sum(LedgerEntry.objects.filter(tenant=tenant, job_id__in=jobs.values("pk")))


def spent_by(
    tenant: Tenant, since: datetime, until: datetime, field: str
) -> list[tuple[str, Money]]:
    """By `job_type`, `route` or `model`, the dearest first."""
    rows: Any = _charges(tenant, since, until).values(field).annotate(**_SUMS).order_by("-full")
    return [(row.pop(field), Money(**row)) for row in rows]


def spent_by_day(tenant: Tenant, since: datetime, until: datetime) -> list[tuple[date, Money]]:
    """Every day from `since` to `until`, in UTC, days without charges too."""
    rows: Any = (
        _charges(tenant, since, until)
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(**_SUMS)
        .order_by()
    )
    found = {row.pop("day"): Money(**row) for row in rows}
    days = (until.date() - since.date()).days + 1
    return [
        (day, found.get(day, Money()))
        for day in (since.date() + timedelta(days=number) for number in range(days))
    ]


def _charges(
    tenant: Tenant, since: datetime, until: datetime
) -> "QuerySet[LedgerEntry, LedgerEntry]":
    return LedgerEntry.objects.filter(tenant=tenant, created_at__gte=since, created_at__lte=until)


def _sum(charges: "QuerySet[LedgerEntry, LedgerEntry]") -> Money:
    sums: dict[str, Any] = charges.aggregate(**_SUMS)
    return Money(**{name: value for name, value in sums.items() if value is not None})


def _count(rows: "QuerySet[Any, Any]") -> int:
    return rows.order_by().values("pk")[: COUNT_LIMIT + 1].count()


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart: a bar of full price, of which the lower part was spent.

    Lengths are in percent of the drawing.
    """

    day: date
    money: Money
    x: float
    width: float
    spent_height: float
    saved_height: float

    @property
    def spent_y(self) -> float:
        return 100 - self.spent_height

    @property
    def saved_y(self) -> float:
        return self.spent_y - self.saved_height


@dataclass(frozen=True, slots=True)
class Chart:
    days: list[tuple[date, Money]]

    @property
    def first(self) -> date:
        return self.days[0][0]

    @property
    def last(self) -> date:
        return self.days[-1][0]

    @property
    def top(self) -> Decimal:
        """The full price of the dearest day."""
        return max((money.full for _, money in self.days), default=Decimal(0))

    @property
    def bars(self) -> list[Bar]:
        if not self.top:
            return []
        step = 100 / len(self.days)
        return [
            Bar(
                day=day,
                money=money,
                x=round(number * step + step * 0.12, 3),
                width=round(step * 0.76, 3),
                spent_height=round(float(100 * money.cost / self.top), 3),
                saved_height=round(float(100 * money.saved / self.top), 3),
            )
            for number, (day, money) in enumerate(self.days)
        ]
