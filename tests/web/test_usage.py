"""The page of what was spent and saved, and its chart."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.reading.money import Money
from aijobs.web.chart import Chart
from tests.factories import make_charge, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db


def test_the_chart_stands_on_its_ground_and_fits_its_frame() -> None:
    days = [
        (date(2026, 11, 1), Money(cost=Decimal(1), full=Decimal(2), saved=Decimal(1))),
        (date(2026, 11, 2), Money(cost=Decimal(2), full=Decimal(4), saved=Decimal(2))),
    ]
    low, high = (bar for bar, _ in Chart(days).bars)
    assert (low.spent_y, low.saved_y) == (75, 50)
    assert (high.spent_y, high.saved_y) == (50, 0)
    assert high.x + high.width <= 100


def test_a_period_without_charges_draws_nothing() -> None:
    assert Chart([(date(2026, 11, 1), Money())]).bars == []


@pytest.mark.parametrize("days", ["7", "30", "90", ""])
def test_the_page_opens_for_every_period(client: Client, days: str) -> None:
    client.force_login(make_user("max", make_tenant()))
    response = client.get("/usage", {"days": days})
    assert response.status_code == 200
    assert "Nothing charged in this period" in response.content.decode()
    assert len(response.context["chart"].days) == int(days or "30")


def test_the_page_shows_what_was_charged_today(client: Client) -> None:
    tenant, now = make_tenant(), timezone.now()
    client.force_login(make_user("max", tenant))
    make_charge(make_job(tenant), "1", "2", created_at=now)
    response = client.get("/usage")
    assert [(day, money.cost) for day, money in response.context["days"]] == [(now.date(), 1)]
    assert "instead of $2.00" in response.content.decode()
