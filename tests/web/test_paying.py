"""Who pays, and what is left of the month: said on the form, before anything is queued."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import Quote
from citizenapp.tenants.models import Tenant
from tests.factories import make_charge, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant("Acme")


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def spend(tenant: Tenant, usd: str) -> None:
    make_charge(make_job(tenant), usd, created_at=timezone.now())


def told(writer: Client, page: str = "/jobs/new") -> str:
    return writer.get(page).content.decode()


@pytest.mark.parametrize("page", ["/jobs/new", "/collections/new"])
def test_without_a_limit_it_says_whose_money_it_is(writer: Client, page: str) -> None:
    assert "Acme pays. It has set no monthly limit." in told(writer, page)


def test_what_is_left_of_the_limit_is_named(writer: Client, tenant: Tenant) -> None:
    Tenant.objects.update(limit_usd=Decimal(50))
    spend(tenant, "12.345")
    assert "Acme pays: $37.65 of its monthly limit of $50.00 are left until" in told(writer)


def test_a_limit_that_is_spent_is_a_warning_before_the_click(
    writer: Client, tenant: Tenant
) -> None:
    Tenant.objects.update(limit_usd=Decimal(5))
    spend(tenant, "5")
    assert "Acme has spent its monthly limit of $5.00. What is queued is refused" in told(writer)


def test_a_budget_is_named_and_stops_nothing(writer: Client, tenant: Tenant) -> None:
    Tenant.objects.update(budget_usd=Decimal(10))
    spend(tenant, "2.5")
    assert "Acme pays: $2.50 of its monthly budget of $10.00 are spent." in told(writer)
    spend(tenant, "9")
    assert "$11.50 of its monthly budget of $10.00 are spent. Nothing stops." in told(writer)


def test_what_could_cost_more_than_is_left_is_said_with_its_price(writer: Client) -> None:
    Tenant.objects.update(limit_usd=Decimal("0.01"))
    form = {"job_type": "analyze", "text": "x" * 590_000, "urgency": "now"}
    priced = writer.post("/jobs/price", form).json()
    assert priced["is_warning"]
    assert priced["paying"].startswith("This could cost more than Acme may spend:")
    writer.post("/jobs/new", form | {"price": "1"})
    assert "This could cost more than Acme may spend" in told(
        writer, f"/quotes/{Quote.objects.get().pk}"
    )
