"""Where too many jobs wait, the API and the pages refuse more, and say how many fit."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from aijobs.models import AIJob, Collection, IdempotencyKey
from aijobs.pipeline import withdraw
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import NOW, make_tenant, make_user

MOST = 5
ITEMS = [{"document_text": f"text {number}"} for number in range(MOST + 1)]


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant("acme", most_waiting=MOST)


def check(response: Any, waiting: int, room: int) -> None:
    problem = response.json()
    assert response.status_code == 429, problem
    assert problem["type"] == "/problems/queue-full"
    assert (problem["waiting"], problem["room"]) == (waiting, room)
    assert f"{room} more would fit" in problem["detail"]
    assert int(response["Retry-After"]) >= 1


def fill(caller: Caller, count: int = MOST) -> Collection:
    body = {"name": "n", "job_type": "summarize", "items": ITEMS[:count]}
    response = caller.send("collections", body)
    assert response.status_code == 202, response.content
    return Collection.objects.get(pk=response.json()["collection_id"])


def test_a_job_too_many_is_refused_and_may_be_sent_again(caller: Caller) -> None:
    collection = fill(caller)
    key = {"Idempotency-Key": "k"}

    check(caller.send("summarize", {"document_text": "a"}, headers=key), MOST, 0)
    assert not IdempotencyKey.objects.exists()
    withdraw.cancel_collection(collection, now=NOW)
    assert caller.send("summarize", {"document_text": "a"}, headers=key).status_code == 202


def test_a_collection_too_large_is_refused_whole(caller: Caller) -> None:
    fill(caller, 2)
    body = {"name": "n", "job_type": "summarize", "items": ITEMS[:4], "on_error": "skip"}

    check(caller.send("collections", body), 2, 3)
    assert AIJob.objects.count() == 2


def test_an_upload_too_large_is_refused_whole(caller: Caller) -> None:
    fill(caller, 2)
    table = "document_text\n" + "".join(f"text {number}\n" for number in range(4))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(4):
            file.writestr(f"{number}.txt", f"text {number}")
    for name, data in (("a.csv", table.encode()), ("a.zip", archive.getvalue())):
        upload = SimpleUploadedFile(name, data)
        check(caller.upload("collections", name="n", job_type="summarize", file=upload), 2, 3)
    assert AIJob.objects.count() == 2


def test_what_is_queued_again_must_fit(caller: Caller) -> None:
    canceled = fill(caller, 3)
    withdraw.cancel_collection(canceled, now=NOW)
    fill(caller, 4)

    check(caller.send(f"collections/{canceled.pk}/retry?status=canceled"), 4, 1)
    one, other = AIJob.objects.filter(collection=canceled)[:2]
    assert caller.send(f"jobs/{one.pk}/retry").status_code == 200
    check(caller.send(f"jobs/{other.pk}/retry"), 5, 0)


def test_a_quote_is_told_and_must_fit_when_it_is_confirmed(caller: Caller) -> None:
    fill(caller)
    quote = caller.send("summarize?quote=true", {"document_text": "a"})

    assert quote.status_code == 200
    check(caller.send(f"quotes/{quote.json()['quote_id']}/confirm"), MOST, 0)


def test_forms_say_it_too(caller: Caller) -> None:
    canceled = fill(caller, 1)
    withdraw.cancel_collection(canceled, now=NOW)
    fill(caller)
    browser = Client()
    browser.force_login(make_user("ada", caller.tenant))
    told = "0 more would fit"

    job = browser.post(
        "/jobs/new", {"job_type": "summarize", "text": "A text.", "urgency": "later"}
    )
    form = {"name": "n", "job_type": "summarize", "on_error": "reject", "urgency": "later"}
    table = SimpleUploadedFile("a.csv", b"document_text\na text\n")
    collection = browser.post("/collections/new", form | {"table": table})
    retried = browser.post(f"/collections/{canceled.pk}/retry", {"status": "canceled"}, follow=True)

    assert [job.status_code, collection.status_code] == [422, 422]
    for page in (job, collection, retried):
        assert told in page.content.decode()
    assert AIJob.objects.filter(status="queued").count() == MOST


def test_other_tenants_are_not_concerned(caller: Caller) -> None:
    fill(caller)

    assert json.loads(caller.send("summarize", {}).content)["status"] == 400
    assert Caller(make_tenant()).send("summarize", {"document_text": "a"}).status_code == 202
