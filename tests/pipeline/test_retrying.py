"""A failed or canceled job can be queued again, and nothing else can."""

from datetime import timedelta

import pytest

from aijobs.models import AIJob, Collection, new_id
from aijobs.pipeline import accept
from tests.factories import NOW, make_job, make_tenant
from tests.models.rows import columns_of

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize("status", AIJob.Status.values)
def test_only_what_failed_or_was_canceled_is_queued_again(status: str) -> None:
    job = make_job(make_tenant(), status=status, **columns_of(status))
    again = status in {"failed", "canceled"}
    assert accept.retry_job(job, now=LATER) is again
    assert AIJob.objects.get().status == ("queued" if again else status)


def test_a_second_retry_from_an_old_page_leaves_a_running_job_alone() -> None:
    job = make_job(make_tenant(), status="failed", finished_at=NOW, needed_by=NOW)
    old_page = AIJob.objects.get()
    assert accept.retry_job(job, now=LATER)
    assert job.mark_processing(LATER)
    assert not accept.retry_job(old_page, now=LATER)
    assert AIJob.objects.get().status == "processing"


def test_a_collection_queues_its_failed_jobs_again_and_no_others() -> None:
    tenant = make_tenant()
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=1, created_at=NOW
    )
    for status in AIJob.Status.values:
        make_job(tenant, status=status, collection=collection, **columns_of(status))
    make_job(tenant, status="failed", finished_at=NOW)
    assert accept.retry_collection(collection, now=LATER) == 1
    assert AIJob.objects.filter(status="failed").count() == 1
    again = AIJob.objects.get(not_before=LATER)
    assert (again.status, again.finished_at, again.collection) == ("queued", None, collection)
