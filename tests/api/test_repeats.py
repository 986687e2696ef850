"""The same question twice, as a program sees it."""

import json

import pytest

from aijobs.models import AIJob
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import make_output

BODY = {"document_text": "The insurer pays within thirty days."}


@pytest.fixture(autouse=True)
def remembers(tenant: Tenant) -> None:
    Tenant.objects.update(repeat_days=30)


def complete(job_id: str) -> AIJob:
    job = AIJob.objects.get(pk=job_id)
    job.status, job.finished_at = "completed", job.created_at
    job.save()
    make_output(job, {"summary": "Thirty days."})
    return job


def test_what_was_asked_before_is_answered_at_once_and_names_that_job(caller: Caller) -> None:
    first = complete(caller.send("summarize", BODY).json()["job_id"])
    response = caller.send("summarize", BODY)
    second = response.json()
    assert (response.status_code, second["status"]) == (202, "completed")
    assert second["answered_by"] == str(first.pk)
    assert "Nothing is charged" in second["message"]
    shown = caller.read(f"jobs/{second['job_id']}").json()
    assert shown["answered_by"] == str(first.pk)
    assert (shown["result"], shown["cost_usd"]) == ({"summary": "Thirty days."}, "0.0000000000")
    assert (shown["attempts"], shown["usage"]) == (0, None)
    listed = caller.read("jobs").json()["results"]
    assert [one["answered_by"] for one in listed] == [str(first.pk), None]


def test_what_is_on_its_way_is_waited_for(caller: Caller) -> None:
    first = caller.send("summarize", BODY).json()
    second = caller.send("summarize", BODY).json()
    assert (second["status"], second["answered_by"]) == ("queued", first["job_id"])
    assert "free of charge" in second["message"]


def test_who_repeats_the_request_is_told_the_same(caller: Caller) -> None:
    complete(caller.send("summarize", BODY).json()["job_id"])
    told = [
        caller.send("summarize", BODY, headers={"idempotency-key": "once"}).json() for _ in range(2)
    ]
    assert told[0] == told[1]
    assert told[0]["status"] == "completed"


@pytest.mark.parametrize("is_form", [False, True])
def test_fresh_asks_anew(caller: Caller, is_form: bool) -> None:
    complete(caller.send("summarize", BODY).json()["job_id"])
    if is_form:
        told = caller.upload("summarize", **BODY, fresh="true").json()
    else:
        told = caller.send("summarize", BODY | {"fresh": True}).json()
    assert (told["status"], told["answered_by"]) == ("queued", None)


@pytest.mark.parametrize("fresh", ["yes", 1, None])
def test_fresh_is_true_or_false(caller: Caller, fresh: object) -> None:
    items = {"name": "All", "job_type": "summarize", "items": [BODY], "fresh": fresh}
    for path, body in (("summarize", BODY | {"fresh": fresh}), ("collections", items)):
        for asked in ("", "?quote=true"):
            response = caller.send(f"{path}{asked}", body)
            assert response.status_code == 400
            assert "fresh" in response.json()["errors"]


def test_a_collection_says_how_many_of_its_jobs_are_not_sent(caller: Caller) -> None:
    complete(caller.send("summarize", BODY).json()["job_id"])
    items = [BODY, {"document_text": "Hail."}, {"document_text": "Hail."}]
    body = {"name": "All", "job_type": "summarize", "items": items}
    told = caller.send("collections", body).json()
    assert (told["accepted"], told["repeated"]) == (3, 2)
    counts = caller.read(f"collections/{told['collection_id']}").json()["counts"]
    assert (counts["completed"], counts["queued"]) == (1, 2)
    rows = caller.get(f"/api/ai/collections/{told['collection_id']}/results?as=ndjson")
    lines = [json.loads(line) for line in rows.getvalue().splitlines()]
    assert [line["result"] for line in lines] == [{"summary": "Thirty days."}, None, None]
    assert caller.send("collections", body | {"fresh": True}).json()["repeated"] == 0
