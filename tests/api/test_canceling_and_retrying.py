"""POST jobs/{id}/cancel and /retry."""

import pytest

from aijobs.models import AIJob
from tests.api.conftest import Caller
from tests.factories import NOW, make_batch, make_job


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
