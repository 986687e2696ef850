"""A new tenant is led to a first result, with something to try, and then left alone."""

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import AIJob, Collection
from tests.factories import make_charge, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db

TITLE = "Three steps to your first result"


def test_the_steps_are_there_until_the_first_answer(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    assert TITLE in client.get("/").content.decode()
    job = make_job(tenant)
    page = client.get("/").content.decode()
    assert TITLE in page
    assert f'href="/jobs/{job.pk}"' in page
    assert "Try a policy" not in page
    make_charge(job, created_at=timezone.now())
    assert TITLE not in client.get("/").content.decode()


def test_the_example_document_is_queued_to_run_at_once(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    answer = client.post("/home/try", {"example": "document"})
    job = AIJob.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}"
    assert (job.job_type, job.route, job.tenant) == ("analyze", "sync", tenant)
    assert "What is insured" in client.get(f"/jobs/{job.pk}").content.decode()


def test_the_example_table_is_queued_as_a_collection(client: Client) -> None:
    tenant = make_tenant(full_price=False)
    client.force_login(make_user("max", tenant))
    answer = client.post("/home/try", {"example": "table"})
    collection = Collection.objects.get()
    assert answer["Location"] == f"/collections/{collection.pk}"
    assert collection.total == 10
    assert set(AIJob.objects.values_list("job_type", "route")) == {("classify", "batch")}


def test_who_has_results_tries_nothing_any_more(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    make_charge(make_job(tenant), created_at=timezone.now())
    assert client.post("/home/try", {"example": "table"})["Location"] == "/"
    assert AIJob.objects.count() == 1


def test_it_can_be_put_away(client: Client) -> None:
    client.force_login(make_user("max", make_tenant()))
    assert client.post("/home/dismiss")["Location"] == "/"
    assert TITLE not in client.get("/").content.decode()


def test_a_viewer_is_led_nowhere(client: Client) -> None:
    client.force_login(make_user("vera", make_tenant(), role="viewer"))
    assert TITLE not in client.get("/").content.decode()
    assert client.post("/home/try", {"example": "table"}).status_code == 403
    assert not AIJob.objects.exists()
