"""Canceling a collection by a button: what waits, and by choice the answers of what has left."""

from typing import Any

import pytest
from django.test import Client

from aijobs.models import AIJob, Collection
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_job, make_tenant, make_user
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


@pytest.fixture
def collection(tenant: Tenant) -> Collection:
    """Two wait, three are with Claude, one is done."""
    made, batch = make_collection(tenant), make_batch("submitted", requests=3)
    for _ in range(2):
        make_job(tenant, collection=made)
    for _ in range(3):
        make_job(tenant, collection=made, status="submitted", batch=batch)
    make_job(tenant, collection=made, status="completed", finished_at=NOW)
    return made


def cancel(writer: Client, collection: Collection, **choice: str) -> str:
    response: Any = writer.post(f"/collections/{collection.pk}/cancel", choice, follow=True)
    return str(response.content.decode())


def test_it_says_what_waits_what_has_left_and_that_this_is_charged(
    writer: Client, collection: Collection
) -> None:
    page = writer.get(f"/collections/{collection.pk}/cancel").content.decode()
    assert "2 rows wait." in page
    assert "3 rows have left for Claude already. They go on and are charged" in page
    assert 'value="keep" checked' in page
    assert AIJob.objects.filter(status="queued").count() == 2


def test_answers_that_are_kept_are_told_as_well(writer: Client, collection: Collection) -> None:
    page = cancel(writer, collection, answers="keep")
    assert "Canceled 2 waiting rows, free of charge." in page
    assert "3 rows had left for Claude already: they go on and are charged" in page
    assert "and their answers are kept." in page
    assert not AIJob.objects.exclude(dropped_at=None).exists()


def test_answers_are_dropped_by_choice(writer: Client, collection: Collection) -> None:
    page = cancel(writer, collection, answers="drop")
    assert "Canceled 2 waiting rows, free of charge." in page
    assert "and their answers are not kept." in page
    assert "Of 3 with Claude the answers will not be kept" in page
    assert AIJob.objects.filter(status="submitted", dropped_at__isnull=False).count() == 3
    assert "Nothing was waiting or with Claude any more." in cancel(
        writer, collection, answers="drop"
    )
    again = writer.get(f"/collections/{collection.pk}/cancel").content.decode()
    assert "Nothing is left to cancel" in again


def test_what_has_left_alone_can_be_dropped(writer: Client, collection: Collection) -> None:
    AIJob.objects.filter(status="queued").update(status="canceled", finished_at=NOW)
    page = writer.get(f"/collections/{collection.pk}/cancel").content.decode()
    assert "Drop 3 answers?" in page
    assert 'value="drop" checked' in page


def test_a_viewer_cancels_nothing(tenant: Tenant, collection: Collection) -> None:
    viewer = Client()
    viewer.force_login(make_user("vic", tenant, role="viewer"))
    path = f"/collections/{collection.pk}/cancel"
    assert viewer.get(path).status_code == viewer.post(path).status_code == 403
    page = viewer.get(f"/collections/{collection.pk}").content.decode()
    assert path not in page
    assert f"/collections/{collection.pk}/erase" not in page
