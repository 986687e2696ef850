"""The page of what was spent and saved, and its chart."""

import csv
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import UsageRollup
from aijobs.reading.money import Money
from aijobs.web.chart import Chart
from aijobs.web.usage import MOST_ROWS
from citizenapp.tenants.models import APIKey, Tenant
from tests.factories import make_charge, make_job, make_tenant, make_user
from tests.webhooks.test_delivery import make_collection

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


THIS_MONTH = timezone.now().date().replace(day=1)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)


def charge(tenant: Tenant, cost: str = "1", **fields: Any) -> None:
    make_charge(make_job(tenant), cost, **{"created_at": timezone.now()} | fields)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


@pytest.fixture
def tenant(client: Client) -> Tenant:
    """A tenant, one of whose members is signed in."""
    found = make_tenant()
    client.force_login(make_user("max", found))
    return found


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize(
    ("query", "days", "title"),
    [
        ("", None, f"{THIS_MONTH:%B %Y}"),
        ("month=2026-02", 28, "February 2026"),
        ("days=7", 7, "Past 7 days"),
        ("days=90", 90, "Past 90 days"),
        ("from=2026-10-30&to=2026-11-02", 4, "30 Oct 2026 to 2 Nov 2026"),
        ("from=2026-10-30&to=2026-10-30", 1, "30 Oct 2026"),
        ("to=2026-10-30", 30, "1 Oct 2026 to 30 Oct 2026"),
    ],
)
def test_the_page_opens_for_every_time(
    client: Client, query: str, days: int | None, title: str
) -> None:
    response = client.get(f"/usage?{query}")
    assert response.status_code == 200
    text = response.content.decode()
    assert "Nothing charged in this period" in text
    assert f"<strong>{title}</strong>" in text
    assert "Days and months are in UTC" in text
    assert days in {None, len(response.context["chart"].days)}


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize(
    "query",
    ["month=2026-13", "days=8", "from=2026-11-02&to=2026-11-01", "from=2024-01-01&to=2026-01-01"],
)
def test_a_time_that_is_none_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/usage?{query}").status_code == 400


def test_the_page_shows_what_was_charged_today(client: Client, tenant: Tenant) -> None:
    charge(tenant)
    response = client.get("/usage")
    today = str(timezone.now().date())
    assert [(day.key, money.cost) for day, money in response.context["days"]] == [(today, 1)]
    assert "instead of $2.00 all at once" in response.content.decode()


def test_a_month_stands_beside_the_one_before(client: Client, tenant: Tenant) -> None:
    for day, cost in [(THIS_MONTH, "1"), (LAST_MONTH, "3"), (LAST_MONTH + timedelta(27), "4")]:
        charge(tenant, cost, created_at=noon(day))
    page = client.get("/usage", {"month": f"{THIS_MONTH:%Y-%m}"})
    assert page.context["before"].cost == 7
    assert f"<h2>{LAST_MONTH:%B %Y}</h2>" in page.content.decode()
    assert page.context["before_until_now"].cost <= 7
    page = client.get("/usage", {"month": f"{LAST_MONTH:%Y-%m}"})
    assert (page.context["total"].cost, page.context["later"]) == (7, THIS_MONTH)
    assert page.context["before_until_now"] is None


def test_the_share_by_batch_is_that_of_the_full_price(client: Client, tenant: Tenant) -> None:
    charge(tenant, "32.5", full="65")
    charge(tenant, "35", full="35", route="sync")
    text = client.get("/usage").content.decode()
    assert '<p class="value">65 %</p>' in text
    assert "$67.50" in text


def test_what_the_cache_saved_is_shown(client: Client, tenant: Tenant) -> None:
    charge(tenant, "1", model="claude-opus-5-5", cache_read_tokens=1_000_000)
    text = client.get("/usage").content.decode()
    assert '<p class="value">$1.90</p><p class="hint">1,000,000 tokens' in text


def test_members_keys_and_models_have_their_sums(client: Client, tenant: Tenant) -> None:
    key = APIKey.objects.create_key(name="nightly run", tenant=tenant)[0]
    for sender, model in [(f"key {key.prefix}", "claude-opus-5-5"), ("max", "claude-haiku-5-5")]:
        job = make_job(tenant)
        job.input.created_by = sender
        job.input.save()
        make_charge(job, "1", created_at=timezone.now(), model=model)
    text = client.get("/usage").content.decode()
    for name in (f"nightly run (key {key.prefix})", "max", "claude-opus-5-5", "claude-haiku-5-5"):
        assert f'<th scope="row">{name}</th>' in text


def test_many_models_are_a_few_rows_that_add_up(client: Client, tenant: Tenant) -> None:
    for number in range(MOST_ROWS + 8):
        charge(tenant, f"0.{number + 1:03}", model=f"claude-{number}")
    page = client.get("/usage")
    rows = page.context["sections"][2].rows
    assert (len(rows), rows[-1][0].label) == (MOST_ROWS, "9 others")
    assert sum(money.cost for _, money in rows) == page.context["total"].cost


def test_sums_from_before_models_were_kept_are_there(client: Client, tenant: Tenant) -> None:
    charge(tenant)
    UsageRollup.objects.update(model="", created_by="")
    assert client.get("/usage").content.decode().count('<th scope="row">Not kept</th>') == 2


