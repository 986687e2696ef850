"""Each job says in one sentence why it goes the road that it is on."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from aijobs.models import AIJob, Batch, Collection, JobAttempt, Rescue, Trial, new_id
from aijobs.reading import jobs, roads
from aijobs.turnaround.model import LEVELS
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_job, make_tenant

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PROMISED = [600 * level for level in LEVELS]


@pytest.fixture
def tenant(settings: Any) -> Tenant:
    settings.AIJOBS_POLL_EVERY = 30
    return make_tenant()


def why(job: AIJob) -> str:
    return jobs.detail(job.tenant, job.pk, now=NOW).route_reason


def fail(job: AIJob, batch: Batch, number: int = 1) -> None:
    JobAttempt.objects.create(
        job=job, number=number, batch=batch, route="batch", error_type="canceled", ended_at=NOW
    )


def test_what_is_wanted_now_runs_at_once(tenant: Tenant) -> None:
    assert why(make_job(tenant, route="sync", needed_by=NOW)) == roads.WISHED


def test_what_nobody_needs_by_a_certain_time_goes_by_batch(tenant: Tenant) -> None:
    assert why(make_job(tenant)) == roads.NO_DEADLINE


def test_a_batch_is_chosen_since_it_is_in_time(tenant: Tenant) -> None:
    batch = make_batch("submitted", promised_seconds=PROMISED)
    job = make_job(tenant, status="submitted", batch=batch, needed_by=NOW + 2 * HOUR)
    wanted = (
        "By batch, at half the price: 95 of 100 batches like its own end within 11 minutes, and it"
        " is needed within 2 hours."
    )
    assert why(job) == wanted
    Batch.objects.update(status="settled", promised_seconds=[1e5] * len(LEVELS))
    assert why(job) == roads.TRIED_BATCH


def test_while_it_waits_the_batches_of_today_are_named(tenant: Tenant) -> None:
    told = why(make_job(tenant, needed_by=NOW + 20 * HOUR))
    assert told.startswith("By batch, at half the price: 95 of 100 batches like its own end within")
    assert told.endswith(" minutes, and it is needed within 20 hours.")


def test_a_deadline_that_batches_may_miss_runs_at_once(tenant: Tenant) -> None:
    wanted = (
        "At once, at the full price: it is needed within 10 minutes, and a batch may take longer."
    )
    soon = NOW + timedelta(minutes=10)
    assert why(make_job(tenant, needed_by=soon)) == wanted
    assert why(make_job(tenant, needed_by=soon, route="sync")) == wanted


def test_what_was_canceled_for_its_deadline_says_so(tenant: Tenant) -> None:
    job = make_job(tenant, route="sync", needed_by=NOW + HOUR, attempts=1)
    fail(job, make_batch("settled", rescued_at=NOW))
    assert why(job) == roads.RESCUED
    Batch.objects.update(rescued_at=None)
    assert why(job) == roads.CANCELED


def test_who_never_pays_the_full_price_is_reminded_of_it(tenant: Tenant) -> None:
    Tenant.objects.update(full_price=False)
    tenant.refresh_from_db()
    job = make_job(tenant, needed_by=NOW + timedelta(minutes=1))
    assert why(job) == roads.NEVER_AT_ONCE


def test_who_has_used_up_the_rescues_is_told(tenant: Tenant) -> None:
    Tenant.objects.update(rescue_usd=Decimal(1))
    tenant.refresh_from_db()
    Rescue.objects.create(tenant=tenant, jobs=1, usd=Decimal(1), decided_at=NOW)
    soon = NOW + timedelta(minutes=1)
    job = make_job(tenant, needed_by=soon, attempts=1, reserved_usd=Decimal("0.5"))
    assert why(job) == roads.LIMIT_OF_RESCUES


def test_what_was_tried_first_says_so(tenant: Tenant) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW),
        tenant=tenant,
        name="May",
        job_type="summarize",
        total=1,
        created_by="max",
        created_at=NOW,
    )
    job = make_job(tenant, collection=collection, route="sync", needed_by=NOW)
    assert why(job) == roads.WISHED
    Trial.objects.create(collection=collection, jobs=1)
    assert why(job) == roads.TRIED


def test_what_an_earlier_job_answered_is_not_sent(tenant: Tenant) -> None:
    first = make_job(tenant)
    job = make_job(tenant, status="completed", finished_at=NOW, answered_by=first.pk)
    assert why(job) == roads.REPEAT
