"""Roads of many jobs at once: few batches, no limit overrun, nobody in the way of others."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from aijobs.models import AIJob, Batch, LedgerEntry, Rescue
from aijobs.pipeline import _roads, accept, assemble, expedite
from aijobs.pipeline._roads import MOST_BATCHES, Roads
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import DUE, MINUTE, at, keep_going, queue

pytestmark = pytest.mark.django_db


def queue_rows(rows: int, tenant: Tenant, needed_within: float) -> None:
    texts = [{"document_text": f"Clause {number}."} for number in range(rows)]
    accept.accept_collection(
        tenant,
        "Many",
        "summarize",
        enumerate(texts, 1),
        now=NOW,
        created_by="ann",
        needed_within=needed_within,
    )


def test_a_near_deadline_of_many_jobs_makes_few_batches() -> None:
    queue_rows(600, make_tenant(), 1_500)
    assert 1 < assemble.fill(NOW) <= MOST_BATCHES + 1
    assert not AIJob.objects.filter(status="queued").exists()


def test_wishes_of_who_never_pays_the_full_price_make_one_batch() -> None:
    queue_rows(200, make_tenant(full_price=False), 600)
    assert not assemble.due(NOW)
    assert assemble.run(DUE) == 1
    assert Batch.objects.get().requests == 200


def test_all_that_is_late_is_moved_however_much_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_roads, "MOST", 5)
    queue(*map(str, range(12)), needed_within=60)
    assert assemble.fill(NOW) == 0
    assert AIJob.objects.filter(route="sync").count() == 12


def test_what_can_not_be_rescued_stands_before_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_roads, "MOST", 2)
    tenant = make_tenant(rescue_usd=Decimal(0))
    for number in range(4):
        make_job(tenant, attempts=1, needed_by=NOW, not_before=NOW - MINUTE * number)
    queue("new", tenant=tenant, needed_within=60)
    assert Roads.at(NOW).choose() == 1
    assert AIJob.objects.get(route="sync").attempts == 0


def test_while_another_chooses_no_deadline_goes_into_a_batch() -> None:
    queue("a", needed_within=60)
    queue("b")
    undecided = Roads.at(DUE)
    batch = assemble.assemble_one(DUE, undecided)
    assert batch
    assert batch.requests == 1
    assert AIJob.objects.get(needed_by__isnull=False).status == "queued"


def test_workers_that_choose_at_once_share_a_limit_of_rescues() -> None:
    tenant = make_tenant(rescue_usd=Decimal("0.05"))
    for _ in range(4):
        make_job(tenant, attempts=1, reserved_usd=Decimal("0.04"), needed_by=NOW)
    one, other = Roads.at(NOW), Roads.at(NOW)
    assert one.choose() == 2
    assert other.choose() == 0
    assert Rescue.objects.get().usd == Decimal("0.04")


@pytest.mark.parametrize("how", ["retry", "switch"])
def test_nothing_runs_at_once_any_more_when_the_full_price_is_no_longer_paid(
    emulator: Emulator, how: str
) -> None:
    tenant = make_tenant()
    [job] = queue("Hail.", tenant=tenant, needed_within=0)
    if how == "retry":
        AIJob.objects.update(status="failed", finished_at=NOW, attempts=1)
    Tenant.objects.update(full_price=False)
    if how == "retry":
        assert accept.retry_job(AIJob.objects.get(), now=NOW)
    assert expedite.due(NOW)
    assert expedite.run(NOW, at(NOW)) == 0
    keep_going(NOW)
    job.refresh_from_db()
    assert (job.status, job.route) == ("completed", "batch")
    assert {one.route for one in LedgerEntry.objects.all()} == {"batch"}


def test_a_job_that_nobody_can_send_keeps_no_other_deadline_waiting(settings: Any) -> None:
    [odd] = queue("odd", needed_within=90_000)
    AIJob.objects.filter(pk=odd.pk).update(job_type="translate")
    [other] = queue("other", needed_within=100_000)
    later = NOW + timedelta(minutes=6)
    assert assemble.run(later) == 1
    assert not assemble.due(later)
    other.refresh_from_db()
    assert other.status == "submitted"


def test_nothing_of_a_tenant_that_has_spent_its_limit_is_moved() -> None:
    tenant = make_tenant(limit_usd=Decimal(0))
    make_job(tenant, needed_by=NOW)
    assert Roads.at(NOW).choose() == 0
