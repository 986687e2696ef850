"""DELETE jobs/{id} and DELETE collections/{id}."""

import pytest
from django.utils import timezone

from aijobs.models import AIJob, Batch, Collection, LedgerEntry, Operation
from aijobs.pipeline import erase
from tests.addresses import OF_TENANTS, Address
from tests.api.conftest import Caller
from tests.factories import NOW, make_batch, make_charge, make_job, make_output
from tests.tenants.belongings import Batches, Belongings

# Addresses of one job or one collection, on pages and in the API.
OF_ONE = [one for one in OF_TENANTS if {"job_id", "collection_id"} & set(one.variables)]


def test_an_ended_job_is_gone_and_what_it_cost_is_not(caller: Caller) -> None:
    job = make_job(caller.tenant, status="completed", finished_at=NOW)
    make_output(job)
    make_charge(job, created_at=timezone.now())
    before = caller.read("usage").json()["totals"]

    response = caller.delete(f"/api/ai/jobs/{job.pk}")

    assert (response.status_code, response.content) == (204, b"")
    assert caller.read(f"jobs/{job.pk}").status_code == 404
    assert caller.read("jobs").json()["results"] == []
    assert caller.read("usage").json()["totals"] == before
    assert LedgerEntry.objects.count() == 1


def test_a_job_on_its_way_is_followed_by_an_operation(caller: Caller) -> None:
    batch = make_batch("submitted", tenant_ids=[caller.tenant.pk])
    job = make_job(caller.tenant, status="submitted", batch=batch)

    response = caller.delete(f"/api/ai/jobs/{job.pk}")

    assert (response.status_code, response.json()["kind"]) == (202, "erase")
    assert response.json()["job_id"] == str(job.pk)
    assert caller.read(f"jobs/{job.pk}").status_code == 404
    assert caller.delete(f"/api/ai/jobs/{job.pk}").status_code == 404
    assert caller.get(response["Location"]).json()["status"] == "running"

    AIJob.objects.update(status="canceled", finished_at=NOW)
    Batch.objects.update(status="settled")
    later = Operation.objects.get().look_at
    assert erase.due(later)
    erase.run(later)
    found = caller.get(response["Location"]).json()
    assert (found["status"], found["changed"]) == ("completed", 1)
    assert not AIJob.objects.exists()


def test_a_collection_disappears_with_its_jobs_and_usage_keeps_its_costs(caller: Caller) -> None:
    body = {"name": "May", "job_type": "summarize", "items": [{"document_text": "Hail."}] * 3}
    queued = caller.send("collections", body).json()["collection_id"]
    make_charge(AIJob.objects.all()[0], created_at=timezone.now())
    before = caller.read("usage", group_by="collection").json()["totals"]

    assert caller.delete(f"/api/ai/collections/{queued}").status_code == 204

    assert caller.read(f"collections/{queued}").status_code == 404
    assert caller.read("collections").json()["results"] == []
    assert caller.read("jobs").json()["results"] == []
    assert not Collection.objects.exists()
    after = caller.read("usage", group_by="collection")
    assert (after.status_code, after.json()["totals"]) == (200, before)


def test_the_row_of_an_erased_job_is_missing_and_the_others_keep_their_numbers(
    caller: Caller,
) -> None:
    body = {"name": "May", "job_type": "summarize", "items": [{"document_text": "Hail."}] * 3}
    queued = caller.send("collections", body).json()["collection_id"]
    second = AIJob.objects.order_by("pk")[1]
    assert caller.delete(f"/api/ai/jobs/{second.pk}").status_code == 204
    lines = b"".join(caller.read(f"collections/{queued}/results", **{"as": "csv"}))
    assert [line.split(b",")[0] for line in lines.splitlines()] == [b"row", b"1", b"3"]
    assert caller.read(f"collections/{queued}").json()["counts"]["queued"] == 2


def test_only_who_may_queue_may_erase(caller: Caller) -> None:
    job = make_job(caller.tenant)
    assert Caller(caller.tenant, "viewer").delete(f"/api/ai/jobs/{job.pk}").status_code == 403
    assert AIJob.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("address", OF_ONE, ids=str)
def test_what_is_being_erased_is_at_no_address(address: Address) -> None:
    mine = Belongings("acme")
    mine.store(Batches())
    client = mine.machine() if address.is_api else mine.browser()
    collection = Collection.objects.get(pk=mine.collection)
    erase.erase_collection(collection, by="ann", now=NOW)
    left = AIJob.objects.filter(collection=collection)
    assert left.exists()
    ids = {
        "job_id": [str(job.pk) for job in left],
        "collection_id": [str(collection.pk)],
        "number": ["1"],
    }
    for path in address.filled(ids):
        for method in ("get", "post", "delete"):
            assert getattr(client, method)(path).status_code in (404, 405), (method, path)
        assert {client.get(path).status_code, client.post(path).status_code} != {405}
