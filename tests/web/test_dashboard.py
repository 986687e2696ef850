"""The list of jobs and the figures above it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from citizenapp.tenants.models import Tenant
from tests.factories import (
    NOW,
    make_batch,
    make_charge,
    make_job,
    make_output,
    make_tenant,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def reader(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def labels(response: Any) -> list[str]:
    return [row.label for row in response.context["page"].rows]


def test_jobs_are_listed_from_the_newest_to_the_oldest(reader: Client, tenant: Tenant) -> None:
    for number in range(3):
        make_job(tenant, text=f"Letter {number}", now=NOW + timedelta(seconds=number))
    assert labels(reader.get("/")) == ["Letter 2", "Letter 1", "Letter 0"]


def test_pages_lead_to_every_job_and_back(reader: Client, tenant: Tenant) -> None:
    for number in range(60):
        make_job(tenant, text=f"Letter {number:02}", now=NOW + timedelta(seconds=number))
    newest = reader.get("/")
    middle = reader.get("/", {"before": newest.context["page"].older})
    oldest = reader.get("/", {"before": middle.context["page"].older})
    assert [len(labels(page)) for page in (newest, middle, oldest)] == [25, 25, 10]
    assert len({*labels(newest), *labels(middle), *labels(oldest)}) == 60
    assert oldest.context["page"].older is None
    assert newest.context["page"].newer is None
    back = reader.get("/", {"after": oldest.context["page"].newer})
    assert labels(back) == labels(middle)
    again = reader.get("/", {"after": back.context["page"].newer})
    assert labels(again) == labels(newest)
    assert again.context["page"].newer is None


def test_a_job_whose_batch_is_at_anthropic_is_listed_as_processing(
    reader: Client, tenant: Tenant
) -> None:
    make_job(
        tenant,
        text="Away",
        status="submitted",
        batch=make_batch("submitted"),
    )
    make_job(tenant, text="Here")
    assert labels(reader.get("/", {"status": "in_progress"})) == ["Away"]
    assert labels(reader.get("/", {"status": "processing"})) == ["Away"]
    assert labels(reader.get("/", {"status": "submitted"})) == []
    assert labels(reader.get("/", {"status": "queued"})) == ["Here"]


def test_filters_by_kind(reader: Client, tenant: Tenant) -> None:
    make_job(tenant, "summarize", text="Long")
    make_job(tenant, "classify", text="Mixed")
    assert labels(reader.get("/", {"job_type": "classify"})) == ["Mixed"]


def test_a_new_tenant_is_shown_how_to_begin(reader: Client, tenant: Tenant) -> None:
    assert "Three steps to your first result" in reader.get("/").content.decode()
    make_job(tenant)
    page = reader.get("/", {"status": "failed"}).content.decode()
    assert "Queue your first document" not in page
    assert "No job matches this filter" in page


def test_documents_on_the_list_are_text(reader: Client, tenant: Tenant) -> None:
    make_job(tenant, text="<script>alert(1)</script> \ud83d ملف")
    page = reader.get("/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; \ufffd ملف" in page


def test_the_list_takes_the_same_number_of_queries_for_any_number_of_jobs(
    reader: Client, tenant: Tenant
) -> None:
    def queries(count: int) -> int:
        for number in range(count):
            make_charge(make_job(tenant, now=NOW + timedelta(seconds=number)), "0.1", "0.2")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert reader.get("/").status_code == 200
        return len(captured)

    reader.get("/")
    assert queries(1) == queries(20)


def test_costs_and_savings_stand_beside_their_jobs(reader: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="completed", finished_at=NOW)
    make_output(job)
    make_charge(job, "1.50", "3.00")
    row = reader.get("/").context["page"].rows[0]
    assert (row.money.cost, row.money.saved) == (Decimal("1.50"), Decimal("1.50"))


def test_every_page_says_that_answers_are_emulated(reader: Client, settings: Any) -> None:
    settings.EMULATED = True
    assert "Emulated." in reader.get("/").content.decode()
    settings.EMULATED = False
    assert "Emulated." not in reader.get("/").content.decode()
