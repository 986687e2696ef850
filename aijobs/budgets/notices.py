"""Owners are told when a part of the month's budget is spent: once for each part."""

import logging
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from aijobs.budgets.standing import Month, spent_in
from aijobs.mails import writing
from aijobs.models import BudgetNotice
from citizenapp.tenants.models import Tenant

logger = logging.getLogger(__name__)

PERCENTS = (50, 80, 100)


def tell(now: datetime) -> int:
    """Store a notice for each part that was reached since the last time; returns how many."""
    told = 0
    for tenant in Tenant.objects.exclude(budget_usd=None):
        assert tenant.budget_usd is not None
        month = Month.around(now, tenant.time_zone)
        spent = spent_in(month, tenant)
        if not spent:
            continue
        for percent in PERCENTS:
            if spent >= tenant.budget_usd * percent / Decimal(100):
                told += _tell(tenant, month, percent, now)
    return told


@transaction.atomic
def _tell(tenant: Tenant, month: Month, percent: int, now: datetime) -> bool:
    """Whether that is new. With the notice go the e-mails to those who chose to be told."""
    _, is_new = BudgetNotice.objects.get_or_create(
        tenant=tenant, month=month.first_day, percent=percent, defaults={"told_at": now}
    )
    if is_new:
        writing.budget_reached(tenant.pk, month.first_day, percent, now)
    return is_new


def put_away(tenant: Tenant, now: datetime, *, by: str) -> int:
    """Nobody of the tenant sees those of this month any more; returns how many there were."""
    month = Month.around(now, tenant.time_zone)
    notices = BudgetNotice.objects.filter(tenant=tenant, month=month.first_day, put_away_by="")
    return notices.update(put_away_by=by)
