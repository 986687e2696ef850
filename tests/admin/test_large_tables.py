"""Lists read a bounded number of rows, whatever the table holds; searches use indexes."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aijobs.admin.reading import ReadOnlyAdmin
from aijobs.submissions import identity
from tests.admin.rows import make_collection, make_failed_job, page
from tests.factories import make_batch, make_charge, make_job, make_tenant

SEARCHES = {"job": 1, "custom id": 1, "remote id": 1, "nonce": 1, "slug": 2, "name": 2, "no": 0}


@pytest.mark.parametrize("query", [{}, {"status": "failed"}, {"status": "queued"}])
def test_no_query_of_a_list_is_without_a_limit(staff: Client, query: dict[str, str]) -> None:
    tenant = make_tenant()
    for _ in range(ReadOnlyAdmin.list_per_page + 1):
        make_batch("submitted")
        make_charge(make_failed_job(tenant))
        make_job(tenant)
        make_collection(tenant)
    for model in ("aijob", "batch", "submission", "ledgerentry", "collection"):
        with CaptureQueriesContext(connection) as captured:
            page(staff, f"aijobs_{model}_changelist", **(query if model == "aijob" else {}))
        reads = [one["sql"] for one in captured if f'FROM "aijobs_{model}"' in one["sql"]]
        assert len(reads) == 2, "It counts, and it reads a page."
        assert all("LIMIT" in sql for sql in reads), reads


@pytest.mark.parametrize(("by", "found"), SEARCHES.items())
def test_a_job_is_found_by_what_people_know_of_it(staff: Client, by: str, found: int) -> None:
    tenant, batch = make_tenant("Acme"), make_batch("submitted")
    submission = identity.current(batch)
    job = make_job(tenant, batch=batch, status="submitted")
    make_job(tenant)
    make_job(make_tenant())
    term = {
        "job": str(job.pk),
        "custom id": submission.custom_id(job.pk),
        "remote id": submission.remote_id or "",
        "nonce": submission.nonce,
        "slug": "acme",
        "name": "ACME",
        "no": "fox",
    }[by]
    text = page(staff, "aijobs_aijob_changelist", q=term)
    assert text.count('class="action-select"') == found


@pytest.mark.parametrize("model", ["batch", "submission"])
@pytest.mark.parametrize("by", ["custom id", "remote id", "nonce"])
def test_a_batch_is_found_by_what_anthropic_knows_it_by(staff: Client, model: str, by: str) -> None:
    submission = identity.current(make_batch("submitted"))
    make_batch("submitted")
    term = {
        "custom id": submission.custom_id(make_job(make_tenant()).pk),
        "remote id": submission.remote_id or "",
        "nonce": submission.nonce,
    }[by]
    text = page(staff, f"aijobs_{model}_changelist", q=term)
    assert len(re.findall(rf'<a href="/admin/aijobs/{model}/\d+/change/', text)) == 1
