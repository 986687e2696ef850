"""Every address that makes, moves or deletes something takes an Idempotency-Key."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aijobs.api.idempotency import HEADER
from aijobs.models import AIJob, IdempotencyKey, Quote
from tests.addresses import ADDRESSES
from tests.api.conftest import Caller
from tests.factories import NOW, make_job

CHANGING = ("post", "put", "patch", "delete")
KEY = {HEADER: "order-1"}
BODY = {"document_text": "A text."}


def changing() -> list[tuple[str, str]]:
    """From the URL conf and its views, and not from what is documented."""
    found = []
    for address in ADDRESSES:
        view = getattr(address.pattern.callback, "cls", None)
        if not address.path.startswith("/api/") or view is None:
            continue
        found += [(address.path, method) for method in CHANGING if hasattr(view, method)]
    return found


@pytest.mark.parametrize(("path", "method"), changing())
def test_it_is_documented_with_a_key(path: str, method: str) -> None:
    [address] = [one for one in ADDRESSES if one.path == path]
    parameters = address.operations[method].get("parameters", [])
    assert HEADER in {one["name"] for one in parameters if one["in"] == "header"}


def test_there_are_such_addresses() -> None:
    assert ("/api/ai/jobs/retry", "post") in changing()
    assert ("/api/ai/jobs/<uuid:job_id>", "delete") in changing()
    assert len(changing()) >= 14


def again(caller: Caller, path: str, body: Any = None, method: str = "post") -> tuple[Any, Any]:
    """The same request twice."""

    def send() -> Any:
        return caller.generic(
            method.upper(),
            f"/api/ai/{path}",
            json.dumps(body or {}),
            content_type="application/json",
            headers=KEY,
        )

    return send(), send()


def test_a_deletion_that_is_repeated_is_no_404(caller: Caller) -> None:
    job = make_job(caller.tenant)
    first, second = again(caller, f"jobs/{job.pk}", method="delete")
    assert (first.status_code, second.status_code) == (204, 204)
    assert second["Idempotency-Replayed"] == "true"
    assert caller.delete(f"/api/ai/jobs/{job.pk}").status_code == 404


def test_another_method_is_another_request(caller: Caller) -> None:
    job = make_job(caller.tenant)
    caller.send(f"jobs/{job.pk}/cancel", headers=KEY)
    deleted = caller.delete(f"/api/ai/jobs/{job.pk}", headers=KEY)
    assert deleted.status_code == 422
    assert AIJob.objects.exists()


def test_a_quote_is_made_once_and_is_no_job(caller: Caller) -> None:
    for path, body in (
        ("summarize?quote=true", BODY),
        ("collections?quote=true", {"name": "May", "job_type": "summarize", "items": [BODY]}),
    ):
        Quote.objects.all().delete()
        IdempotencyKey.objects.all().delete()
        first, second = again(caller, path, body)
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json() == second.json()
        assert Quote.objects.count() == 1
        # Without `quote` it is another request.
        assert caller.send(path.partition("?")[0], body, headers=KEY).status_code == 422
    assert not AIJob.objects.exists()


def test_a_confirmation_is_replayed_with_its_status(caller: Caller) -> None:
    quote = caller.send("summarize?quote=true", BODY).json()["quote_id"]
    first, second = again(caller, f"quotes/{quote}/confirm")
    assert (first.status_code, second.status_code) == (202, 202)
    assert second["Idempotency-Replayed"] == "true"
    assert first.json() == second.json()
    assert AIJob.objects.count() == 1


def test_the_files_of_a_collection_belong_to_the_request(caller: Caller) -> None:
    def upload(text: str) -> Any:
        file = SimpleUploadedFile("a.csv", f"document_text\n{text}\n".encode())
        fields = {"name": "May", "job_type": "summarize", "file": file}
        return caller.post("/api/ai/collections", fields, headers=KEY)

    first = upload("Hail.")
    assert first.status_code == 202, first.json()
    assert upload("Hail.").json() == first.json()
    assert upload("Rain.").status_code == 422
    assert AIJob.objects.count() == 1


def test_an_answer_that_described_what_is_erased_is_emptied_and_its_key_stays(
    caller: Caller,
) -> None:
    job = make_job(caller.tenant, status="failed", finished_at=NOW, reference="SECRET-1")
    first = caller.send(f"jobs/{job.pk}/retry", headers=KEY)
    assert first.json()["reference"] == "SECRET-1"
    assert caller.delete(f"/api/ai/jobs/{job.pk}").status_code == 204

    replayed = caller.send(f"jobs/{job.pk}/retry", headers=KEY)
    assert replayed.status_code == 404
    assert IdempotencyKey.objects.get().response is None


def test_a_collection_takes_the_answers_about_its_jobs_and_rows_along(caller: Caller) -> None:
    body = {"name": "May", "job_type": "summarize", "items": [BODY, {}], "on_error": "skip"}
    queued = caller.send("collections", body, headers=KEY).json()
    job = AIJob.objects.get()
    caller.send(f"jobs/{job.pk}/cancel", headers={HEADER: "order-2"})
    assert caller.delete(f"/api/ai/collections/{queued['collection_id']}").status_code == 204

    assert set(IdempotencyKey.objects.values_list("response", flat=True)) == {None}
    again_ = caller.send("collections", body, headers=KEY)
    assert again_.status_code == 404
    assert not AIJob.objects.exists()
