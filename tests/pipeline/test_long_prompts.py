"""A workspace that refuses long prompts queues none, on no road."""

from typing import Any

import pytest

from aijobs.models import AIJob, Collection
from aijobs.pipeline import accept, withdraw
from aijobs.pipeline.accept import RejectedCollection
from aijobs.quotes.terms import LongPrompt
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_tenant
from tests.long_texts import LONG, SHORT_ENOUGH
from tests.pipeline.steps import DUE, queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def refusing() -> Tenant:
    return make_tenant(long_prompts="refuse")


def collect(tenant: Tenant, *texts: str, **more: Any) -> accept.Accepted:
    rows = [(number, {"document_text": text}) for number, text in enumerate(texts, 1)]
    asked: dict[str, Any] = {"now": NOW, "created_by": "ann"} | more
    return accept.accept_collection(tenant, "Policies", "summarize", rows, **asked)


def refuse_from_now_on(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(long_prompts="refuse")


def test_it_runs_where_nothing_else_is_said() -> None:
    [long, short] = queue(LONG, SHORT_ENOUGH)
    assert long.reserved_usd > 5 * short.reserved_usd


@pytest.mark.parametrize("needed_within", [None, 0, 3_600])
def test_one_job_is_refused_by_batch_and_at_once(refusing: Tenant, needed_within: Any) -> None:
    queue(SHORT_ENOUGH, tenant=refusing)
    with pytest.raises(LongPrompt) as refusal:
        queue(LONG, tenant=refusing, needed_within=needed_within)
    assert list(refusal.value.errors) == ["document_text"]
    assert AIJob.objects.count() == 1


def test_a_model_without_a_step_reads_it_all_the_same(refusing: Tenant) -> None:
    raw = {"document_text": LONG}
    job = accept.accept_job(refusing, "analyze", raw, now=NOW, created_by="ann")
    assert job.status == "queued"


@pytest.mark.parametrize("trial", [0, 1])
def test_a_row_is_refused_by_its_number(refusing: Tenant, trial: int) -> None:
    with pytest.raises(RejectedCollection) as refusal:
        collect(refusing, "Hail.", LONG, "Fire.", trial=trial)
    [bad] = refusal.value.rejected
    assert (bad.row, list(bad.errors)) == (2, ["document_text"])
    assert not AIJob.objects.exists()
    assert not Collection.objects.exists()


def test_who_skips_bad_rows_queues_the_others(refusing: Tenant) -> None:
    accepted = collect(refusing, "Hail.", LONG, "Fire.", on_error="skip")
    assert (accepted.accepted, accepted.rejected_count) == (2, 1)


def test_what_was_queued_before_is_not_queued_again() -> None:
    tenant = make_tenant()
    [long, short] = queue(LONG, SHORT_ENOUGH, tenant=tenant)
    for job in (long, short):
        assert withdraw.cancel_job(job, now=DUE)
    refuse_from_now_on(tenant)
    assert accept.retry_job(AIJob.objects.get(pk=short.pk), now=DUE)
    with pytest.raises(LongPrompt):
        accept.retry_job(AIJob.objects.get(pk=long.pk), now=DUE)
    long.refresh_from_db()
    assert long.status == "canceled"


def test_of_a_collection_with_one_nothing_is_queued_again() -> None:
    tenant = make_tenant()
    collection = collect(tenant, "Hail.", LONG).collection
    withdraw.cancel_collection(collection, now=DUE)
    refuse_from_now_on(tenant)
    collection = Collection.objects.get()
    with pytest.raises(LongPrompt, match="The longest prompt would have"):
        accept.retry_collection(collection, "canceled", now=DUE)
    assert set(AIJob.objects.values_list("status", flat=True)) == {"canceled"}
    AIJob.objects.filter(input__row_number=2).update(status="failed")
    assert accept.retry_collection(collection, "canceled", now=DUE) == 1


def test_nor_by_staff_out_of_a_batch() -> None:
    tenant = make_tenant()
    queue(LONG, tenant=tenant)
    batch = make_batch("settled", tenant_ids=[tenant.pk], ended_at=DUE, settled_at=DUE)
    AIJob.objects.update(status="failed", batch=batch, finished_at=DUE)
    refuse_from_now_on(tenant)
    with pytest.raises(LongPrompt):
        accept.retry_batch(batch, now=DUE)
    assert AIJob.objects.get().status == "failed"
