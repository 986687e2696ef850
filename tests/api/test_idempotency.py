"""The header Idempotency-Key."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from aijobs.api import idempotency
from aijobs.models import AIJob, Collection, IdempotencyKey
from tests.api.conftest import Caller
from tests.factories import NOW, make_job, make_tenant

BODY = {"document_text": "A text."}
KEY = {"Idempotency-Key": "order-1"}


def test_the_same_request_gets_the_first_answer_again(caller: Caller) -> None:
    first = caller.send("summarize", BODY, headers=KEY)
    again = caller.send("summarize", BODY, headers=KEY)

    assert (again.status_code, again.json()) == (202, first.json())
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert AIJob.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("summarize", {"document_text": "Another text."}),
        ("summarize", {"document_text": "A text.", "max_length": 499}),
        ("classify", BODY),
    ],
)
def test_another_request_with_the_same_key_is_422(
    caller: Caller, path: str, body: dict[str, Any]
) -> None:
    caller.send("summarize", BODY, headers=KEY)

    assert caller.send(path, body, headers=KEY).status_code == 422
    assert AIJob.objects.count() == 1


def test_the_bytes_of_a_file_belong_to_the_request(caller: Caller) -> None:
    def upload(content: bytes) -> Any:
        file = SimpleUploadedFile("a.txt", content)
        return caller.post("/api/ai/summarize", {"document": file}, headers=KEY)

    first = upload(b"one")

    assert upload(b"one").json() == first.json()
    assert upload(b"two").status_code == 422


def test_a_request_that_failed_leaves_its_key_free(caller: Caller) -> None:
    assert caller.send("summarize", {}, headers=KEY).status_code == 400
    assert caller.send("summarize", BODY, headers=KEY).status_code == 202


def test_tenants_do_not_share_keys(caller: Caller) -> None:
    other = Caller(make_tenant("other"))

    first = caller.send("summarize", BODY, headers=KEY).json()
    second = other.send("summarize", BODY, headers=KEY).json()

    assert first["job_id"] != second["job_id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "käse", "tab\there"])
def test_a_key_that_is_none_is_400(caller: Caller, key: str) -> None:
    response = caller.send("summarize", BODY, headers={"Idempotency-Key": key})

    assert list(response.json()["errors"]) == ["Idempotency-Key"]
    assert not AIJob.objects.exists()


def test_collections_are_queued_once_too(caller: Caller) -> None:
    body = {"name": "May", "job_type": "summarize", "items": [BODY]}

    first = caller.send("collections", body, headers=KEY)
    again = caller.send("collections", body, headers=KEY)

    assert first.status_code == 202
    assert again.json() == first.json()
    assert Collection.objects.count() == 1


def test_a_retry_that_is_repeated_is_no_conflict(caller: Caller) -> None:
    job = make_job(caller.tenant)
    caller.send(f"jobs/{job.pk}/cancel")

    first = caller.send(f"jobs/{job.pk}/retry", headers=KEY)
    again = caller.send(f"jobs/{job.pk}/retry", headers=KEY)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()


@pytest.mark.django_db(transaction=True)
def test_of_identical_requests_at_once_one_queues_a_job(caller: Caller) -> None:
    together = Barrier(8)

    def send(_: int) -> Any:
        try:
            together.wait()
            return caller.send("summarize", BODY, headers=KEY)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(send, range(8)))

    assert [response.status_code for response in responses] == [202] * 8
    assert {response.json()["job_id"] for response in responses} == {str(AIJob.objects.get().pk)}
    assert sum("Idempotency-Replayed" in response for response in responses) == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["summarize", "collections", "jobs/cancel"])
def test_who_waits_too_long_for_the_first_is_told_to_come_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 1)
    job = make_job(caller.tenant)
    bodies: dict[str, Any] = {
        "summarize": BODY,
        "collections": {"name": "May", "job_type": "summarize", "items": [BODY]},
        "jobs/cancel": {"ids": [str(job.pk)]},
    }
    begun, go_on = Event(), Event()

    def hold_the_key() -> None:
        """As a request that takes long, and fails in the end."""
        try:
            with transaction.atomic():
                IdempotencyKey.objects.create(
                    tenant=caller.tenant, key="order-1", fingerprint="x", created_at=NOW
                )
                begun.set()
                go_on.wait()
                transaction.set_rollback(True)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(hold_the_key)
        begun.wait()
        refused = caller.send(path, bodies[path], headers=KEY)
        go_on.set()
        held.result()

    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/idempotency-in-progress"
    assert refused["Retry-After"] == "2"
    assert AIJob.objects.count() == 1
    assert caller.send(path, bodies[path], headers=KEY).status_code == 202
    # What waits for something else waits as long as it must.
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone()[0] == "0"
