import gzip
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from aijobs.models import AIJob, Collection, JobDocument, JobInput, Question
from citizenapp.tenants.models import Tenant
from tests.api.anthropic.conftest import PATH, Program, asking, requests_of
from tests.factories import make_tenant, make_user


def error_of(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    told = response.json()
    assert told["type"] == "error"
    assert told["request_id"] == response["request-id"]
    assert not Collection.objects.exists()
    found: dict[str, Any] = told["error"]
    return found


def test_a_batch_is_a_collection_of_jobs_whose_documents_are_the_params(program: Program) -> None:
    params = asking("Hail.", system=[{"type": "text", "text": "Be brief."}], tools=[{"name": "t"}])
    answer = program.create([{"custom_id": "hail-1", "params": params}]).json()

    collection = Collection.objects.get()
    assert answer["id"] == f"msgbatch_{collection.pk.hex}"
    assert (collection.tenant, collection.job_type, collection.total) == (program.tenant, "raw", 1)
    given = JobInput.objects.get()
    assert (given.reference, given.row_number) == ("hail-1", 1)
    assert (given.model, given.most_answer_tokens) == ("claude-haiku-5-5", 200)
    document = JobDocument.objects.get()
    assert document.media_type == "application/json"
    assert json.loads(document.text) == params
    job = AIJob.objects.get()
    assert (job.status, job.route, job.needed_by) == ("queued", "batch", None)
    assert job.reserved_usd > 0


def test_the_same_twice_is_asked_twice(program: Program) -> None:
    program.create(requests_of("Hail.", "Hail."))
    assert AIJob.objects.filter(status="queued", answered_by=None).count() == 2
    assert not Question.objects.exists()


def test_a_limit_holds_here_as_well(program: Program) -> None:
    Tenant.objects.update(limit_usd=Decimal("0.000001"))
    error = error_of(program.create(requests_of("Hail. " * 1_000)), 402)
    assert error["type"] == "billing_error"
    assert "monthly limit of this workspace" in error["message"]


def test_no_more_are_taken_than_may_wait(program: Program) -> None:
    program.tenant.most_waiting = 1
    program.tenant.save()

    response = program.create(requests_of("One.", "Two."))

    assert error_of(response, 429)["type"] == "rate_limit_error"
    assert int(response["retry-after"]) > 0
    assert not AIJob.objects.exists()


def test_a_packed_body_is_unpacked(program: Program) -> None:
    body = json.dumps({"requests": requests_of("One.")}).encode()

    response = program.create(gzip.compress(body), headers={"content-encoding": "gzip"})

    assert response.status_code == 200
    assert response.json()["request_counts"]["processing"] == 1


def test_an_unknown_packing_is_refused(program: Program) -> None:
    response = program.create(b"{}", headers={"content-encoding": "compress"})

    assert error_of(response, 415)["type"] == "invalid_request_error"


def test_a_model_without_a_price_is_taken_and_reserves_nothing(program: Program) -> None:
    params = asking("Hail.", model="claude-next-6")
    assert program.create([{"custom_id": "a", "params": params}]).status_code == 200
    assert AIJob.objects.get().reserved_usd == 0
    assert JobInput.objects.get().asked_model == "claude-next-6"


def test_a_viewer_reads_only(tenant: Tenant) -> None:
    viewer = Program(tenant, role="viewer")
    error = error_of(viewer.create(requests_of("Hail.")), 403)
    assert error["type"] == "permission_error"
    assert viewer.get(PATH).status_code == 200


def test_a_session_is_no_key(tenant: Tenant) -> None:
    make_user("ann", tenant)
    browser = Client(headers={"anthropic-version": "2023-06-01"})
    browser.login(username="ann", password="ann")
    assert browser.get(PATH).status_code == 401


def test_a_beta_that_would_hold_for_others_as_well_is_refused(program: Program) -> None:
    betas = "message-batches-2024-09-24, context-1m-2025-08-07"
    refused = program.create(requests_of("Hail."), headers={"anthropic-beta": betas})
    error = error_of(refused, 400)
    assert error["message"].startswith("anthropic-beta: context-1m-2025-08-07 ")

    headers = {"anthropic-beta": "message-batches-2024-09-24"}
    assert program.create(requests_of("Hail."), headers=headers).status_code == 200


def test_an_idempotency_key_makes_one_batch(program: Program) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = program.create(requests_of("Hail."), headers=headers)
    again = program.create(requests_of("Hail."), headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Collection.objects.count() == 1

    other = program.create(requests_of("Fire."), headers=headers)
    assert other.status_code == 400
    assert "Idempotency-Key" in other.json()["error"]["message"]


def test_a_batch_that_was_refused_leaves_no_idempotency_key(program: Program) -> None:
    headers = {"Idempotency-Key": "order-1"}
    error_of(program.create([{"custom_id": "a b", "params": {}}], headers=headers), 400)
    assert program.create(requests_of("Hail."), headers=headers).status_code == 200


def test_too_many_requests_are_too_large(program: Program, settings: Any) -> None:
    settings.AIJOBS_COLLECTION_ITEMS = 2
    error = error_of(program.create(requests_of("a", "b", "c")), 413)
    assert error["type"] == "request_too_large"


def test_too_many_bytes_are_refused_before_they_are_read(program: Program) -> None:
    response = program.generic("POST", PATH, b"{}", CONTENT_LENGTH="256000001")
    assert error_of(response, 413)["type"] == "request_too_large"


def test_a_body_in_chunks_is_refused(program: Program) -> None:
    response = program.generic(
        *("POST", PATH, b""), CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked"
    )
    error = error_of(response, 411)
    assert error == {"type": "invalid_request_error", "message": "Send a Content-Length"}


def test_a_bad_request_at_the_end_undoes_all_before_it(program: Program) -> None:
    requests = [*requests_of(*["Hail."] * 3_000), {"custom_id": "r0", "params": {}}]
    error = error_of(program.create(requests), 400)
    assert error["message"] == "requests.3000.custom_id: Custom ids must be unique, r0 is not"
    assert not AIJob.objects.exists()
    assert not JobDocument.objects.exists()


def test_lone_surrogates_become_what_a_tokenizer_reads(program: Program) -> None:
    body = rb'{"requests":[{"custom_id":"a","params":{"model":"\ud800","x":["\u0000"]}}]}'
    assert program.create(body).status_code == 200
    assert json.loads(JobDocument.objects.get().text) == {"model": "\ufffd", "x": ["\0"]}


@pytest.mark.parametrize("value", ["9" * 30, "[" * 300 + "]" * 300, "[" * 900 + "]" * 900])
def test_what_cannot_be_passed_on_is_named(program: Program, value: str) -> None:
    good, bad = b'{"custom_id":"a","params":{}}', b'{"custom_id":"b","params":{"x":%s}}'
    body = b'{"requests":[%s,%s]}' % (good, bad % value.encode())
    message = error_of(program.create(body), 400)["message"]
    assert message.startswith("requests.1")


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_tokens", 10**15), ("max_tokens", -5), ("max_tokens", True), ("model", "x" * 300)],
)
def test_nonsense_is_left_to_anthropic(program: Program, field: str, value: object) -> None:
    request = {"custom_id": "a", "params": asking("Hail.", **{field: value})}
    assert program.create([request]).status_code == 200
    assert json.loads(JobDocument.objects.get().text)[field] == value


def test_a_method_that_is_not_there_is_refused_in_the_same_shape(program: Program) -> None:
    assert error_of(program.put(PATH), 405)["type"] == "invalid_request_error"


def test_messages_are_queued_by_this_door_alone(program: Program) -> None:
    make_user("ann", program.tenant)
    browser = Client()
    browser.login(username="ann", password="ann")
    machine = Client(headers={"authorization": f"Bearer {program.defaults['HTTP_X_API_KEY']}"})
    assert machine.post("/api/ai/raw", {}).status_code == 404
    body = {"name": "c", "job_type": "raw", "items": [{"document_text": "{}"}]}
    refused = machine.post("/api/ai/collections", body, content_type="application/json")
    assert list(refused.json()["errors"]) == ["job_type"]
    for page in ("/jobs/new", "/collections/new"):
        assert b'value="raw"' not in browser.get(page).content
    assert browser.get("/collections/template/raw").status_code == 404


def test_the_key_of_another_tenant_sees_nothing(program: Program) -> None:
    name = program.create(requests_of("Hail.")).json()["id"]
    other = Program(make_tenant("other"))
    assert other.get(PATH).json()["data"] == []
    assert other.read(name).status_code == 404
    assert other.read(name, "/results").status_code == 404
    assert other.post(f"{PATH}/{name}/cancel").status_code == 404
    assert other.get(PATH, {"after_id": name}).status_code == 400
    assert AIJob.objects.get().status == "queued"
