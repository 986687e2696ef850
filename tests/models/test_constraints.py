"""What the database itself refuses, whatever the code says."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from aijobs.models import AIJob, Batch, JobAttempt, LedgerEntry
from citizenapp.tenants.models import APIKey, Membership
from tests.factories import NOW, make_job, make_key, make_output, make_tenant, make_user
from tests.models.rows import columns_of, make_batch

pytestmark = pytest.mark.django_db


def make_charge(job: AIJob, batch: Batch | None = None, **fields: Any) -> LedgerEntry:
    return LedgerEntry.objects.create(
        **{
            "tenant": job.tenant,
            "job_id": job.pk,
            "batch": batch,
            "custom_id": f"sync-1-{job.pk.hex}",
            "job_type": job.job_type,
            "route": "batch" if batch else "sync",
            "model": "m",
            "priced_as": "m",
            "priced_on": NOW.date(),
            "input_tokens": 1,
            "output_tokens": 1,
            "cost_usd": Decimal("0.5"),
            "sync_cost_usd": Decimal(1),
            "saved_usd": Decimal("0.5"),
            "created_at": NOW,
        }
        | fields
    )


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


@pytest.mark.parametrize(
    ("status", "fields", "constraint"),
    [
        ("assembled", {"status": "lost"}, "batch_status_known"),
        ("unconfirmed", {"remote_id": "msgbatch_x"}, "batch_remote_id_only_when_there"),
        ("submitted", {"remote_id": None}, "batch_remote_id_when_there"),
    ],
)
def test_a_batch_that_contradicts_itself_is_refused(
    status: str, fields: dict[str, Any], constraint: str
) -> None:
    batch = make_batch(status)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(**fields)


def test_no_two_batches_are_the_same_batch_at_anthropic() -> None:
    make_batch("submitted", remote_id="msgbatch_x")
    with pytest.raises(IntegrityError, match="remote_id"), transaction.atomic():
        make_batch("ended", remote_id="msgbatch_x")


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
    batch = make_batch() if in_batch else None
    make_charge(job, batch)
    with pytest.raises(IntegrityError, match="charge_once"), transaction.atomic():
        make_charge(job, batch)


def test_the_same_job_may_be_charged_in_two_batches(job: AIJob) -> None:
    make_charge(job, make_batch())
    make_charge(job, make_batch())
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
