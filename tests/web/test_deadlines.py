"""Owners and admins say how certain deadlines are, and what may be paid for them."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import Rescue
from citizenapp.tenants.models import Tenant
from tests.factories import make_tenant, make_user
from tests.pipeline.history import ended

pytestmark = pytest.mark.django_db

ADDRESS = "/settings/deadlines"
CHOSEN = {"deadline_percent": "99", "full_price": "on", "rescue_usd": "12.50"}


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def test_they_choose_certainty_price_and_limit(owner: Client, tenant: Tenant) -> None:
    assert f'href="{ADDRESS}"' in owner.get("/settings/people").content.decode()
    assert owner.post(ADDRESS, CHOSEN).status_code == 302
    tenant.refresh_from_db()
    found = tenant.deadline_percent, tenant.full_price, tenant.rescue_usd
    assert found == (99, True, Decimal("12.50"))
    assert owner.post(ADDRESS, {"deadline_percent": "80", "rescue_usd": ""}).status_code == 302
    tenant.refresh_from_db()
    found = tenant.deadline_percent, tenant.full_price, tenant.rescue_usd
    assert found == (80, False, None)


@pytest.mark.parametrize(
    ("field", "value"), [("deadline_percent", "96"), ("rescue_usd", "-1"), ("rescue_usd", "much")]
)
def test_what_is_wrong_is_told_beside_its_field(
    owner: Client, tenant: Tenant, field: str, value: str
) -> None:
    response = owner.post(ADDRESS, CHOSEN | {field: value})
    assert response.status_code == 422
    assert response.context["form"].errors[field]
    tenant.refresh_from_db()
    assert tenant.deadline_percent == 95


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_others_do_not(client: Client, tenant: Tenant, role: str) -> None:
    client.force_login(make_user("max", tenant, role=role))
    assert client.get(ADDRESS).status_code == 403
    assert ADDRESS not in client.get("/settings/people").content.decode()


def test_it_tells_how_soon_batches_end_today(owner: Client) -> None:
    usual = owner.get(ADDRESS).context["certainties"]
    assert [one.percent for one in usual] == [50, 80, 90, 95, 99]
    assert [one.percent for one in usual if one.is_chosen] == [95]
    for one in usual:
        assert one.takes == sorted(one.takes)
    ended(20.0, now=timezone.now())
    quick = owner.get(ADDRESS).context
    assert quick["certainties"][3].takes[0] < usual[3].takes[0]
    assert quick["reach"] == quick["certainties"][3].takes[0]


def test_it_tells_what_rescues_of_this_month_cost(owner: Client, tenant: Tenant) -> None:
    now = timezone.now()
    for one, usd in ((tenant, "1.25"), (make_tenant(), "50")):
        Rescue.objects.create(tenant=one, jobs=1, usd=Decimal(usd), decided_at=now)
    assert "Rescues of this month cost $1.25 at the most." in owner.get(ADDRESS).content.decode()
