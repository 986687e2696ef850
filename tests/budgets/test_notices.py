"""Owners are told once for each part of the month's budget."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from aijobs.budgets import notices
from aijobs.budgets.circumstances import facts_of
from aijobs.models import BudgetNotice
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db

NEXT_MONTH = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant(budget_usd=Decimal("10.00"))


def percents() -> list[int]:
    return list(BudgetNotice.objects.order_by("percent").values_list("percent", flat=True))


def spend(tenant: Tenant, usd: str) -> None:
    make_charge(make_job(tenant), usd)


def test_each_part_is_told_once(tenant: Tenant) -> None:
    spend(tenant, "4.99")
    assert notices.tell(NOW) == 0
    spend(tenant, "0.01")
    assert (notices.tell(NOW), notices.tell(NOW)) == (1, 0)
    spend(tenant, "6.00")
    assert notices.tell(NOW) == 2
    assert percents() == [50, 80, 100]


def test_another_month_begins_anew(tenant: Tenant) -> None:
    spend(tenant, "10.00")
    notices.tell(NOW)
    assert notices.tell(NEXT_MONTH) == 0
    assert facts_of(tenant, NEXT_MONTH).budget_percent is None


def test_who_has_no_budget_is_told_nothing() -> None:
    spend(make_tenant(), "10.00")
    assert notices.tell(NOW) == 0


def test_what_was_put_away_comes_back_with_the_next_part(tenant: Tenant) -> None:
    spend(tenant, "5.00")
    notices.tell(NOW)
    assert facts_of(tenant, NOW).budget_percent == 50
    notices.put_away(tenant, NOW, by="olga")
    assert facts_of(tenant, NOW).budget_percent is None
    spend(tenant, "3.00")
    notices.tell(NOW)
    assert facts_of(tenant, NOW).budget_percent == 80
