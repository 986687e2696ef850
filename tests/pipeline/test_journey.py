"""The whole way of a job through the real parts, one step at a time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aijobs.models import AIJob, Batch, LedgerEntry
from aijobs.pipeline import accept, assemble, dispatch, expedite, poll, settle
from tests.factories import CATEGORIES, NOW, make_tenant
from tests.ground import Emulator

pytestmark = pytest.mark.django_db(transaction=True)

INPUTS: dict[str, dict[str, object]] = {
    "summarize": {"document_text": "The insurer pays for hail. The insured pays the premium. " * 9},
    "classify": {"text": "Hail on the motor hood of a car: motor cover.", "categories": CATEGORIES},
    "analyze": {"policy_text": "The insured must report a loss. Liability is limited to 1000."},
}


def test_queued_jobs_join_one_batch_and_come_back_with_results(emulator: Emulator) -> None:
    tenant = make_tenant("acme")
    for job_type, raw in INPUTS.items():
        accept.accept_job(tenant, job_type, raw, now=NOW, created_by="test")
    later = NOW + timedelta(minutes=5)

    assert assemble.run(later) == 1
    batch = Batch.objects.get()
    assert (batch.status, batch.requests, batch.tenant_ids) == ("assembled", 3, [tenant.pk])

    assert dispatch.run(later, lambda: later) == 1
    batch.refresh_from_db()
    assert batch.status == "submitted"
    assert batch.remote_id
    assert AIJob.objects.shown_as("processing").count() == 3

    emulator.end(batch.remote_id)
    assert poll.run(later + timedelta(minutes=1)) == 1
    assert settle.run(later + timedelta(minutes=1)) == 1
    batch.refresh_from_db()
    assert (batch.status, batch.succeeded) == ("settled", 3)

    results = {job.job_type: job.output.result for job in AIJob.objects.all()}
    assert "insur" in results["summarize"]["summary"]
    assert results["classify"] == {"category": "motor"}
    assert results["analyze"]["obligations"]
    charges = LedgerEntry.objects.all()
    assert len(charges) == 3
    for charge in charges:
        assert charge.cost_usd > 0
        assert charge.sync_cost_usd == 2 * charge.cost_usd
        assert charge.saved_usd == charge.cost_usd
    assert emulator.stats()["batches_created"] == 1
    assert Decimal(0) < sum(charge.cost_usd for charge in charges) < 1


def test_an_urgent_job_runs_at_once_at_full_price(emulator: Emulator) -> None:
    job = accept.accept_job(
        make_tenant("acme"),
        "summarize",
        INPUTS["summarize"],
        now=NOW,
        created_by="test",
        needed_within=0,
    )
    assert assemble.run(NOW + timedelta(hours=1)) == 0
    assert expedite.run(NOW, lambda: NOW) == 1
    job.refresh_from_db()
    assert (job.status, job.route) == ("completed", "sync")
    charge = LedgerEntry.objects.get()
    assert charge.cost_usd == charge.sync_cost_usd
    assert charge.saved_usd == 0
