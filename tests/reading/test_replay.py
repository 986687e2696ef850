"""Charges are added up only so far that they can still be priced anew, by the very same prices."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db.models import Sum

from aijobs import pricing
from aijobs.models import LedgerEntry
from aijobs.pricing import Usage
from aijobs.reading import replay, staff
from aijobs.reading.usage import Period
from aijobs.whatif import Settings, by_model
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant
from tests.reading.rows import correct

pytestmark = pytest.mark.django_db

NOVEMBER = Period.month(date(2026, 11, 1))
TOKENS = (
    *("input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
)


def charge(tenant: Tenant, model: str, usage: Usage, route: str = "batch", day: int = 2) -> None:
    on = date(2026, 11, day)
    paid = pricing.charge(model, usage, batch=route == "batch", on=on)
    fields: dict[str, Any] = dict(zip(TOKENS, usage, strict=True))
    fields |= {"model": model, "priced_as": model, "priced_on": on}
    fields["created_at"] = NOW + timedelta(days=day - 2)
    job = make_job(tenant, route=route)
    make_charge(job, str(paid.cost_usd), str(paid.sync_cost_usd), **fields)


def test_a_replay_under_the_same_settings_gives_the_sums_of_the_ledger() -> None:
    tenant, random = make_tenant(), Random(7)
    for _ in range(60):
        usage = Usage(*(random.choice([0, 7, 49_999, 50_000, 100_001]) for _ in TOKENS))
        model = random.choice(["claude-haiku-5-5", "claude-sonnet-5-5"])
        charge(tenant, model, usage, random.choice(["batch", "sync"]), random.choice([2, 3]))
    charge(make_tenant(), "claude-haiku-5-5", Usage(1, 1))

    found = replay.charges(tenant, NOVEMBER, pricing.limits())

    ledger = LedgerEntry.objects.filter(tenant=tenant).aggregate(
        cost=Sum("cost_usd"), full=Sum("sync_cost_usd")
    )
    _, total = by_model(found, Settings())
    assert total.was == total.would_be
    assert (total.would_be.cost, total.would_be.full) == (ledger["cost"], ledger["full"])
    assert total.answers == 60
    assert len(found) < 60, "They are added up."
    assert by_model(staff.charges_of_all(NOVEMBER, pricing.limits()), Settings())[1].answers == 61


def test_a_price_that_came_later_counts_with_its_charge() -> None:
    tenant = make_tenant()
    model = "claude-opus-5-5"
    entry = make_charge(
        make_job(tenant), "0", "0", model=model, priced_as="", input_tokens=1_000_000,
        output_tokens=0,
    )  # fmt: skip
    assert by_model(replay.charges(tenant, NOVEMBER, []), Settings())[1].unpriced == 1
    correct(entry, "2", "4")
    [found] = replay.charges(tenant, NOVEMBER, [])
    assert (found.answers, found.cost, found.full) == (1, Decimal(2), Decimal(4))
    assert found.priced_as == "claude-haiku-5-5"


def test_other_days_and_other_tenants_are_left_out() -> None:
    tenant = make_tenant()
    make_charge(make_job(tenant), created_at=NOW - timedelta(days=2))
    make_charge(make_job(make_tenant()))
    assert replay.charges(tenant, NOVEMBER, []) == []
