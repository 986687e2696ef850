"""What the database itself refuses, whatever the code says."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from aijobs.models import AIJob, Batch, JobAttempt, LedgerEntry
from citizenapp.tenants.models import APIKey, Membership
from tests.factories import (
    NOW,
    make_batch,
    make_charge,
    make_job,
    make_key,
    make_output,
    make_tenant,
    make_user,
)
from tests.models.rows import columns_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> AIJob:
    return make_job(make_tenant())


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        # Which of two constraints speaks first is PostgreSQL's choice.
        ("job_status_known|job_finished_at_when_final", {"status": "lost"}),
        ("job_route_known", {"route": "fax"}),
        ("job_submitted_is_in_a_batch", {"status": "submitted"}),
        ("job_finished_at_when_final", {"status": "failed"}),
        ("job_finished_at_when_final", {"finished_at": NOW}),
    ],
)
def test_a_job_that_contradicts_itself_is_refused(
    job: AIJob, constraint: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        AIJob.objects.filter(pk=job.pk).update(**fields)


def test_a_queued_job_is_in_no_batch(job: AIJob) -> None:
    batch = make_batch()
    with pytest.raises(IntegrityError, match="job_queued_is_in_no_batch"), transaction.atomic():
        AIJob.objects.filter(pk=job.pk).update(batch=batch)


def test_a_batch_is_in_a_status_that_is_known() -> None:
    make_batch()
    with pytest.raises(IntegrityError, match="batch_status_known"), transaction.atomic():
        Batch.objects.update(status="lost")


@pytest.mark.parametrize("status", AIJob.Status.values)
def test_every_status_can_be_held(status: str) -> None:
    make_job(make_tenant(), status=status, **columns_of(status))
    assert AIJob.objects.get().status == status


def test_a_job_has_one_output(job: AIJob) -> None:
    make_output(job)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_output(job)


def test_an_attempt_is_told_once(job: AIJob) -> None:
    attempt = {"job": job, "number": 1, "route": "sync", "error_type": "e", "ended_at": NOW}
    JobAttempt.objects.create(**attempt)
    with pytest.raises(IntegrityError, match="attempt_once"), transaction.atomic():
        JobAttempt.objects.create(**attempt)


@pytest.mark.parametrize("in_batch", [True, False])
def test_a_line_is_charged_once(job: AIJob, in_batch: bool) -> None:
    line: dict[str, Any] = {
        "batch": make_batch() if in_batch else None,
        "custom_id": f"0000000001-{job.pk.hex}",
    }
    make_charge(job, **line)
    with pytest.raises(IntegrityError, match="charge_once"), transaction.atomic():
        make_charge(job, **line)


def test_the_same_job_may_be_charged_in_two_batches(job: AIJob) -> None:
    for batch in (make_batch(), make_batch()):
        make_charge(job, batch=batch, custom_id=f"0000000001-{job.pk.hex}")
    assert LedgerEntry.objects.count() == 2


def test_a_charge_that_does_not_add_up_is_refused(job: AIJob) -> None:
    with pytest.raises(IntegrityError, match="charge_adds_up"), transaction.atomic():
        make_charge(job, saved_usd=Decimal("0.6"))


def test_a_charge_is_never_changed_or_deleted(job: AIJob) -> None:
    charge = make_charge(job)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(cost_usd=0)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        charge.delete()
    assert LedgerEntry.objects.get().cost_usd == Decimal("0.5")


def test_a_job_may_go_while_its_charges_stay(job: AIJob) -> None:
    make_charge(job)
    job.delete()
    assert LedgerEntry.objects.count() == 1


def test_roles_are_known() -> None:
    tenant = make_tenant()
    user = make_user("ann", tenant)
    make_key(tenant)
    with pytest.raises(IntegrityError, match="membership_role_known"), transaction.atomic():
        Membership.objects.filter(user=user).update(role="king")
    with pytest.raises(IntegrityError, match="api_key_role_known"), transaction.atomic():
        APIKey.objects.update(role="owner")
    with pytest.raises(IntegrityError, match="membership_once"), transaction.atomic():
        Membership.objects.create(user=user, tenant=tenant, role="viewer")
