"""A collection or a job is erased by a button, which says first what is lost."""

import pytest
from django.test import Client

from aijobs.models import AIJob, Collection, LedgerEntry
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_charge, make_job, make_tenant, make_user
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def test_a_collection_is_erased_once_that_is_confirmed(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant)
    job = make_job(tenant, collection=collection, status="completed", finished_at=NOW)
    make_charge(job)
    path = f"/collections/{collection.pk}/erase"
    page = writer.get(path).content.decode()
    assert "1 document, 1 answer" in page
    assert "stays in the usage" in page
    assert AIJob.objects.exists()

    page = writer.post(path, follow=True).content.decode()
    assert "Erased. What it cost stays in the usage of this workspace." in page
    assert not AIJob.objects.exists()
    assert not Collection.objects.exists()
    assert LedgerEntry.objects.count() == 1
    assert writer.get(path).status_code == 404


def test_what_is_with_claude_goes_when_it_comes_back(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant)
    make_job(tenant, collection=collection, status="submitted", batch=make_batch("submitted"))
    path = f"/collections/{collection.pk}/erase"
    assert "1 row is with Claude. It is charged" in writer.get(path).content.decode()
    page = writer.post(path, follow=True).content.decode()
    assert "1 row is still being erased" in page
    assert "Erasing 1 row: 0 of 1 are gone." in page
    assert writer.get(f"/collections/{collection.pk}").status_code == 404


def test_a_job_is_erased_and_leads_to_its_collection(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant)
    job = make_job(tenant, collection=collection, status="failed", finished_at=NOW)
    path = f"/jobs/{job.pk}/erase"
    assert "Erase this job?" in writer.get(path).content.decode()
    response = writer.post(path)
    assert response["Location"] == f"/collections/{collection.pk}"
    assert not AIJob.objects.exists()
    assert writer.post(path).status_code == 404


def test_only_who_may_write_erases(tenant: Tenant) -> None:
    viewer = Client()
    viewer.force_login(make_user("vic", tenant, role="viewer"))
    collection, job = make_collection(tenant), make_job(tenant)
    for path in (f"/collections/{collection.pk}/erase", f"/jobs/{job.pk}/erase"):
        assert viewer.get(path).status_code == viewer.post(path).status_code == 403
    assert AIJob.objects.exists()
