"""What all tenants spent in a month, as staff see it."""

import csv
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from aijobs.models import UsageRollup
from citizenapp.tenants.models import User
from tests.factories import NOW, make_charge, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db

NOVEMBER = {"month": "2026-11"}


def spend() -> None:
    for name, cost, route in [("acme", "1.5", "batch"), ("other", "2.25", "sync")]:
        job = make_job(make_tenant(name), route=route)
        make_charge(job, cost, cost if route == "sync" else None, route=route)
        make_charge(job, "100", created_at=NOW - timedelta(days=9))


def look(client: Client, **query: str) -> Any:
    return client.get(reverse("admin:aijobs_usagerollup_changelist"), query)


def test_a_month_has_its_sums_over_all_tenants_and_by_tenant(staff: Client) -> None:
    spend()
    page = look(staff, **NOVEMBER)
    text = page.content.decode()
    assert "Together $3.7500000000 for 2 answers, instead of $5.2500000000" in text
    assert [(tenant.slug, money.cost) for tenant, money in page.context["tenants"]] == [
        ("acme", Decimal("1.5")),
        ("other", Decimal("2.25")),
    ]
    assert "October 2026" in text


def test_invoices_are_made_of_a_csv_that_adds_up(staff: Client) -> None:
    spend()
    answer = look(staff, **NOVEMBER, **{"as": "csv"})
    head, *rows = csv.reader(answer.content.decode("utf-8-sig").splitlines())
    assert head[:5] == ["tenant", "slug", "job_type", "route", "model"]
    assert [row[1:4] for row in rows] == [
        ["acme", "summarize", "batch"],
        ["other", "summarize", "sync"],
    ]
    place = head.index("cost_usd")
    assert sum(Decimal(row[place]) for row in rows) == Decimal("3.75")
    assert 'filename="spending-2026-11.csv"' in answer["Content-Disposition"]


@pytest.mark.parametrize("month", ["", "soon", "2026-13"])
def test_without_a_month_it_is_this_one(staff: Client, month: str) -> None:
    assert look(staff, month=month).status_code == 200
    assert "Nothing was charged." in look(staff, month=month).content.decode()


def test_only_staff_who_may_look_do() -> None:
    spend()
    make_user("ada", make_tenant(), "owner")
    clerk = User.objects.create_user("clerk", password="clerk", is_staff=True)
    for name, status in [("ada", 302), ("clerk", 403)]:
        client = Client()
        client.login(username=name, password=name)
        assert look(client).status_code == status
        assert look(client, **{"as": "csv"}).status_code == status
    clerk.user_permissions.set(Permission.objects.filter(codename="view_usagerollup"))
    client = Client()
    client.force_login(clerk, "django.contrib.auth.backends.ModelBackend")
    assert look(client).status_code == 200
    row = UsageRollup.objects.all()[0]
    assert client.get(reverse("admin:aijobs_usagerollup_change", args=[row.pk])).status_code == 200
