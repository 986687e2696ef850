"""What was spent and saved, by day, kind and route."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from aijobs.web.queries import money
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db


def charge(
    tenant: Tenant, cost: str, full: str, days_ago: int = 0, job_type: str = "summarize", **job: Any
) -> None:
    make_charge(
        make_job(tenant, job_type, **job),
        cost,
        full,
        cache_read_tokens=20,
        created_at=NOW - timedelta(days=days_ago),
    )


def test_every_day_is_there_and_has_its_sums() -> None:
    tenant = make_tenant()
    charge(tenant, "1", "2")
    charge(tenant, "2", "2", route="sync")
    charge(tenant, "3", "6", days_ago=2)
    charge(make_tenant(), "50", "100")
    days = money.report(tenant, NOW - timedelta(days=3), now=NOW).days
    assert [(day, int(spent.cost), int(spent.saved)) for day, spent in days] == [
        (date(2026, 10, 30), 0, 0),
        (date(2026, 10, 31), 3, 3),
        (date(2026, 11, 1), 0, 0),
        (date(2026, 11, 2), 3, 1),
    ]
    assert days[-1][1].tokens_read == 240


def test_sums_by_kind_and_route_begin_with_the_dearest() -> None:
    tenant = make_tenant()
    charge(tenant, "1", "2", job_type="classify")
    charge(tenant, "2", "4", job_type="analyze")
    charge(tenant, "8", "8", job_type="classify", days_ago=2)
    report = money.report(tenant, NOW - timedelta(days=1), now=NOW)
    saved = [(name, int(spent.saved)) for name, spent in report.by_type]
    assert saved == [("analyze", 2), ("classify", 1)]
    assert report.by_route == [("batch", report.total)]
    assert report.total == money.spent(tenant, NOW - timedelta(days=1))


def test_the_chart_stands_on_its_ground_and_fits_its_frame() -> None:
    days = [
        (date(2026, 11, 1), money.Money(cost=Decimal(1), full=Decimal(2), saved=Decimal(1))),
        (date(2026, 11, 2), money.Money(cost=Decimal(2), full=Decimal(4), saved=Decimal(2))),
    ]
    low, high = money.Chart(days).bars
    assert (low.spent_y, low.saved_y) == (75, 50)
    assert (high.spent_y, high.saved_y) == (50, 0)
    assert high.x + high.width <= 100


def test_a_period_without_charges_draws_nothing() -> None:
    assert money.Chart([(date(2026, 11, 1), money.Money())]).bars == []


@pytest.mark.parametrize("days", ["7", "30", "90", "x", ""])
def test_the_page_opens_for_every_period(client: Client, days: str) -> None:
    client.force_login(make_user("max", make_tenant()))
    response = client.get("/usage", {"days": days})
    assert response.status_code == 200
    assert "Nothing charged in this period" in response.content.decode()
