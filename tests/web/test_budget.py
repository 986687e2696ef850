"""The page on which owners and admins say what a month may cost."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from aijobs.budgets import notices
from aijobs.models import AIJob
from citizenapp.tenants.models import Tenant
from tests.factories import make_charge, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def save(client: Client, **fields: str) -> Any:
    form = {"budget_usd": "80", "limit_usd": "100", "time_zone": "Europe/Zurich"}
    return client.post("/settings/budget", form | fields)


def test_a_budget_a_limit_and_a_time_zone_are_set(owner: Client, tenant: Tenant) -> None:
    assert save(owner)["Location"] == "/settings/budget"
    tenant.refresh_from_db()
    assert (tenant.budget_usd, tenant.limit_usd) == (Decimal(80), Decimal(100))
    assert tenant.time_zone == "Europe/Zurich"
    assert save(owner, budget_usd="", limit_usd="").status_code == 302
    tenant.refresh_from_db()
    assert (tenant.budget_usd, tenant.limit_usd) == (None, None)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("limit_usd", "-1"), ("budget_usd", "x"), ("budget_usd", "101"), ("time_zone", "Mars/Base")],
)
def test_nonsense_is_refused_beside_its_field(
    owner: Client, tenant: Tenant, field: str, wrong: str
) -> None:
    response = save(owner, **{field: wrong})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    tenant.refresh_from_db()
    assert tenant.limit_usd is None


def test_only_places_and_utc_are_offered_as_time_zones(owner: Client, tenant: Tenant) -> None:
    page = owner.get("/settings/budget").content.decode()
    for name in ("UTC", "Europe/Zurich", "America/Argentina/Buenos_Aires"):
        assert f'<option value="{name}"' in page
    for name in ("Factory", "localtime", "Zulu", "Etc/GMT+1", "US/Pacific", "CET"):
        assert f'<option value="{name}"' not in page
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="CET")
    page = owner.get("/settings/budget").content.decode()
    assert '<option value="CET" selected>' in page


def test_members_neither_see_nor_set_it(client: Client, tenant: Tenant) -> None:
    client.force_login(make_user("max", tenant))
    assert client.get("/settings/budget").status_code == 403
    assert save(client).status_code == 403


def test_the_page_says_what_is_spent_reserved_and_left(owner: Client, tenant: Tenant) -> None:
    save(owner, limit_usd="100")
    make_charge(make_job(tenant), "12.50", created_at=timezone.now())
    make_job(tenant, reserved_usd=Decimal("7.25"))
    page = owner.get("/settings/budget").content.decode()
    assert "$12.50" in page
    assert "$7.25" in page
    assert "$80.25" in page
    month = timezone.now().astimezone(ZoneInfo("Europe/Zurich"))
    assert f"since 1 {month:%B}, Europe/Zurich" in page
    assert "renews on 1 " in page


def test_a_job_beyond_the_limit_is_refused_with_what_is_left(owner: Client, tenant: Tenant) -> None:
    save(owner, budget_usd="", limit_usd="0.00")
    response = owner.post(
        "/jobs/new", {"job_type": "summarize", "text": "A policy.", "urgency": "later"}
    )
    assert response.status_code == 422
    assert "monthly limit" in response.content.decode()
    assert not AIJob.objects.exists()
    csv = b"document_text\nHail is covered.\n"
    response = owner.post(
        "/collections/new",
        {
            "name": "October",
            "job_type": "summarize",
            "on_error": "reject",
            "urgency": "later",
            "table": SimpleUploadedFile("a.csv", csv),
        },
    )
    assert "monthly limit" in response.context["form"].non_field_errors()[0]


def test_owners_read_that_the_budget_is_spent_and_everybody_that_the_limit_is(
    owner: Client, tenant: Tenant
) -> None:
    """That a budget stops nothing is not said beside a limit that does."""
    member = Client()
    member.force_login(make_user("max", tenant))
    save(owner, budget_usd="10", limit_usd="20")
    spend(tenant, "10.00")
    notices.tell(timezone.now())
    assert "100 % of this month" in owner.get("/").content.decode()
    assert "of this month’s budget" not in member.get("/").content.decode()
    spend(tenant, "10.00")
    for reader in (owner, member):
        page = reader.get("/").content.decode()
        assert "The monthly limit is spent" in page
        assert "of this month’s budget" not in page
    save(owner, budget_usd="10", limit_usd="30")
    assert "100 % of this month" in owner.get("/").content.decode()
    owner.post("/settings/budget/notice")
    assert "100 % of this month" not in owner.get("/").content.decode()


def spend(tenant: Tenant, usd: str) -> None:
    make_charge(make_job(tenant), usd, created_at=timezone.now())


def test_what_is_spent_is_not_said_to_last(owner: Client, tenant: Tenant) -> None:
    save(owner, budget_usd="10", limit_usd="20")
    spend(tenant, "10.00")
    page = owner.get("/settings/budget").content.decode()
    assert '<p class="hint">Spent</p>' in page
    assert "The limit is spent" not in page
    spend(tenant, "10.00")
    page = owner.get("/settings/budget").content.decode()
    assert "The limit is spent" in page
    assert "lasts for the month" not in page


def test_a_limit_alone_says_nothing_of_a_budget(owner: Client, tenant: Tenant) -> None:
    save(owner, budget_usd="", limit_usd="20")
    spend(tenant, "1.00")
    page = owner.get("/settings/budget").content.decode()
    assert "None is set" in page
    assert "lasts for the month" not in page
