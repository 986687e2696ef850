"""A batch is filled fairly: by turns among the tenants, up to its limits."""

from collections import Counter
from typing import Any

import pytest

from aijobs.models import AIJob, Batch
from aijobs.pipeline import accept, assemble
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant
from tests.pipeline.steps import DUE

pytestmark = pytest.mark.django_db


def queue_many(tenant: Tenant, count: int) -> None:
    item = {"document_text": "Hail is covered."}
    accept.accept_collection(
        tenant, "c", "summarize", enumerate([item] * count, 1), now=NOW, created_by="ann"
    )


def shares(batch: Batch) -> Counter[int]:
    return Counter(AIJob.objects.filter(batch=batch).values_list("tenant_id", flat=True))


def test_one_tenant_with_thousands_leaves_room_for_fifty_others(settings: Any) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 1_000
    giant = make_tenant("giant")
    queue_many(giant, 5_000)
    small = [make_tenant() for _ in range(50)]
    for number, tenant in enumerate(small):
        queue_many(tenant, 1 + number % 5)

    batch = assemble.assemble_one(DUE)
    assert batch
    assert (batch.requests, shares(batch).total()) == (1_000, 1_000)
    expected = {tenant.pk: 1 + number % 5 for number, tenant in enumerate(small)}
    assert shares(batch) == expected | {giant.pk: 1_000 - sum(expected.values())}
    assert set(batch.tenant_ids) == {giant.pk, *expected}


def test_two_with_many_share_by_turns(settings: Any) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 100
    tenants = [make_tenant(), make_tenant()]
    for tenant in tenants:
        queue_many(tenant, 80)
    batch = assemble.assemble_one(DUE)
    assert batch
    assert set(shares(batch).values()) == {50}


def test_with_more_tenants_than_room_each_comes_at_most_once(settings: Any) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 3
    for _ in range(5):
        queue_many(make_tenant(), 2)
    batch = assemble.assemble_one(DUE)
    assert batch
    assert sorted(shares(batch).values()) == [1, 1, 1]


def test_what_one_batch_cannot_hold_goes_into_the_next(settings: Any) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 40
    queue_many(make_tenant(), 100)
    assert assemble.run(DUE) == 3
    assert sorted(Batch.objects.values_list("requests", flat=True)) == [20, 40, 40]
    assert not AIJob.objects.filter(status="queued").exists()


def test_the_oldest_jobs_of_a_tenant_go_first(settings: Any) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 2
    tenant = make_tenant()
    jobs = [make_job(tenant) for _ in range(4)]
    oldest = sorted(jobs, key=lambda job: job.pk)[:2]
    batch = assemble.assemble_one(DUE)
    assert set(AIJob.objects.filter(batch=batch)) == set(oldest)


def test_a_batch_is_no_larger_than_its_limit_of_bytes(settings: Any) -> None:
    settings.AIJOBS_BATCH_BYTES = 1_000
    tenant = make_tenant()
    for size in (400, 400, 400, 300, 900):
        make_job(tenant, request_bytes=size)
    assemble.run(DUE)
    sizes = list(Batch.objects.order_by("pk").values_list("request_bytes", flat=True))
    assert max(sizes) <= 1_000
    assert sum(sizes) == 2_400


def test_a_tenant_of_large_documents_does_not_shut_out_the_others(settings: Any) -> None:
    settings.AIJOBS_BATCH_BYTES = 1_000
    large, small = make_tenant(), make_tenant()
    for _ in range(5):
        make_job(large, request_bytes=500)
        make_job(small, request_bytes=10)
    batch = assemble.assemble_one(DUE)
    assert batch
    assert shares(batch)[small.pk] >= 1
    assert shares(batch)[large.pk] >= 1
