"""Jobs in lists, one job, and the results of a collection."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aijobs.models import AIJob, JobOutput
from aijobs.reading import jobs
from aijobs.reading.jobs import JobFilter
from aijobs.reading.status import shown_status
from tests.api.rows import fail
from tests.factories import NOW, make_batch, make_charge, make_job, make_output, make_tenant
from tests.reading.rows import correct, make_collection

pytestmark = pytest.mark.django_db

EVERYTHING = JobFilter()


def test_a_row_has_what_a_list_shows_of_a_job() -> None:
    tenant, batch = make_tenant(), make_batch("submitted")
    job = make_job(tenant, status="submitted", batch=batch)
    make_charge(job, "1", "2")
    make_charge(job, "2", "4")
    [row] = jobs.page(tenant, EVERYTHING, size=5).rows
    assert (row.job, row.status, row.error) == (job, "processing", None)
    assert row.money
    assert (int(row.money.cost), row.money.answers) == (3, 2)


def test_a_charge_and_its_correction_are_one_answer() -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    correct(make_charge(job, "0", "0", priced_as=""), "1", "2")
    money = jobs.detail(tenant, job.pk, now=NOW).money
    assert money
    assert (int(money.cost), money.answers, money.input_tokens) == (1, 1, 100)


def test_nothing_reads_documents_that_are_not_shown() -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    with CaptureQueriesContext(connection) as captured:
        jobs.page(tenant, EVERYTHING, size=5)
        jobs.detail(tenant, job.pk, now=NOW)
        jobs.job_of(tenant, job.pk)
    assert not [one for one in captured if '"document"' in one["sql"]]


def test_only_a_job_that_has_failed_says_why() -> None:
    tenant = make_tenant()
    job = make_job(tenant, status="failed", finished_at=NOW)
    fail(job, 1, "The first reason.")
    last = fail(job, 2, "The last reason.")
    found = jobs.detail(tenant, job.pk, now=NOW)
    assert (found.error, len(found.attempts)) == (last, 2)
    assert jobs.page(tenant, EVERYTHING, size=5).rows[0].error == last
    job.mark_queued(NOW)
    found = jobs.detail(tenant, job.pk, now=NOW)
    assert (found.error, len(found.attempts)) == (None, 2)
    assert jobs.page(tenant, EVERYTHING, size=5).rows[0].error is None


def test_what_belongs_to_somebody_else_is_not_there() -> None:
    job = make_job(make_tenant(), status="completed", finished_at=NOW)
    make_output(job)
    stranger = make_tenant()
    for read in (jobs.job_of, lambda *of: jobs.detail(*of, now=NOW)):
        with pytest.raises(AIJob.DoesNotExist):
            read(stranger, job.pk)
    with pytest.raises(JobOutput.DoesNotExist):
        jobs.output_of(stranger, job.pk)
    assert not jobs.exist(stranger)
    assert not jobs.page(stranger, EVERYTHING, size=5).rows
    assert jobs.output_of(job.tenant, job.pk).job == job
    assert jobs.exist(job.tenant)


def test_results_come_in_the_order_of_their_rows_chunk_by_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)
    tenant = make_tenant()
    collection = make_collection(tenant)
    made = [
        make_job(tenant, now=NOW + timedelta(seconds=n), collection=collection) for n in range(5)
    ]
    make_job(tenant)
    chunks = list(jobs.results(tenant, collection))
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]
    rows = [row for chunk in chunks for row in chunk]
    assert [(row.row, row.job_id) for row in rows] == [
        (number, job.pk) for number, job in enumerate(made, 1)
    ]


def test_a_status_is_shown_only_of_jobs_that_were_read_with_it() -> None:
    job = make_job(make_tenant())
    assert shown_status(jobs.job_of(job.tenant, job.pk)) == "queued"
    with pytest.raises(AttributeError):
        shown_status(job)
