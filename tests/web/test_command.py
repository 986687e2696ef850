"""What the command menu finds: pages that one may open, and jobs and collections by name."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aijobs.models import AIJob, Collection
from tests.factories import NOW, make_job, make_tenant, make_user
from tests.webhooks.test_delivery import make_collection

pytestmark = pytest.mark.django_db


def found(client: Client, text: str) -> list[Any]:
    results: list[Any] = client.get("/find", {"search": text}).json()["results"]
    return results


def test_jobs_are_found_by_the_beginning_of_their_reference(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    job = make_job(tenant, reference="POL-17")
    make_job(tenant, reference="CLAIM-POL")
    make_job(tenant)
    make_job(make_tenant(), reference="POL-17")
    erased = make_job(tenant, reference="POL-18")
    AIJob.objects.filter(pk=erased.pk).update(erasing_since=NOW)
    [one] = found(client, "pol-1")
    assert one == {"title": "POL-17", "hint": "Summary", "url": f"/jobs/{job.pk}", "icon": "file"}
    assert found(client, "nothing") == found(client, "") == found(client, "  ") == []


def test_collections_are_found_by_any_part_of_their_name(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    collection, _ = make_collection(tenant)
    make_collection(make_tenant())
    Collection.objects.filter(pk=collection.pk).update(name="Claims of May, 100 % hail")
    [one] = found(client, "may")
    assert one["url"] == f"/collections/{collection.pk}"
    assert found(client, "100 %")
    assert not found(client, "%hail")


def test_at_most_ten_are_told_by_few_queries(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    for number in range(15):
        make_job(tenant, reference=f"POL-{number:02}")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert len(found(client, "pol")) == 10
    assert len(asked) <= 6


def test_pages_are_listed_for_those_who_may_open_them(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("vera", tenant, role="viewer"))
    page = client.get("/").content.decode()
    assert 'data-go="/usage"' in page
    assert 'data-go="/settings/budget"' not in page
    assert 'data-go="/jobs/new"' not in page
    client.force_login(make_user("olga", tenant, role="owner"))
    page = client.get("/").content.decode()
    assert 'data-go="/settings/budget"' in page
    assert 'data-go="/jobs/new"' in page
