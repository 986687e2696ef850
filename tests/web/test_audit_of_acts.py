"""What people do to jobs by the pages stands in the audit, one line an act."""

from typing import Any

import pytest
from django.test import Client

from aijobs.models import AIJob
from citizenapp.tenants.models import AuditEntry, Tenant
from tests.factories import NOW, make_batch, make_job, make_output, make_tenant, make_user
from tests.web.test_job_list import make_collection

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def member(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def recorded(action: str) -> list[tuple[str, str, dict[str, Any]]]:
    found = AuditEntry.objects.filter(action=action).order_by("id")
    return [(one.actor, one.subject, one.details) for one in found]


def test_a_job_is_canceled_queued_again_downloaded_and_erased(
    member: Client, tenant: Tenant
) -> None:
    job = make_job(tenant)
    member.post(f"/jobs/{job.pk}/cancel")
    member.post(f"/jobs/{job.pk}/retry")
    done = make_job(tenant, status="completed", finished_at=NOW)
    make_output(done)
    member.get(f"/jobs/{done.pk}/result", {"as": "json"})
    member.post(f"/jobs/{done.pk}/erase")
    assert recorded("jobs.canceled") == [("max", f"job {job.pk}", {})]
    assert recorded("jobs.retried") == [("max", f"job {job.pk}", {})]
    assert recorded("results.downloaded") == [("max", f"job {done.pk}", {"as": "json"})]
    assert recorded("jobs.erased") == [("max", f"job {done.pk}", {})]


def test_the_answer_of_what_has_left_is_dropped_by_one_act(member: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="submitted", batch=make_batch("submitted"))
    page = member.get(f"/jobs/{job.pk}").content.decode()
    assert "Drop the answer" in page
    member.post(f"/jobs/{job.pk}/cancel", {"answers": "drop"})
    job.refresh_from_db()
    assert job.dropped_at is not None
    assert "Drop the answer" not in member.get(f"/jobs/{job.pk}").content.decode()
    assert recorded("jobs.canceled") == [("max", f"job {job.pk}", {"answers dropped": "1"})]


def test_what_changes_nothing_is_not_recorded(member: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="submitted", batch=make_batch("submitted"))
    member.post(f"/jobs/{job.pk}/cancel")
    member.post(f"/jobs/{job.pk}/retry")
    assert not AuditEntry.objects.filter(action__startswith="jobs.").exists()


def test_a_collection_is_one_line(member: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, 3)
    member.post(f"/collections/{collection.pk}/cancel", {"answers": "keep"})
    subject = f"collection {collection.pk}"
    assert recorded("jobs.canceled") == [("max", subject, {"jobs": "3", "answers dropped": "0"})]
    AIJob.objects.update(status="failed", finished_at=NOW)
    member.post(f"/collections/{collection.pk}/retry", {"status": "failed"})
    assert recorded("jobs.retried") == [("max", subject, {"jobs": "3"})]


@pytest.mark.parametrize(
    ("act", "action", "more"),
    [
        ("cancel", "jobs.canceled", {}),
        ("erase", "jobs.erased", {}),
        ("tag", "jobs.tagged", {"tag": "urgent"}),
        ("untag", "jobs.untagged", {"tag": "urgent"}),
    ],
)
def test_a_selection_is_one_line(
    member: Client, tenant: Tenant, act: str, action: str, more: dict[str, str]
) -> None:
    jobs = [str(make_job(tenant).pk) for _ in range(4)]
    member.post("/jobs/selection", {"do": act, "job": jobs, "sure": "1", "tag": "urgent"})
    [(actor, subject, details)] = recorded(action)
    assert (actor, details) == ("max", {"jobs": "4"} | more)
    assert subject.startswith("operation ")
