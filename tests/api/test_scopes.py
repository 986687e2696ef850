"""A key queues jobs of its types only, on every road there is."""

import json
from typing import Any

import pytest
from django.test import Client

from aijobs import jobtypes
from aijobs.models import AIJob, Collection, Operation, Quote
from citizenapp.tenants.models import Tenant
from tests.addresses import OF_TENANTS, Address
from tests.api.conftest import Caller
from tests.factories import NOW, OPTIONS, make_job, make_key, make_tenant, params_of
from tests.tenants.belongings import KINDS, Batches, Belongings

pytestmark = pytest.mark.django_db

# What a POST to these does queues nothing: a key may do it whatever its types are.
QUEUES_NOTHING = {
    "/api/ai/jobs/<uuid:job_id>/cancel",
    "/api/ai/jobs/cancel",
    "/api/ai/jobs/tag",
    "/api/ai/jobs/untag",
    "/api/ai/collections/<uuid:collection_id>/cancel",
    "/v1/messages/batches/<str:batch_id>/cancel",
}
POSTS = [
    one
    for one in OF_TENANTS
    if (one.is_api and "post" in one.operations) or one.path == "/v1/messages/batches"
]


def queues(address: Address) -> bool:
    return address.path not in QUEUES_NOTHING and "/webhooks" not in address.path


def limited(tenant: Tenant, *job_types: str) -> Client:
    key = make_key(tenant, job_types=list(job_types))
    headers = {"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}
    return Client(headers=headers)


def asked(address: Address, whose: Belongings) -> tuple[str, dict[str, Any]]:
    ids = {
        "job_id": [str(whose.job_that("failed"))],
        "collection_id": [str(whose.collection)],
        "quote_id": [str(whose.quote)],
    }
    [path] = address.filled(ids)
    name = path.rpartition("/")[2]
    if name == "collections":
        item = {"document_text": "A text."} | OPTIONS["summarize"]
        return path, {"name": "Policies", "job_type": "summarize", "items": [item]}
    if name == "batches":
        return path, {"requests": [{"custom_id": "a", "params": json.loads(params_of("Hi"))}]}
    if "/jobs/" in path and not address.variables:
        return path, {"ids": ids["job_id"]} | ({"tag": "urgent"} if "tag" in name else {})
    return path, {"document_text": "A text."} | dict(OPTIONS.get(name, {}))


def counts() -> list[int]:
    tables: list[Any] = [AIJob, Collection, Operation, Quote]
    return [one.objects.count() for one in tables]


@pytest.mark.parametrize("address", [one for one in POSTS if queues(one)], ids=str)
def test_every_road_refuses_a_job_type_that_the_key_was_not_made_for(address: Address) -> None:
    """Over the URL map: a new road to the queue has to ask as well, or say that it is none."""
    whose = Belongings("acme")
    whose.store(Batches())
    path, body = asked(address, whose)
    kind = "raw" if address.is_anthropic_s else path.rpartition("/")[2]
    if kind not in jobtypes.names():
        kind = body.get("job_type", KINDS[0])
    others = [one for one in jobtypes.names() if one != kind]
    before = counts()

    refused = limited(whose.tenant, *others).post(path, body, content_type="application/json")

    assert refused.status_code == 403, refused.content
    assert f"may not queue jobs of type {kind}" in refused.content.decode()
    if not address.is_anthropic_s:
        assert refused.json()["type"] == "/problems/not-allowed"
        assert refused.json()["job_type"] == kind
    assert counts() == before
    allowed = limited(whose.tenant, kind).post(path, body, content_type="application/json")
    assert allowed.status_code in {200, 202, 409}, allowed.content


def test_a_price_is_asked_for_in_the_same_scope() -> None:
    tenant = make_tenant()
    client = limited(tenant, "classify")
    body = {"document_text": "A text."}
    for path in ("/api/ai/summarize?quote=true",):
        refused = client.post(path, body, content_type="application/json")
        assert refused.status_code == 403
    assert not Quote.objects.exists()


def test_a_form_is_held_to_the_scope_too() -> None:
    client = limited(make_tenant(), "classify")
    assert client.post("/api/ai/summarize", {"document_text": "A text."}).status_code == 403
    form = {"name": "May", "job_type": "summarize", "file": ""}
    assert client.post("/api/ai/collections", form).status_code == 403


def test_many_jobs_are_queued_again_only_if_all_are_in_scope() -> None:
    tenant = make_tenant()
    client = limited(tenant, "summarize")
    mine = make_job(tenant, status="failed", finished_at=NOW)
    other = make_job(tenant, "classify", status="failed", finished_at=NOW)
    both = {"ids": [str(mine.pk), str(other.pk)]}

    def ask(act: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/ai/jobs/{act}", body, content_type="application/json")

    refused = ask("retry", both)
    assert (refused.status_code, refused.json()["job_type"]) == (403, "classify")
    assert ask("retry", {"filter": {"status": "failed"}}).status_code == 403
    own = {"filter": {"status": "failed", "job_type": "summarize"}}
    assert ask("retry", own).status_code == 202
    # What costs nothing is not held to it.
    assert ask("cancel", both).status_code == 202


def test_a_key_without_job_types_queues_all(caller: Caller) -> None:
    for kind in jobtypes.offered():
        body = {"document_text": "A text."} | dict(OPTIONS[kind.name])
        assert caller.send(kind.name, body).status_code == 202


def test_reading_is_not_held_to_the_scope() -> None:
    tenant = make_tenant()
    job = make_job(tenant, "classify")
    client = limited(tenant, "summarize")
    assert client.get(f"/api/ai/jobs/{job.pk}").status_code == 200


def test_unknown_job_types_are_wrong_not_refused() -> None:
    body = json.dumps({"name": "x", "job_type": "nonsense", "items": [{}]})
    client = limited(make_tenant(), "summarize")
    answer = client.post("/api/ai/collections", body, content_type="application/json")
    assert answer.status_code == 400
    assert "job_type" in answer.json()["errors"]
