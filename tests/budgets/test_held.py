"""Who has spent the limit is held: what waits goes on waiting, and others are not held up."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pytest_django import Settings

from aijobs.models import AIJob
from aijobs.pipeline import assemble, expedite
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db

NEXT_MONTH = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)


@pytest.fixture
def spent() -> Tenant:
    """A tenant that has spent its limit, with a job for a batch and an urgent one waiting."""
    tenant = make_tenant(limit_usd=Decimal("1.00"))
    make_charge(make_job(tenant, status="completed", finished_at=NOW), "1.00")
    make_job(tenant)
    make_job(tenant, needed_by=NOW, route="sync")
    return tenant


def due(now: datetime) -> bool:
    return assemble.due(now.replace(hour=23))


def test_its_jobs_wait_until_the_limit_renews(spent: Tenant) -> None:
    assert not due(NOW)
    assert not expedite.due(NOW)
    assert not expedite.claim([], NOW)
    assert due(NEXT_MONTH)
    assert expedite.due(NEXT_MONTH)


def test_they_go_on_when_the_limit_is_raised(spent: Tenant) -> None:
    Tenant.objects.filter(pk=spent.pk).update(limit_usd=Decimal("1.01"))
    assert due(NOW)
    assert expedite.due(NOW)


def test_the_jobs_of_others_go_out_meanwhile(spent: Tenant) -> None:
    other = make_job(make_tenant())
    assert assemble.run(NOW.replace(hour=23)) == 1
    assert AIJob.objects.get(status="submitted") == other


def test_nothing_is_sent_once_the_installation_has_spent_its_limit(
    spent: Tenant, settings: Settings
) -> None:
    make_job(make_tenant())
    make_job(make_tenant(), needed_by=NOW, route="sync")
    settings.AIJOBS_MONTHLY_LIMIT_USD = Decimal("1.00")
    assert not due(NOW)
    assert not expedite.due(NOW)
    assert due(NEXT_MONTH)
