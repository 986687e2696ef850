"""What was spent and saved, and the headline figures of the dashboard."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from aijobs.models import AIJob, Collection, LedgerEntry, UsageRollup
from aijobs.models.rollups import UsageRollupQuerySet
from citizenapp.tenants.models import Tenant

COUNT_LIMIT = 10_000

_SUMS = {
    "cost": Sum("cost_usd"),
    "full": Sum("sync_cost_usd"),
    "saved": Sum("saved_usd"),
    "input_tokens": Sum("input_tokens"),
    "output_tokens": Sum("output_tokens"),
}
_OF_CHARGES = _SUMS | {
    "answers": Count("*"),
    "cached_tokens": Sum("cache_read_tokens")
    + Sum("cache_write_5m_tokens")
    + Sum("cache_write_1h_tokens"),
}
_OF_HOURS = _SUMS | {
    "answers": Sum("answers"),
    "cached_tokens": Sum("cache_read_tokens") + Sum("cache_write_tokens"),
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

    def __add__(self, other: "Money") -> "Money":
        return Money(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

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
        month=spent(tenant, now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)),
        waiting=_count(jobs.shown_as(AIJob.Status.QUEUED)),
        in_progress=_count(jobs.on_their_way()),
        answers_today=spent(tenant, now - timedelta(hours=23)).answers,
    )


def spent(tenant: Tenant, since: datetime) -> Money:
    """From the hour of this moment on."""
    return _money(_hours(tenant).since(since).aggregate(**_OF_HOURS))


def spent_on(tenant: Tenant, job_ids: Iterable[UUID]) -> dict[UUID, Money]:
    """The charges of each job; jobs that cost nothing yet are left out."""
    charges = LedgerEntry.objects.filter(tenant=tenant, job_id__in=list(job_ids))
    rows: Any = charges.values("job_id").annotate(**_OF_CHARGES).order_by()
    return {row.pop("job_id"): Money(**row) for row in rows}


def spent_on_collection(tenant: Tenant, collection: Collection) -> Money:
    return _money(_hours(tenant).filter(collection_id=collection.pk).aggregate(**_OF_HOURS))


@dataclass(frozen=True, slots=True)
class Report:
    """What was spent in a period: every day of it in UTC, the dearest kinds and routes first."""

    total: Money
    days: list[tuple[date, Money]]
    by_type: list[tuple[str, Money]]
    by_route: list[tuple[str, Money]]


def report(tenant: Tenant, since: datetime, *, now: datetime) -> Report:
    """From the hour of a moment on. Days without charges are there too."""
    rows: Any = (
        _hours(tenant)
        .since(since)
        .annotate(day=TruncDate("hour", tzinfo=UTC))
        .values("day", "job_type", "route")
        .annotate(**_OF_HOURS)
        .order_by()
    )
    total = Money()
    by_day: dict[date, Money] = defaultdict(Money)
    by_type: dict[str, Money] = defaultdict(Money)
    by_route: dict[str, Money] = defaultdict(Money)
    for row in rows:
        day, job_type, route = row.pop("day"), row.pop("job_type"), row.pop("route")
        money = Money(**row)
        total += money
        by_day[day] += money
        by_type[job_type] += money
        by_route[route] += money
    days = (now.date() - since.date()).days + 1
    return Report(
        total,
        [(day, by_day[day]) for day in (since.date() + timedelta(n) for n in range(days))],
        _dearest_first(by_type),
        _dearest_first(by_route),
    )


def _dearest_first(found: dict[str, Money]) -> list[tuple[str, Money]]:
    return sorted(found.items(), key=lambda one: one[1].full, reverse=True)


def _hours(tenant: Tenant) -> UsageRollupQuerySet:
    return UsageRollup.objects.filter(tenant=tenant)


def _money(sums: dict[str, Any]) -> Money:
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
