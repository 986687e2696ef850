"""What was spent and saved in a period: by day, job type, route, model, sender, collection."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Self, TypeVar, cast

from django.db.models import CharField, DateTimeField, ExpressionWrapper, F, Value
from django.db.models.functions import Cast, Coalesce, TruncDate

from aijobs import jobtypes
from aijobs.models import AIJob, LedgerEntry
from aijobs.models.rollups import HOUR, UsageRollupQuerySet, start_of_hour
from aijobs.outcomes.charges import price_of
from aijobs.pricing import Usage as Tokens
from aijobs.reading.money import NOTHING, OF_HOURS, Money, hours
from aijobs.reading.money import money as money_of
from citizenapp.tenants.models import Tenant

GroupBy = Literal["day", "job_type", "route", "model", "created_by", "collection"]
KeyT = TypeVar("KeyT", bound=date | str)

# What sums may be grouped by. A group of no collection, and one from before models and senders
# were kept, is called "".
GROUPS: dict[str, Any] = {
    "day": TruncDate("hour", tzinfo=UTC),
    "job_type": F("job_type"),
    "route": F("route"),
    "model": F("model"),
    "created_by": F("created_by"),
    "collection": Coalesce(Cast("collection_id", CharField()), Value("")),
    "tenant": F("tenant_id"),
}
# What the price of a token depends on.
PRICED_BY: tuple[GroupBy, ...] = ("day", "job_type", "route", "model")

DEFAULT_LENGTH = timedelta(days=30)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC) - HOUR


class EndsBeforeItBegins(ValueError):
    """A period whose end lies before its start."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole hours in UTC: from the hour of `since` on, up to `until`, which is not part of it.

    Charges are added up by hour, so no shorter time can be told. Its days are those of `zone`:
    where that is off by half an hour, a day begins with the hour of its first moment, as months of
    budgets do.
    """

    since: datetime
    until: datetime
    zone: tzinfo = UTC

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
    def last_days(cls, days: int, *, now: datetime, zone: tzinfo = UTC) -> Self:
        """So many days, today being the last of them."""
        first = now.astimezone(zone).date() - timedelta(days=days - 1)
        return cls(_midnight(first, zone), start_of_hour(now) + HOUR, zone)

    @classmethod
    def month(cls, first: date, zone: tzinfo = UTC) -> Self:
        """The calendar month that begins with this day."""
        following = (first + timedelta(days=31)).replace(day=1)
        return cls(_midnight(first, zone), _midnight(following, zone), zone)

    @classmethod
    def days_from(cls, first: date, last: date, zone: tzinfo = UTC) -> Self:
        """From one day to another, both of them part of it."""
        return cls(_midnight(first, zone), _midnight(last + timedelta(days=1), zone), zone)

    @property
    def name(self) -> str:
        """For a file: 2026-11, or its first and its last day."""
        end = self.until - HOUR if self.until > self.since else self.since
        first, last = self.since.date(), end.date()
        edges = {(edge.day, edge.time()) for edge in (self.since, self.until)}
        if edges == {(1, time())} and last != first and last.replace(day=1) == first:
            return f"{first:%Y-%m}"
        return f"{first}-to-{last}"

    @property
    def before(self) -> Self:
        """The month before a month; before anything else, as much time."""
        first = _day_of(self.since, self.zone)
        if self == type(self).month(first.replace(day=1), self.zone):
            return type(self).month((first - timedelta(days=1)).replace(day=1), self.zone)
        return type(self)(self.since - (self.until - self.since), self.since, self.zone)

    @property
    def days(self) -> list[date]:
        """Every day of which it has an hour. Not for a period of centuries."""
        first, last = (_day_of(hour, self.zone) for hour in (self.since, self.until - HOUR))
        return [first + timedelta(n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class Usage:
    """The sums of a period. Only what has a charge is in its groups.

    `lines` are the finest groups there are: a value for each of `names`, and their sums.
    """

    period: Period
    total: Money
    names: Sequence[str]
    lines: Sequence[tuple[tuple[Any, ...], Money]]
    estimated: int = 0
    """Answers that are charged by an estimate; only the report on one tenant knows them."""

    @property
    def every_day(self) -> list[tuple[date, Money]]:
        """The days of the period in order, those without a charge among them."""
        by_day = self.by("day")
        return [(day, by_day.get(day, NOTHING)) for day in self.period.days]

    def by(self, *names: str) -> dict[Any, Money]:
        """The sums by these of the own names: by values of one, by tuples of several."""
        places = [self.names.index(name) for name in names]
        groups: dict[Any, Money] = {}
        for values, money in self.lines:
            chosen = tuple(values[place] for place in places)
            key = chosen if len(chosen) > 1 else chosen[0]
            groups[key] = groups[key] + money if key in groups else money
        return groups

    def rows(self, *names: str) -> list[tuple[Any, Money]]:
        """The same in the order of the values."""
        return sorted(self.by(*names).items(), key=lambda group: group[0])

    def groups(self, *names: str) -> list[tuple[tuple[Any, ...], Money]]:
        """The same, with a tuple of values where it is of one as well."""
        return [(key if len(names) > 1 else (key,), money) for key, money in self.rows(*names)]


def usage(tenant: Tenant, period: Period, names: Sequence[str] = PRICED_BY) -> Usage:
    """What a tenant was charged in a period, by some of GROUPS. Two queries.

    What the cache saved is known where PRICED_BY is among the names.
    """
    found = report(hours(tenant), period, names)
    return replace(found, estimated=estimated(tenant, period))


def report(rows: UsageRollupQuerySet, period: Period, names: Sequence[str]) -> Usage:
    """The sums of these rows in a period, by some of GROUPS. One query."""
    groups = GROUPS if period.zone is UTC else GROUPS | {"day": _trunc(period.zone)}
    found = (
        rows.filter(hour__gte=period.since, hour__lt=period.until)
        .values(**{f"by_{name}": groups[name] for name in names})
        .annotate(**OF_HOURS)
        .order_by()
    )
    is_priced = {*PRICED_BY} <= {*names}
    total = NOTHING
    lines = []
    for row in cast("Iterable[dict[str, Any]]", found):
        values = {name: row.pop(f"by_{name}") for name in names}
        sums = Money(**row)
        if is_priced and (sums.cache_read_tokens or sums.cache_write_tokens):
            sums = replace(sums, cache_saved=_cache_saved(values, sums))
        total += sums
        lines.append((tuple(values.values()), sums))
    return Usage(period, total, names, lines)


class Asked(NamedTuple):
    """A grouping of a period by the values of one of GROUPS; by none, it is one sum called ""."""

    period: Period
    by: str | None = None


def sums_of(tenant: Tenant, asked: Mapping[str, Asked]) -> dict[str, dict[str, Money]]:
    """Several groupings at once, each by its name: values with their sums. One query for all."""
    parts = []
    for name, (period, by) in asked.items():
        rows = hours(tenant).filter(hour__gte=period.since, hour__lt=period.until)
        value = Cast(GROUPS[by], CharField()) if by else Value("", CharField())
        named = rows.annotate(part=Value(name, CharField()), value=value)
        parts.append(named.values("part", "value").annotate(**OF_HOURS).order_by())
    found: dict[str, dict[str, Money]] = {name: {} for name in asked}
    for row in cast("Iterable[dict[str, Any]]", parts[0].union(*parts[1:], all=True)):
        part, value = row.pop("part"), row.pop("value")
        found[part][value] = money_of(row)
    return found


def _cache_saved(group: Mapping[str, Any], money: Money) -> Decimal:
    """What the same prompts cost without a cache, less what they cost with it.

    By the prices of the day of the charges. Where a price rises with the length of the prompt, by
    its lowest tier: sums no longer know their prompts, and never more is claimed than was saved.
    """
    if not group["model"] or group["job_type"] not in jobtypes.names():
        return Decimal(0)  # From before models were kept, or of a kind that is gone.
    plain, read, written_5m, written_1h = (
        price_of(
            group["model"],
            group["job_type"],
            token,
            batch=group["route"] == AIJob.Route.BATCH,
            on=group["day"],
        ).charge.cost_usd
        for token in (Tokens(1, 0), Tokens(0, 0, 1), Tokens(0, 0, 0, 1), Tokens(0, 0, 0, 0, 1))
    )
    for_an_hour = money.cache_write_1h_tokens
    return (
        money.cache_read_tokens * (plain - read)
        - (money.cache_write_tokens - for_an_hour) * (written_5m - plain)
        - for_an_hour * (written_1h - plain)
    )


def estimated(tenant: Tenant, period: Period) -> int:
    """Charges of a period that are estimates, for Anthropic did not say what was used."""
    charges = LedgerEntry.objects.filter(tenant=tenant, is_estimated=True, corrects=None)
    return charges.filter(created_at__gte=period.since, created_at__lt=period.until).count()


def dearest_first(groups: Mapping[KeyT, Money]) -> list[tuple[KeyT, Money]]:
    """By full price, so that what was saved does not hide what costs most."""
    return sorted(groups.items(), key=lambda group: group[1].full, reverse=True)


_LAST_MOMENT = HOUR - timedelta(seconds=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    """The hour that holds it."""
    if zone is UTC:
        return datetime.combine(day, time(), UTC)
    return start_of_hour(datetime.combine(day, time(), zone).astimezone(UTC))


def _day_of(hour: datetime, zone: tzinfo) -> date:
    """The day of an hour is that of its last moment: so a day has the hour that it begins in."""
    return hour.date() if zone is UTC else (hour + _LAST_MOMENT).astimezone(zone).date()


def _trunc(zone: tzinfo) -> TruncDate:
    """The same in SQL."""
    moment = ExpressionWrapper(F("hour") + Value(_LAST_MOMENT), output_field=DateTimeField())
    return TruncDate(moment, tzinfo=zone)


def _end_of_hour(moment: datetime) -> datetime:
    """The moment itself where an hour begins with it."""
    start = start_of_hour(moment)
    if start == moment or start > _LATEST:
        return moment
    return start + HOUR
