"""What could go beyond the limit of a month is refused, whoever else asks at the same time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from pytest_django import Settings

from aijobs.budgets import standing
from aijobs.budgets.standing import LimitReached
from aijobs.models import AIJob, Collection, Reservation, rollups
from aijobs.pipeline import accept, withdraw
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db

TEXT = "The policy covers hail and fire. " * 100
LIMIT = Decimal("0.01")


def queue(tenant: Tenant, now: datetime = NOW) -> AIJob:
    return accept.accept_job(
        tenant, "summarize", {"document_text": TEXT}, now=now, created_by="max"
    )


def queue_many(tenant: Tenant, count: int) -> Collection:
    rows = ((n, {"document_text": TEXT}) for n in range(1, count + 1))
    return accept.accept_collection(
        tenant, "October", "summarize", rows, now=NOW, created_by="max"
    ).collection


@pytest.fixture
def price() -> Decimal:
    """What one such job reserves."""
    return queue(make_tenant()).reserved_usd


def test_a_job_reserves_what_it_may_cost_until_it_is_canceled(price: Decimal) -> None:
    tenant = make_tenant()
    job = queue(tenant)
    assert price > 0
    assert standing.standing(tenant, NOW).reserved == price
    withdraw.cancel_job(job, now=NOW)
    assert standing.standing(tenant, NOW).reserved == 0
    accept.retry_job(job, now=NOW)
    assert standing.standing(tenant, NOW).reserved == price


def test_who_has_a_deadline_reserves_the_full_price(price: Decimal) -> None:
    tenant = make_tenant()
    accept.accept_job(
        tenant,
        "summarize",
        {"document_text": TEXT},
        now=NOW,
        created_by="max",
        needed_within=3600,
    )
    assert 1.99 < standing.standing(tenant, NOW).reserved / price < 2.01


def test_a_job_that_could_go_beyond_the_limit_is_refused_with_what_is_left(
    price: Decimal,
) -> None:
    tenant = make_tenant(limit_usd=LIMIT)
    fitting = int(LIMIT / price)
    for _ in range(fitting):
        queue(tenant)
    with pytest.raises(LimitReached) as refused:
        queue(tenant)
    assert refused.value.left == LIMIT - fitting * price
    assert refused.value.renews.isoformat() == "2026-12-01T00:00:00+00:00"
    assert AIJob.objects.filter(tenant=tenant).count() == fitting


def test_a_collection_beyond_the_limit_leaves_nothing_behind(price: Decimal) -> None:
    tenant = make_tenant(limit_usd=LIMIT)
    with pytest.raises(LimitReached):
        queue_many(tenant, int(LIMIT / price) + 1)
    assert not Collection.objects.filter(tenant=tenant).exists()
    assert standing.standing(tenant, NOW).reserved == 0
    queue_many(tenant, int(LIMIT / price))


def test_what_is_queued_again_counts_too(price: Decimal) -> None:
    tenant = make_tenant(limit_usd=LIMIT)
    fitting = int(LIMIT / price)
    collection = queue_many(tenant, fitting)
    withdraw.cancel_collection(collection, now=NOW)
    for _ in range(fitting):
        queue(tenant)
    with pytest.raises(LimitReached):
        accept.retry_collection(collection, "canceled", now=NOW)
    with pytest.raises(LimitReached):
        accept.retry_job(AIJob.objects.filter(collection=collection)[0], now=NOW)
    assert collection.counts()["canceled"] == fitting


def test_what_was_spent_this_month_counts_and_last_months_does_not(price: Decimal) -> None:
    tenant = make_tenant(limit_usd=LIMIT)
    make_charge(make_job(tenant), "0.01", created_at=NOW - timedelta(days=3))
    queue(tenant)
    make_charge(make_job(tenant), "0.01")
    with pytest.raises(LimitReached):
        queue(tenant)


def test_a_month_begins_in_the_tenants_time_zone() -> None:
    tenant = make_tenant(limit_usd=Decimal("0.01"), time_zone="Pacific/Auckland")
    # The first of November began there thirteen hours before it did in UTC.
    make_charge(make_job(tenant), "0.01", created_at=datetime.fromisoformat("2026-10-31T12:00Z"))
    with pytest.raises(LimitReached) as refused:
        queue(tenant)
    assert refused.value.renews.isoformat() == "2026-12-01T00:00:00+13:00"


def test_the_installation_has_a_limit_over_all_tenants(price: Decimal, settings: Settings) -> None:
    settings.AIJOBS_MONTHLY_LIMIT_USD = Decimal("0.01")
    make_charge(make_job(make_tenant()), "0.01")
    with pytest.raises(LimitReached, match="this installation"):
        queue(make_tenant())


def test_folding_changes_no_sum(price: Decimal) -> None:
    tenant = make_tenant()
    collection = queue_many(tenant, 5)
    queue(tenant)
    rollups.compact()
    assert standing.standing(tenant, NOW).reserved == 6 * price
    withdraw.cancel_collection(collection, now=NOW)
    rollups.compact()
    assert standing.standing(tenant, NOW).reserved == price
    assert Reservation.objects.filter(tenant=tenant).count() == 1


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(10) as threads:
        yield threads


@pytest.mark.django_db(transaction=True)
def test_jobs_accepted_at_once_cannot_overrun_the_limit(clients: ThreadPoolExecutor) -> None:
    tenant = make_tenant()
    price = queue(tenant).reserved_usd
    fitting = 60
    tenant.limit_usd = ((fitting + Decimal("0.5")) * price).quantize(Decimal("0.000001"))
    Tenant.objects.filter(pk=tenant.pk).update(limit_usd=Decimal("0.01"))

    def ask(_: int) -> bool:
        try:
            queue(tenant)
        except LimitReached:
            return False
        finally:
            connection.close()
        return True

    taken = list(clients.map(ask, range(200)))
    assert 1 + sum(taken) == fitting
    assert standing.standing(tenant, NOW).reserved == fitting * price
