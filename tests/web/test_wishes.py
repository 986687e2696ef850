"""When an answer is needed is one of three plain choices, and each says what comes of it."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client

from aijobs.models import AIJob, Quote
from aijobs.web import wishes
from citizenapp.tenants.models import Tenant
from tests.factories import make_tenant, make_user
from tests.pipeline.history import ended

pytestmark = pytest.mark.django_db

SLOW_ROAD = "Batches take longer than that at the moment"


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("ann", tenant, role="member"))
    return client


def form(client: Client, page: str = "/jobs/new") -> str:
    return client.get(page).content.decode()


def queue(client: Client, **fields: str) -> AIJob:
    sent = {"job_type": "summarize", "text": "A policy.", "urgency": "hour"} | fields
    assert client.post("/jobs/new", sent).status_code in (200, 302)
    return AIJob.objects.latest("pk")


@pytest.mark.parametrize("page", ["/jobs/new", "/collections/new"])
def test_there_are_three_and_the_cheapest_is_chosen(writer: Client, page: str) -> None:
    shown = form(writer, page)
    for value in ("later", "hour", "now"):
        assert f'name="urgency" value="{value}"' in shown
    assert shown.count("half price") >= 2
    assert "Most likely done within" in shown


def test_within_an_hour_is_a_deadline(writer: Client) -> None:
    job = queue(writer)
    assert job.needed_by
    assert (job.needed_by - job.created_at).total_seconds() == 3_600
    assert job.route == "batch"


def test_where_batches_take_longer_it_is_said_and_priced(writer: Client) -> None:
    # So few batches end in time that not even a try of one would.
    ended(40_000.0)
    assert SLOW_ROAD in form(writer)
    writer.post(
        "/jobs/new",
        {"job_type": "summarize", "text": "A policy.", "urgency": "hour", "price": "1"},
    )
    late = Quote.objects.latest("created_at")
    writer.post(
        "/jobs/new", {"job_type": "summarize", "text": "A policy.", "urgency": "now", "price": "1"}
    )
    assert late.likely_usd == Quote.objects.latest("created_at").likely_usd


def test_where_they_are_in_time_it_is_priced_as_a_batch_that_may_be_too_late(
    writer: Client,
) -> None:
    writer.post(
        "/jobs/new",
        {"job_type": "summarize", "text": "A policy.", "urgency": "hour", "price": "1"},
    )
    quote = Quote.objects.get()
    assert float(quote.likely_usd) == pytest.approx(float(quote.answer["batch"]["likely_usd"]))
    assert float(quote.high_usd) == pytest.approx(float(quote.answer["at_once"]["high_usd"]))
    assert 0 < quote.answer["batch_seconds"]["soonest"] < quote.answer["batch_seconds"]["latest"]
    page = writer.get(f"/quotes/{quote.pk}").content.decode()
    assert "<dt>Needed</dt><dd>Within an hour</dd>" in page


def test_who_never_pays_the_full_price_is_not_offered_it(writer: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(full_price=False)
    shown = form(writer)
    assert 'name="urgency" value="now"' not in shown
    assert "It may be late." in shown
    sent = {"job_type": "summarize", "text": "A policy.", "urgency": "now"}
    response = writer.post("/jobs/new", sent)
    assert response.status_code == 422
    assert "never pays the full price" in response.content.decode()


def test_where_rescues_have_a_limit_nothing_is_promised(writer: Client, tenant: Tenant) -> None:
    assert "It may be late." not in form(writer)
    Tenant.objects.filter(pk=tenant.pk).update(rescue_usd=Decimal(5))
    assert "as far as the month’s limit of that allows. It may be late." in form(writer)


def test_a_trial_runs_at_the_full_price_and_is_offered_to_who_may_pay_it(
    writer: Client, tenant: Tenant
) -> None:
    shown = form(writer, "/collections/new")
    assert "Try 5 of them first" in shown
    assert "at once, at the full price; the others wait" in shown
    Tenant.objects.filter(pk=tenant.pk).update(full_price=False)
    shown = form(writer, "/collections/new")
    assert "Try 5 of them first" not in shown
    assert "data-try-hint" not in shown


def test_a_quote_names_the_price_at_once_to_who_may_pay_it(writer: Client, tenant: Tenant) -> None:
    sent = {"job_type": "summarize", "text": "A policy.", "urgency": "later", "price": "1"}
    writer.post("/jobs/new", sent)
    address = f"/quotes/{Quote.objects.get().pk}"
    assert "<dt>At once</dt>" in writer.get(address).content.decode()
    Tenant.objects.filter(pk=tenant.pk).update(full_price=False)
    shown = writer.get(address).content.decode()
    assert "<dt>By batch</dt>" in shown
    assert "<dt>At once</dt>" not in shown


def test_each_time_that_may_be_said_has_its_own_hint_and_price(
    writer: Client, tenant: Tenant
) -> None:
    job = queue(writer, within="14400")
    assert job.needed_by
    assert (job.needed_by - job.created_at).total_seconds() == 4 * 3_600
    # So few batches end within an hour that none is tried, and most of them within half a day.
    ended(20_000.0)
    shown = form(writer)
    assert 'data-within="3600" data-within-price="now">Batches take longer' in shown
    assert 'data-within="43200" data-within-price="later">By batch while' in shown


def test_the_style_sheet_knows_each_time_so_that_no_script_need_choose_its_hint(
    writer: Client,
) -> None:
    rules = Path("static/css/new.css").read_text()
    for seconds, _ in wishes.TIMES:
        assert f':not(:has(option[value="{seconds}"]:checked)) [data-within="{seconds}"]' in rules
    assert "hidden>By batch" not in form(writer)


def test_a_time_that_is_not_offered_is_refused(writer: Client) -> None:
    sent = {"job_type": "summarize", "text": "A policy.", "urgency": "hour", "within": "7"}
    assert writer.post("/jobs/new", sent).status_code == 422
