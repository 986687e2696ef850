"""What was spent this month, what is reserved, and what is left of a limit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.conf import settings
from django.db import DatabaseError
from django.db.models import OuterRef, Subquery, Sum

from aijobs.budgets.room import OverLimit, QueueFull, most_waiting
from aijobs.models import Reservation, UsageRollup
from aijobs.models.rollups import start_of_hour
from citizenapp.database import prepared_cursor
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant

HOLD = """
SELECT aijobs_hold(%(tenant)s, %(limit)s, %(month)s, %(next_month)s),
       aijobs_hold(0, %(limit_of_all)s, %(month_of_all)s, %(next_month_of_all)s),
       aijobs_keep_room(%(tenant)s, %(most_waiting)s)
"""
# The codes of their errors (aijobs/sql/hold_and_keep_room.sql). The details: the tenant, the limit,
# what is gone; and how many jobs there would be.
_BEYOND, _FULL = "AJ402", "AJ429"


class LimitReached(OverLimit):
    """What is asked for could go beyond the limit of a month. Nothing of it is stored."""

    def __init__(self, left: Decimal, limit: Decimal, renews: datetime, *, of_all: bool) -> None:
        self.left, self.limit, self.renews, self.of_all = left, limit, renews, of_all
        whose = "this installation" if of_all else "this workspace"
        cents = left.quantize(Decimal("0.01"), ROUND_FLOOR)
        super().__init__(
            f"This could cost more than is left of the monthly limit of {whose}: "
            f"{reader.usd(cents, 2)} of {reader.usd(limit, 2)}. It renews on "
            f"{reader.full_day(renews)}."
        )


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in a time zone. Charges are added up by hours in UTC.

    So where a zone is off by half an hour, the month begins with the hour of its first moment.
    """

    start: datetime
    end: datetime

    @classmethod
    def around(cls, now: datetime, zone: str) -> "Month":
        local = now.astimezone(ZoneInfo(zone))
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        later = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)
        return cls(first, first.replace(year=later[0], month=later[1]))

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def renews_on(self) -> date:
        """The first day of the next one, there."""
        return self.end.date()

    @property
    def hours(self) -> dict[str, datetime]:
        """For a filter of rollups."""
        return {
            "hour__gte": start_of_hour(self.start.astimezone(UTC)),
            "hour__lt": start_of_hour(self.end.astimezone(UTC)),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant's month, in USD. `left` is null without a limit."""

    month: Month
    budget: Decimal | None
    limit: Decimal | None
    spent: Decimal
    reserved: Decimal

    @property
    def left(self) -> Decimal | None:
        if self.limit is None:
            return None
        return max(self.limit - self.spent - self.reserved, Decimal(0))

    def used_up_on(self, most: Decimal | None, now: datetime) -> date | None:
        """The day on which so much, the budget or the limit, is spent at the pace of this month.

        None where it is not set or spent already, where the month ends before, and on its first
        day.
        """
        gone = now - self.month.start
        if most is None or not 0 < self.spent < most or gone < timedelta(days=1):
            return None
        moment = self.month.start + gone * float(most / self.spent)
        return moment.date() if moment < self.month.end else None

    @property
    def is_budget_spent(self) -> bool:
        return self.budget is not None and self.spent >= self.budget

    @property
    def is_held(self) -> bool:
        """Whether nothing more is sent: the limit is spent."""
        return self.limit is not None and self.spent >= self.limit


def standing(tenant: Tenant, now: datetime) -> Standing:
    """One query."""
    month = Month.around(now, tenant.time_zone)
    of_month = UsageRollup.objects.filter(tenant=tenant, **month.hours)
    reserved = Reservation.objects.filter(tenant=OuterRef("pk")).values("tenant")
    sums = Tenant.objects.filter(pk=tenant.pk).values_list(
        Subquery(of_month.values("tenant").annotate(sum=Sum("cost_usd")).values("sum")),
        Subquery(reserved.annotate(sum=Sum("usd")).values("sum")),
    )
    spent, held = sums.first() or (None, None)
    return Standing(
        month,
        tenant.budget_usd,
        tenant.limit_usd,
        spent=spent or Decimal(0),
        reserved=held or Decimal(0),
    )


def has_limit(tenant: Tenant) -> bool:
    """Whether this tenant may spend so much, and no more."""
    return tenant.limit_usd is not None or settings.AIJOBS_MONTHLY_LIMIT_USD is not None


def parameters(tenant: Tenant, now: datetime) -> dict[str, Any]:
    """Those of HOLD."""
    month = Month.around(now, tenant.time_zone).hours
    month_of_all = Month.around(now, "UTC").hours
    return {
        "tenant": tenant.pk,
        "limit": tenant.limit_usd,
        "month": month["hour__gte"],
        "next_month": month["hour__lt"],
        "limit_of_all": settings.AIJOBS_MONTHLY_LIMIT_USD,
        "month_of_all": month_of_all["hour__gte"],
        "next_month_of_all": month_of_all["hour__lt"],
        "most_waiting": most_waiting(tenant),
    }


@contextmanager
def refusing(tenant: Tenant, wanted: Decimal, now: datetime, *, jobs: int) -> Iterator[None]:
    """Turns the errors of HOLD into LimitReached and QueueFull.

    `wanted` is what was reserved just before, by so many `jobs`.
    """
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error) or cause.sqlstate not in (_BEYOND, _FULL):
            raise
        code, details = cause.sqlstate, [*map(Decimal, str(cause.diag.message_detail).split())]
    else:
        return
    if code == _FULL:
        raise QueueFull(int(details[0]) - jobs, most_waiting(tenant) or 0)
    whose, limit, gone = details
    left = max(limit - (gone - wanted), Decimal(0))
    month = Month.around(now, tenant.time_zone if whose else "UTC")
    raise LimitReached(left, limit, month.end, of_all=not whose)


def keep(tenant: Tenant, wanted: Decimal, now: datetime, *, jobs: int = 0) -> None:
    """Hold what was just stored, `jobs` that reserved `wanted`, against the limits.

    Raises LimitReached or QueueFull. Call it last in the transaction that stored them, which ends
    with the error: of all who store something at once, each is counted by those after it, since
    they wait here for its end.
    """
    if has_limit(tenant) or most_waiting(tenant) is not None:
        with refusing(tenant, wanted, now, jobs=jobs), prepared_cursor() as cursor:
            cursor.execute(HOLD, parameters(tenant, now))


def held(now: datetime) -> list[int]:
    """The tenants that have spent their limit: nothing of theirs is sent before it renews."""
    limited = Tenant.objects.exclude(limit_usd=None).only("pk", "time_zone", "limit_usd")
    return [
        tenant.pk
        for tenant in limited
        if tenant.limit_usd is not None
        and spent_in(Month.around(now, tenant.time_zone), tenant) >= tenant.limit_usd
    ]


def is_all_held(now: datetime) -> bool:
    """Whether the installation has spent its limit."""
    limit = settings.AIJOBS_MONTHLY_LIMIT_USD
    return limit is not None and spent_in(Month.around(now, "UTC")) >= limit


def spent_in(month: Month, tenant: Tenant | None = None) -> Decimal:
    """What a tenant, or all of them, were charged in a month; in USD."""
    rows = UsageRollup.objects.filter(**month.hours)
    if tenant is not None:
        rows = rows.filter(tenant=tenant)
    return rows.aggregate(total=Sum("cost_usd"))["total"] or Decimal(0)
