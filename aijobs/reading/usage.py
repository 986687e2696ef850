"""What was spent and saved in a period, by day, by job type and by route."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, Self, TypeVar, cast, get_args

from django.db.models.functions import TruncDate

from aijobs.models import LedgerEntry
from aijobs.models.rollups import HOUR, start_of_hour
from aijobs.reading.money import NOTHING, OF_HOURS, Money, hours
from citizenapp.tenants.models import Tenant

GroupBy = Literal["day", "job_type", "route"]
KeyT = TypeVar("KeyT", bound=date | str)

DEFAULT_LENGTH = timedelta(days=30)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC) - HOUR


class EndsBeforeItBegins(ValueError):
    """A period whose end lies before its start."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole hours in UTC: from the hour of `since` on, up to `until`, which is not part of it.

    Charges are added up by hour, so no shorter time can be told.
    """

    since: datetime
    until: datetime

    @classmethod
    def around(cls, since: datetime | None, until: datetime | None, *, now: datetime) -> Self:
        """The hours that hold these moments in UTC; without them, thirty days that end now.

        Raises EndsBeforeItBegins.
        """
        end = _end_of_hour(until or now)
        start = since or end - min(DEFAULT_LENGTH, end - _EARLIEST)
        if start > end:
            raise EndsBeforeItBegins
        return cls(start_of_hour(start), end)

    @classmethod
    def last_days(cls, days: int, *, now: datetime) -> Self:
        """So many days in UTC, today being the last of them."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(midnight - timedelta(days=days - 1), start_of_hour(now) + HOUR)

    @property
    def days(self) -> list[date]:
        """Every day of which it has an hour. Not for a period of centuries."""
        first, last = self.since.date(), (self.until - HOUR).date()
        return [first + timedelta(n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class Usage:
    """The sums of a period. Only what has a charge is in its groups; `by_day` is in order."""

    period: Period
    total: Money
    by_day: Mapping[date, Money]
    by_job_type: Mapping[str, Money]
    by_route: Mapping[str, Money]
    estimated: int
    """Answers that are charged by an estimate."""

    @property
    def every_day(self) -> list[tuple[date, Money]]:
        """The days of the period in order, those without a charge among them."""
        return [(day, self.by_day.get(day, NOTHING)) for day in self.period.days]

    def rows(self, group_by: GroupBy) -> list[tuple[date | str, Money]]:
        """What `group_by` names and its sums, in the order of the names."""
        groups: Mapping[GroupBy, Mapping[Any, Money]] = {
            "day": self.by_day,
            "job_type": self.by_job_type,
            "route": self.by_route,
        }
        return sorted(groups[group_by].items(), key=lambda group: group[0])


def usage(tenant: Tenant, period: Period) -> Usage:
    """What a tenant was charged in a period. Two queries."""
    names: tuple[GroupBy, ...] = get_args(GroupBy)
    sums = (
        hours(tenant)
        .filter(hour__gte=period.since, hour__lt=period.until)
        .values("job_type", "route", day=TruncDate("hour", tzinfo=UTC))
        .annotate(**OF_HOURS)
        .order_by("day")
    )
    rows = cast("Iterable[dict[str, Any]]", sums)
    total = NOTHING
    groups: dict[str, dict[Any, Money]] = {name: {} for name in names}
    for row in rows:
        keys = {name: row.pop(name) for name in names}
        money = Money(**row)
        total += money
        for name, key in keys.items():
            groups[name][key] = groups[name].get(key, NOTHING) + money
    return Usage(
        period,
        total,
        by_day=groups["day"],
        by_job_type=groups["job_type"],
        by_route=groups["route"],
        estimated=estimated(tenant, period),
    )


def estimated(tenant: Tenant, period: Period) -> int:
    """Charges of a period that are estimates, for Anthropic did not say what was used."""
    charges = LedgerEntry.objects.filter(tenant=tenant, is_estimated=True, corrects=None)
    return charges.filter(created_at__gte=period.since, created_at__lt=period.until).count()


def dearest_first(groups: Mapping[KeyT, Money]) -> list[tuple[KeyT, Money]]:
    """By full price, so that what was saved does not hide what costs most."""
    return sorted(groups.items(), key=lambda group: group[1].full, reverse=True)


def _end_of_hour(moment: datetime) -> datetime:
    """The moment itself where an hour begins with it."""
    start = start_of_hour(moment)
    if start == moment or start > _LATEST:
        return moment
    return start + HOUR
