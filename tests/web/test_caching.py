"""A collection of which one job goes first, on its page."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import FOR_A_PERSON, AIJob, Collection, Seeding
from aijobs.pipeline import accept
from tests.factories import make_tenant, make_user
from tests.pipeline.seeded import QUESTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection(client: Client, settings: Any) -> Collection:
    settings.AIJOBS_CACHE_CENTS = 0
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    return accept.accept_collection(
        tenant,
        *("Policies", "analyze", enumerate([{"document_text": "Hail."}] * 4, 1)),
        now=timezone.now(),
        created_by="max",
        defaults={"questions": QUESTIONS},
    ).collection


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_says_what_the_others_wait_for(client: Client, collection: Collection) -> None:
    shown = page(client, f"/collections/{collection.pk}")
    assert "One job goes first" in shown
    assert "At the latest" in shown
    assert "The cache should save $0.0" in shown
    assert "Do not wait" in shown
    last = AIJob.objects.latest("pk")
    assert "It waits for the first job of its collection, which fills the cache" in page(
        client, f"/jobs/{last.pk}"
    )


def test_the_page_asks_for_a_decision(client: Client, collection: Collection) -> None:
    Seeding.objects.update(state="refused", note="The job that went first failed: why.")
    AIJob.objects.exclude(pk=Seeding.objects.get().job_id).hold(FOR_A_PERSON)
    address = f"/collections/{collection.pk}"
    shown = page(client, address)
    assert "The job that went first failed: why." in shown
    assert "Let the others go on" in shown
    last = AIJob.objects.latest("pk")
    assert "somebody to decide" in page(client, f"/jobs/{last.pk}")
    assert (
        "3 jobs will be sent." in client.post(f"{address}/continue", follow=True).content.decode()
    )
    assert not AIJob.objects.filter(not_before=FOR_A_PERSON).exists()
    assert "Let the others go on" not in page(client, address)
    said = client.post(f"{address}/continue", follow=True).content.decode()
    assert "Nothing was waiting any more." in said
