"""What waits can be sent at once, at the price of a batch, without anything else changing."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import FOR_A_PERSON, AIJob, Batch
from aijobs.pipeline import assemble
from aijobs.reading.next_batch import next_batch
from tests.factories import NOW, make_job, make_tenant

pytestmark = pytest.mark.django_db

EVERY = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _timings(settings: Any) -> None:
    settings.AIJOBS_SUBMIT_EVERY = EVERY.total_seconds()


def test_all_that_waits_leaves_by_batch_at_once() -> None:
    tenant = make_tenant()
    for second in range(3):
        make_job(tenant, now=NOW + second * SECOND)
    now = NOW + 10 * SECOND
    assert not assemble.due(now)
    assert assemble.leave_now(tenant, now)
    assert assemble.due(now)
    assert assemble.run(now) == 1
    assert Batch.objects.get().requests == 3
    assert set(AIJob.objects.values_list("route", "status")) == {("batch", "submitted")}


def test_what_pauses_or_waits_for_a_person_stays() -> None:
    tenant = make_tenant()
    pausing = make_job(tenant, not_before=NOW + SECOND)
    held = make_job(tenant, not_before=FOR_A_PERSON)
    assert not assemble.leave_now(tenant, NOW)
    make_job(tenant)
    assert assemble.leave_now(tenant, NOW)
    assemble.run(NOW)
    assert set(AIJob.objects.filter(status="queued")) == {pausing, held}


def test_it_needs_to_be_asked_once_and_may_be_asked_twice() -> None:
    tenant = make_tenant()
    make_job(tenant)
    assert assemble.leave_now(tenant, NOW)
    before = AIJob.objects.values().get()
    assert not assemble.leave_now(tenant, NOW)
    assert AIJob.objects.values().get() == before
    assert assemble.run(NOW) == 1
    assert not assemble.leave_now(tenant, NOW)


def test_what_another_tenant_has_makes_nothing_leave_for_this_one() -> None:
    make_job(make_tenant())
    assert not assemble.leave_now(make_tenant(), NOW)
    assert not assemble.due(NOW)


def test_the_next_batch_leaves_when_the_oldest_has_waited_long_enough() -> None:
    tenant = make_tenant()
    assert next_batch(tenant, NOW) is None
    make_job(tenant)
    make_job(tenant, now=NOW + 60 * SECOND)
    found = next_batch(tenant, NOW + 90 * SECOND)
    assert found is not None
    assert (found.leaves_at, found.is_leaving) == (NOW + EVERY, False)
    assemble.leave_now(tenant, NOW + 90 * SECOND)
    found = next_batch(tenant, NOW + 90 * SECOND)
    assert found is not None
    assert found.is_leaving
