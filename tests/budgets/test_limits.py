"""What could go beyond the limit of a month is refused, whoever else asks at the same time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from pytest_django import Settings

from aijobs.budgets import standing
from aijobs.budgets.standing import LimitReached
from aijobs.models import AIJob, Claim, Collection, IdempotencyKey, Reservation, rollups
from aijobs.pipeline import accept, withdraw
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db

TEXT = "The policy covers hail and fire. " * 100
LIMIT = Decimal("0.01")


def queue(tenant: Tenant, now: datetime = NOW, *, text: str = TEXT) -> AIJob:
    return accept.accept_job(
        tenant, "summarize", {"document_text": text}, now=now, created_by="max"
    )


def queue_many(tenant: Tenant, count: int, *, text: str = TEXT) -> Collection:
    rows = ((n, {"document_text": text}) for n in range(1, count + 1))
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


def test_single_jobs_are_compacted_while_they_are_held_against_a_limit(price: Decimal) -> None:
    tenant = make_tenant(limit_usd=1)
    others = make_tenant()
    for one in (tenant, others):
        Reservation.objects.bulk_create(
            Reservation(tenant=one, usd=Decimal("0.000001"), jobs=1, is_compacted=False)
            for _ in range(400)
        )
    for _ in range(3):
        queue(tenant)
    assert standing.standing(tenant, NOW).reserved == Decimal("0.0004") + 3 * price
    assert Reservation.objects.filter(tenant=tenant, is_compacted=True).count() == 1
    assert Reservation.objects.filter(tenant=tenant).count() == 3
    assert Reservation.objects.filter(tenant=others).count() == 400


def test_a_request_that_was_refused_may_be_sent_again_with_its_key() -> None:
    tenant = make_tenant(limit_usd=0, repeat_days=30)

    def ask() -> AIJob:
        fields, claim = {"document_text": TEXT}, Claim("key", "0" * 64)
        return accept.accept_job(
            tenant, "summarize", fields, now=NOW, created_by="max", claim=claim
        )

    with pytest.raises(LimitReached):
        ask()
    assert not IdempotencyKey.objects.exists()
    tenant.limit_usd = Decimal(1)
    assert ask().status == "queued"
    assert IdempotencyKey.objects.get().key == "key"


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as threads:
        yield threads


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("repeat_days", [0, 30])
def test_jobs_accepted_at_once_cannot_overrun_the_limit(
    clients: ThreadPoolExecutor, repeat_days: int
) -> None:
    tenant = make_tenant(repeat_days=repeat_days)
    texts = [f"{number:04} {TEXT}" for number in range(601)]
    price = queue(tenant, text=texts.pop()).reserved_usd
    # So many that some are compacted meanwhile.
    fitting = 400
    tenant.limit_usd = ((fitting + Decimal("0.5")) * price).quantize(Decimal("0.000001"))

    def ask(some: list[str]) -> int:
        taken = 0
        for text in some:
            try:
                queue(tenant, text=text)
            except LimitReached:
                continue
            taken += 1
        connection.close()
        return taken

    taken = sum(clients.map(ask, (texts[n::20] for n in range(20))))
    assert 1 + taken == AIJob.objects.count() == fitting
    assert standing.standing(tenant, NOW).reserved == fitting * price


@pytest.mark.django_db(transaction=True)
def test_single_jobs_and_collections_at_once_do_not_block_each_other(
    clients: ThreadPoolExecutor,
) -> None:
    tenant = make_tenant(limit_usd=1, repeat_days=30)
    together = Barrier(4, timeout=30)

    def ask(client: int) -> None:
        for number in range(10):
            text = f"{number} {TEXT}"
            if together.wait() == 0:
                # The next to add jobs tells of them, and whoever would tell as well waits for it.
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE aijobs_additiontold SET told_at = '2000-01-01Z'")
            together.wait()
            if client % 2:
                queue(tenant, text=text)
            else:
                queue_many(tenant, 2, text=text)
        connection.close()

    list(clients.map(ask, range(4)))
    assert AIJob.objects.filter(tenant=tenant).count() == 60
    assert AIJob.objects.filter(tenant=tenant, answered_by=None).count() == 10
