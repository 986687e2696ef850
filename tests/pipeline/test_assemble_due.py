"""A batch is put together when enough jobs wait, or one has waited long enough."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Batch
from aijobs.pipeline import assemble
from tests.factories import NOW, make_job, make_tenant

pytestmark = pytest.mark.django_db

EVERY = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _timings(settings: Any) -> None:
    settings.AIJOBS_SUBMIT_EVERY = EVERY.total_seconds()
    settings.AIJOBS_SUBMIT_WHEN = 10


def test_nothing_is_due_where_nothing_waits() -> None:
    assert not assemble.due(NOW)
    assert assemble.run(NOW) == 0


def test_a_single_job_waits_no_longer_than_it_may() -> None:
    make_job(make_tenant())
    assert assemble.run(NOW + EVERY - SECOND) == 0
    assert assemble.run(NOW + EVERY) == 1
    assert AIJob.objects.get().status == "submitted"


@pytest.mark.parametrize("tenants", [1, 3])
def test_enough_jobs_need_not_wait(tenants: int) -> None:
    waiting = [make_tenant() for _ in range(tenants)]
    for number in range(9):
        make_job(waiting[number % tenants])
    assert not assemble.due(NOW)
    make_job(waiting[0])
    assert assemble.due(NOW)


def test_the_old_job_of_one_tenant_takes_the_young_ones_of_others_along() -> None:
    make_job(make_tenant(), now=NOW - EVERY)
    make_job(make_tenant())
    assert assemble.run(NOW) == 1
    assert Batch.objects.get().requests == 2


def test_a_job_that_pauses_is_left_alone() -> None:
    tenant = make_tenant()
    pausing = make_job(tenant, now=NOW - EVERY, not_before=NOW + SECOND)
    assert not assemble.due(NOW)
    make_job(tenant, now=NOW - EVERY)
    assert assemble.run(NOW) == 1
    pausing.refresh_from_db()
    assert pausing.status == "queued"


def test_urgent_jobs_are_left_to_the_other_road() -> None:
    make_job(make_tenant(), route="sync", needed_by=NOW)
    assert assemble.run(NOW + EVERY) == 0


def test_jobs_of_a_type_that_is_gone_wait_and_wake_nobody() -> None:
    tenant = make_tenant()
    gone = make_job(tenant)
    AIJob.objects.filter(pk=gone.pk).update(job_type="translate")
    assert not assemble.due(NOW + EVERY)
    make_job(tenant)
    assert assemble.run(NOW + EVERY) == 1
    assert Batch.objects.get().requests == 1
    gone.refresh_from_db()
    assert gone.status == "queued"


def test_claiming_counts_an_attempt_and_notes_the_moment() -> None:
    make_job(make_tenant(), attempts=1)
    assemble.run(NOW + EVERY)
    job = AIJob.objects.get()
    assert (job.attempts, job.started_at, job.batch) == (2, NOW + EVERY, Batch.objects.get())


def test_a_second_run_finds_nothing_left() -> None:
    make_job(make_tenant())
    assert assemble.run(NOW + EVERY) == 1
    assert assemble.run(NOW + EVERY) == 0
    assert Batch.objects.count() == 1
