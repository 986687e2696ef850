"""The status that people see, and the filter by it, say the same of every job."""

import pytest

from aijobs.models import AIJob, Batch, Collection, new_id
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_job, make_tenant
from tests.models.rows import columns_of

pytestmark = pytest.mark.django_db

AT_ANTHROPIC = {"submitted", "canceling", "ended"}


def make_every_combination(tenant: Tenant, collection: Collection | None = None) -> None:
    for status in AIJob.Status.values:
        make_job(tenant, status=status, collection=collection, **columns_of(status))
        if status in {"queued", "processing"}:
            continue
        for batch_status in Batch.Status.values:
            if status == "submitted" and batch_status in Batch.FINAL:
                continue  # A batch is over once no job waits for it.
            fields = columns_of(status) | {"batch": make_batch(batch_status)}
            make_job(tenant, status=status, collection=collection, **fields)


def test_a_submitted_job_shows_as_processing_while_anthropic_has_its_batch() -> None:
    make_every_combination(make_tenant())
    jobs = AIJob.objects.with_shown_status().values_list(  # type: ignore[misc]
        "status", "batch__status", "shown_status"
    )
    for status, of_batch, shown in jobs:
        there = status == "submitted" and of_batch in AT_ANTHROPIC
        assert shown == ("processing" if there else status)


@pytest.mark.parametrize("status", AIJob.Status.values)
def test_the_filter_finds_just_the_jobs_that_show_it(status: str) -> None:
    make_every_combination(make_tenant())
    jobs = AIJob.objects.with_shown_status().values_list("pk", "shown_status")  # type: ignore[misc]
    shown = {pk for pk, shown_status in jobs if shown_status == status}
    assert shown
    assert set(AIJob.objects.shown_as(status).values_list("pk", flat=True)) == shown


def test_a_collection_counts_its_jobs_by_shown_status() -> None:
    tenant = make_tenant()
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=0, created_at=NOW
    )
    assert collection.counts() == dict.fromkeys(AIJob.Status.values, 0)
    make_every_combination(tenant, collection)
    make_job(tenant)
    jobs = AIJob.objects.filter(collection=collection)
    assert collection.counts() == {s: jobs.shown_as(s).count() for s in AIJob.Status.values}
    assert sum(collection.counts().values()) == jobs.count()


def test_a_tenant_sees_its_own_jobs_only() -> None:
    mine, other = make_tenant(), make_tenant()
    job = make_job(mine)
    make_job(other)
    assert list(AIJob.objects.of(mine)) == [job]
