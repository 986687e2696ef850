"""POST jobs/{id}/cancel and /retry."""

from typing import Any

import pytest

from aijobs.models import AIJob
from citizenapp.tenants.models import AuditEntry
from tests.api.conftest import Caller
from tests.factories import NOW, make_batch, make_job
from tests.reading.rows import make_collection


def test_a_waiting_job_can_be_canceled(caller: Caller) -> None:
    job = make_job(caller.tenant)

    response = caller.send(f"jobs/{job.pk}/cancel")

    assert (response.status_code, response.json()["status"]) == (200, "canceled")
    assert AIJob.objects.get().status == "canceled"


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_a_finished_job_cannot_be_canceled(caller: Caller, status: str) -> None:
    job = make_job(caller.tenant, status=status, finished_at=NOW)

    response = caller.send(f"jobs/{job.pk}/cancel")

    assert response.status_code == 409
    assert "already" in response.json()["detail"]


def test_a_job_that_claude_works_on_cannot_be_canceled(caller: Caller) -> None:
    job = make_job(caller.tenant)
    batch = make_batch("submitted", tenant_ids=[caller.tenant.pk])
    AIJob.objects.filter(pk=job.pk).update(status="submitted", batch=batch)

    response = caller.send(f"jobs/{job.pk}/cancel")

    assert response.status_code == 409
    assert "working on it" in response.json()["detail"]


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_failed_or_canceled_job_is_queued_again(caller: Caller, status: str) -> None:
    job = make_job(caller.tenant, status=status, finished_at=NOW)

    response = caller.send(f"jobs/{job.pk}/retry")

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["finished_at"]) == ("queued", None)


def test_another_job_cannot_be_retried(caller: Caller) -> None:
    job = make_job(caller.tenant, status="completed", finished_at=NOW)

    response = caller.send(f"jobs/{job.pk}/retry")

    assert response.status_code == 409
    assert "completed" in response.json()["detail"]


def test_a_move_needs_no_body(caller: Caller) -> None:
    job = make_job(caller.tenant)

    assert caller.post(f"/api/ai/jobs/{job.pk}/cancel").status_code == 200


def on_its_way(caller: Caller, **fields: Any) -> AIJob:
    job = make_job(caller.tenant, **fields)
    batch = make_batch("submitted", tenant_ids=[caller.tenant.pk])
    AIJob.objects.filter(pk=job.pk).update(status="submitted", batch=batch)
    return job


def test_of_a_job_on_its_way_the_answer_can_be_dropped(caller: Caller) -> None:
    job = on_its_way(caller)

    response = caller.send(f"jobs/{job.pk}/cancel?answers=drop")

    assert (response.status_code, response.json()["status"]) == (200, "processing")
    assert response.json()["dropped_at"]
    job.refresh_from_db()
    assert job.dropped_at
    [entry] = AuditEntry.objects.filter(action="jobs.canceled")
    assert (entry.subject, entry.details) == (f"job {job.pk}", {"answers dropped": "1"})


@pytest.mark.parametrize("answers", ["keep", "drop"])
def test_what_is_dropped_is_not_canceled_again(caller: Caller, answers: str) -> None:
    job = on_its_way(caller)
    caller.send(f"jobs/{job.pk}/cancel?answers=drop")

    response = caller.send(f"jobs/{job.pk}/cancel?answers={answers}")

    assert response.status_code == 409
    assert response.json()["detail"].startswith("It is canceled already: it goes on")
    assert AuditEntry.objects.filter(action="jobs.canceled").count() == 1


def test_who_drops_answers_cancels_what_waits(caller: Caller) -> None:
    job = make_job(caller.tenant)

    response = caller.send(f"jobs/{job.pk}/cancel?answers=drop")

    assert (response.status_code, response.json()["status"]) == (200, "canceled")
    assert response.json()["dropped_at"] is None


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_there_is_no_answer_to_drop_once_a_job_has_ended(caller: Caller, status: str) -> None:
    job = make_job(caller.tenant, status=status, finished_at=NOW)

    response = caller.send(f"jobs/{job.pk}/cancel?answers=drop")

    assert response.status_code == 409
    assert "already" in response.json()["detail"]


def test_nonsense_instead_of_drop_cancels_nothing(caller: Caller) -> None:
    job = make_job(caller.tenant)

    response = caller.send(f"jobs/{job.pk}/cancel?answers=none")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["answers"])
    job.refresh_from_db()
    assert job.status == "queued"


def test_of_a_collection_what_waits_is_canceled_and_the_rest_dropped(caller: Caller) -> None:
    collection = make_collection(caller.tenant)
    waiting = make_job(caller.tenant, collection=collection)
    leaving = on_its_way(caller, collection=collection)

    kept = caller.send(f"collections/{collection.pk}/cancel")
    dropped = caller.send(f"collections/{collection.pk}/cancel?answers=drop")

    assert kept.json() == {"canceled": 1, "dropped": 0}
    assert dropped.json() == {"canceled": 0, "dropped": 1}
    for job in (waiting, leaving):
        job.refresh_from_db()
    assert (waiting.status, leaving.status) == ("canceled", "submitted")
    assert leaving.dropped_at