def test_the_tables_of_the_page_are_downloads_of_the_same_time(
    client: Client, tenant: Tenant
) -> None:
    charge(tenant)
    charge(tenant, created_at=noon(LAST_MONTH))
    text = client.get("/usage").content.decode()
    for form in ("csv", "xlsx"):
        [address] = re.findall(rf'href="(/api/ai/usage\?as={form}[^"]*|/usage.{form}[^"]*)"', text)
        response: Any = client.get(unescape(address))
        assert response.status_code == 200
        table = b"".join(response)
        if form == "csv":
            head, row = csv.reader(table.decode("utf-8-sig").splitlines())
            assert head[:5] == ["day (UTC)", "job_type", "route", "model", "created_by"]
            assert row[head.index("cost_usd")] == "1.0000000000"


@pytest.mark.parametrize(
    ("dearest", "amounts"),
    [
        ("0.0007", ["$0.0008", "$0.0006", "$0.0004", "$0.0002", "$0"]),
        ("4", ["$4", "$3", "$2", "$1", "$0"]),
        ("11", ["$12.50", "$10.00", "$7.50", "$5.00", "$2.50", "$0"]),
        ("8000", ["$8,000", "$6,000", "$4,000", "$2,000", "$0"]),
    ],
)
def test_the_scale_of_the_chart_has_round_numbers(dearest: str, amounts: list[str]) -> None:
    chart = Chart([(date(2026, 11, 1), Money(cost=Decimal(dearest), full=Decimal(dearest)))])
    assert [line.amount for line in chart.lines] == amounts
    assert chart.lines[0].y == 0
    assert chart.top >= Decimal(dearest)


def test_few_dates_stand_under_the_chart_however_many_days_it_has() -> None:
    for count in (1, 7, 31, 366):
        days = [(date(2026, 1, 1) + timedelta(n), Money()) for n in range(count)]
        dates = [*Chart(days).dates]
        assert 1 <= len(dates) <= 7
        assert all(0 < x < 100 for _, x in dates)


def test_what_is_reserved_and_left_stands_between_the_sums_and_the_days(
    client: Client, tenant: Tenant
) -> None:
    assert "The budget of this month" not in client.get("/usage").content.decode()
    Tenant.objects.filter(pk=tenant.pk).update(limit_usd=100)
    before, _, after = client.get("/usage").content.decode().partition("The budget of this month")
    assert "Saved by the cache" in before
    assert "$100.00" in after
    assert "Nothing charged in this period" in after


def test_days_and_months_are_those_of_the_workspace(client: Client, tenant: Tenant) -> None:
    """Half past eleven in the evening in UTC is the next day in Zurich, and in Delhi."""
    charge(tenant, created_at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    for zone, day in [("UTC", "2026-10-31"), ("Europe/Zurich", "2026-11-01")]:
        Tenant.objects.filter(pk=tenant.pk).update(time_zone=zone)
        page = client.get("/usage", {"month": day[:7]})
        assert [name.key for name, _ in page.context["days"]] == [day]
        assert f"Days and months are in {zone}" in page.content.decode()
        lines = client.get("/usage.csv", {"month": day[:7]}).content.decode("utf-8-sig")
        head, row = csv.reader(lines.splitlines())
        assert (head[0], row[0]) == (f"day ({zone})", day)
    other = "2026-10"
    assert client.get("/usage", {"month": other}).context["total"].cost == 0


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Chatham"])
def test_in_zones_of_half_hours_each_charge_is_in_one_day_and_one_month(
    client: Client, tenant: Tenant, zone: str
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone=zone)
    for hour in range(0, 72, 3):
        at = datetime(2026, 10, 30, 12, 10, tzinfo=UTC) + timedelta(hours=hour)
        charge(tenant, created_at=at)
    both = [client.get("/usage", {"month": month}).context for month in ("2026-10", "2026-11")]
    assert sum(one["total"].cost for one in both) == 24
    for one in both:
        assert sum(sums.cost for _, sums in one["days"]) == one["total"].cost
        assert {date.fromisoformat(name.key) for name, _ in one["days"]} <= {
            day for day, _ in one["chart"].days
        }


def test_each_type_has_a_chart_to_the_same_scale(client: Client, tenant: Tenant) -> None:
    charge(tenant, "4")
    assert client.get("/usage").context["kinds"] == []
    make_charge(make_job(tenant, "classify"), "1", created_at=timezone.now())
    page = client.get("/usage")
    kinds = page.context["kinds"]
    assert [one.title for one in kinds] == ["Summary", "Classification"]
    assert len({one.chart.top for one in kinds}) == 1
    assert page.content.decode().count("data-chart") == 3


def test_collections_have_their_sums_by_name(client: Client, tenant: Tenant) -> None:
    _, [job] = make_collection(tenant, jobs=1)
    make_charge(job, "1", created_at=timezone.now())
    charge(tenant, "2")
    text = client.get("/usage").content.decode()
    assert '<th scope="row">Policies</th>' in text
    assert '<th scope="row">In no collection</th>' in text


def test_the_page_asks_few_questions_whatever_there_is(
    client: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        _, [job] = make_collection(tenant, jobs=1)
        make_charge(job, f"{number + 1}", created_at=timezone.now())
    with django_assert_max_num_queries(12):
        client.get("/usage")
