"""A form that is sent twice is done once: two clicks, a lost answer, Back and again."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from aijobs.models import AIJob, Collection, IdempotencyKey, Quote
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r'name="once" value="(\w+)"')


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def token_of(writer: Client, page: str) -> str:
    found = TOKEN.search(writer.get(page).content.decode())
    assert found
    return found[1]


def send(writer: Client, once: str, **fields: Any) -> Any:
    form = {"job_type": "summarize", "text": "A policy.", "urgency": "later", "once": once}
    return writer.post("/jobs/new", form | fields)


def test_the_second_submit_leads_to_the_job_of_the_first(writer: Client) -> None:
    once = token_of(writer, "/jobs/new")
    first, second = send(writer, once), send(writer, once)
    assert first["Location"] == second["Location"] == f"/jobs/{AIJob.objects.get().pk}"
    assert "This was queued already." in writer.get(second["Location"]).content.decode()


def test_each_time_that_the_form_is_opened_is_new_work(writer: Client) -> None:
    for _ in range(2):
        assert send(writer, token_of(writer, "/jobs/new")).status_code == 302
    assert AIJob.objects.count() == 2


def test_another_text_in_a_form_that_was_queued_asks_first_and_loses_nothing(
    writer: Client,
) -> None:
    once = token_of(writer, "/jobs/new")
    send(writer, once)
    asked = send(writer, once, text="Another policy.")
    page = asked.content.decode()
    assert asked.status_code == 409
    assert "This form was queued already" in page
    assert f'href="/jobs/{AIJob.objects.get().pk}"' in page
    assert "Another policy." in page
    fresh = TOKEN.search(page)
    assert fresh
    send(writer, fresh[1], text="Another policy.")
    assert AIJob.objects.count() == 2


def test_what_was_refused_can_be_sent_again_with_the_same_token(writer: Client) -> None:
    once = token_of(writer, "/jobs/new")
    assert send(writer, once, text="").status_code == 422
    assert send(writer, once).status_code == 302
    assert AIJob.objects.count() == 1


def test_asking_for_the_price_does_not_use_the_token_up(writer: Client) -> None:
    once = token_of(writer, "/jobs/new")
    assert send(writer, once, price="1")["Location"].startswith("/quotes/")
    assert send(writer, once)["Location"].startswith("/jobs/")


def test_the_token_of_one_person_says_nothing_to_another(writer: Client, tenant: Tenant) -> None:
    once = token_of(writer, "/jobs/new")
    other = Client()
    other.force_login(make_user("eva", tenant))
    assert send(writer, once)["Location"] != send(other, once)["Location"]


def test_the_same_file_is_queued_once_and_another_one_is_not_taken_for_it(writer: Client) -> None:
    once = token_of(writer, "/jobs/new")
    file = ("a.txt", b"Hail.")
    sent = [send(writer, once, text="", document=SimpleUploadedFile(*file)) for _ in range(2)]
    assert sent[0]["Location"] == sent[1]["Location"]
    other = SimpleUploadedFile("a.txt", b"Fire.")
    assert send(writer, once, text="", document=other).status_code == 409
    assert AIJob.objects.count() == 1


def test_a_table_and_its_quote_are_queued_once(writer: Client) -> None:
    form = {
        "name": "October",
        "job_type": "summarize",
        "on_error": "reject",
        "urgency": "later",
        "once": token_of(writer, "/collections/new"),
    }
    for _ in range(2):
        table = SimpleUploadedFile("a.csv", b"document_text\r\nHail.\r\n")
        response = writer.post("/collections/new", form | {"table": table})
        assert response["Location"] == f"/collections/{Collection.objects.get().pk}"
    table = SimpleUploadedFile("a.csv", b"document_text\r\nHail.\r\n")
    writer.post("/collections/new", form | {"table": table, "price": "1", "once": "another"})
    page = f"/quotes/{Quote.objects.get().pk}"
    once = token_of(writer, page)
    for _ in range(2):
        writer.post(f"{page}/queue", {"once": once})
    assert Collection.objects.count() == 2


def test_a_retry_that_was_refused_may_be_pressed_again(writer: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="failed", finished_at=NOW, reserved_usd=1)
    once = token_of(writer, f"/jobs/{job.pk}")
    Tenant.objects.update(limit_usd=0)
    page = writer.post(f"/jobs/{job.pk}/retry", {"once": once}, follow=True).content.decode()
    assert "could cost more than is left" in page
    Tenant.objects.update(limit_usd=None)
    for said in ("Queued again.", "It is queued again already."):
        page = writer.post(f"/jobs/{job.pk}/retry", {"once": once}, follow=True).content.decode()
        assert said in page
    job.refresh_from_db()
    assert job.status == "queued"


def test_nonsense_for_a_token_is_no_token(writer: Client) -> None:
    for once in ("", "\0", "x" * 65, "a b", "…"):
        assert send(writer, once).status_code == 302
    assert not IdempotencyKey.objects.exists()


@pytest.fixture
def browsers(transactional_db: None) -> list[Client]:
    """Five windows of one person."""
    user = make_user("max", make_tenant())
    found = [Client() for _ in range(5)]
    for one in found:
        one.force_login(user)
    return found


def test_of_posts_at_once_one_queues_and_all_lead_to_its_job(browsers: list[Client]) -> None:
    once = token_of(browsers[0], "/jobs/new")

    def post(client: Client) -> str:
        try:
            return str(send(client, once)["Location"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(browsers)) as pool:
        led_to = set(pool.map(post, browsers))
    assert led_to == {f"/jobs/{AIJob.objects.get().pk}"}
