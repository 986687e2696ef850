"""What holds for every replay, whatever the charges and the settings are."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs import pricing
from aijobs.pricing import UnknownModel, Usage, charge
from aijobs.whatif import Charges, Comparison, Settings, Sums, by_model, replay

MODELS = ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-4-5"]
DAYS = st.dates(dt.date(2026, 10, 7), dt.date(2026, 12, 31))
tokens = st.integers(0, 300_000)
usages = st.builds(Usage, tokens, tokens, tokens, tokens, tokens)
shares = st.integers(0, 10_000).map(lambda share: Decimal(share).scaleb(-4))


def charged(model: str, batch: bool, on: dt.date, usage: Usage) -> Charges:
    """One charge, as the ledger would have it."""
    paid = charge(model, usage, batch=batch, on=on)
    return Charges(
        *(model, model, batch, on, usage.prompt_tokens, 1, usage),
        *(paid.cost_usd, paid.sync_cost_usd),
    )


charges = st.builds(charged, st.sampled_from(MODELS), st.booleans(), DAYS, usages)
ledgers = st.lists(charges, max_size=12)
settings = st.builds(
    Settings,
    st.none() | st.sampled_from(MODELS),
    st.none() | shares,
    st.none() | shares,
)


def total(ledger: Sequence[Charges], changed: Settings) -> Comparison:
    return by_model(ledger, changed)[1]


@given(ledgers)
def test_the_same_settings_give_exactly_the_sums_of_the_ledger(ledger: list[Charges]) -> None:
    found = total(ledger, Settings())
    assert found.was == found.would_be
    assert found.would_be.cost == sum(one.cost for one in ledger)
    assert found.would_be.full == sum(one.full for one in ledger)
    assert found.would_be.saved == sum(one.full - one.cost for one in ledger)


@given(charges)
def test_the_share_that_a_charge_has_changes_nothing(one: Charges) -> None:
    same = Settings(batch_share=Decimal(int(one.batch)))
    assert replay(one, same) == replay(one, Settings())


@given(ledgers, settings, st.sampled_from(["model", "batch", "on", "answers"]))
def test_sums_equal_their_parts_at_any_grouping(
    ledger: list[Charges], changed: Settings, by: str
) -> None:
    groups: dict[Any, list[Charges]] = {}
    for one in ledger:
        groups.setdefault(getattr(one, by), []).append(one)
    parts = [total(group, changed) for group in groups.values()]
    assert sum(parts, Comparison()) == total(ledger, changed)
    rows, whole = by_model(ledger, changed)
    assert sum(rows.values(), Comparison()) == whole
    assert sum(row.would_be.cost for row in rows.values()) == whole.would_be.cost


@given(ledgers, settings, shares)
def test_all_by_batch_and_nothing_by_batch_bound_all_other_shares(
    ledger: list[Charges], changed: Settings, share: Decimal
) -> None:
    def cost(batch_share: Decimal | None) -> int:
        new = Settings(changed.model, batch_share, changed.cache_hit)
        return total(ledger, new).would_be.cost_units

    assert cost(Decimal(1)) <= cost(share) <= cost(Decimal(0))
    assert cost(Decimal(1)) <= cost(None) <= cost(Decimal(0))


@given(ledgers, shares, shares)
def test_a_larger_share_of_the_cache_never_costs_more(
    ledger: list[Charges], one: Decimal, other: Decimal
) -> None:
    costs = [
        total(ledger, Settings(cache_hit=hit)).would_be.cost_units for hit in sorted([one, other])
    ]
    assert costs[1] <= costs[0]


@given(st.sampled_from(MODELS), st.booleans(), DAYS, st.lists(usages, min_size=1, max_size=5))
def test_charges_of_one_tier_may_be_added_up_before(
    model: str, batch: bool, on: dt.date, each: list[Usage]
) -> None:
    limits = [*pricing.limits(), 10**9]
    ledger = [charged(model, batch, on, usage) for usage in each]
    tiers: dict[int, list[Charges]] = {}
    for one in ledger:
        tiers.setdefault(next(n for n in limits if one.prompt_tokens <= n), []).append(one)
    added_up = [
        Charges(
            *(model, model, batch, on, limit, len(some)),
            Usage(*map(sum, zip(*(one.tokens for one in some), strict=True))),
            sum((one.cost for one in some), Decimal(0)),
            sum((one.full for one in some), Decimal(0)),
        )
        for limit, some in tiers.items()
    ]
    changed = Settings("claude-haiku-5-5", Decimal("0.65"), Decimal("0.9"))
    for settings_ in (Settings(), changed):
        assert total(added_up, settings_) == total(ledger, settings_)


def refused(make: Callable[[], object]) -> None:
    with pytest.raises((ValueError, UnknownModel)):
        make()


def test_what_is_no_share_and_no_model_is_refused() -> None:
    refused(lambda: Settings(batch_share=Decimal("1.1")))
    refused(lambda: Settings(cache_hit=Decimal("-0.1")))
    refused(lambda: Settings(cache_hit=Decimal("0.00001")))
    refused(lambda: Settings(model="gpt"))


def test_a_charge_without_a_price_stays_as_it_was() -> None:
    none = Charges("new", "", True, dt.date(2026, 11, 2), 9, 3, Usage(9, 1), Decimal(0), Decimal(0))
    found = replay(none, Settings(batch_share=Decimal(0)))
    assert (found.would_be, found.unpriced, found.answers) == (Sums(), 3, 3)
    assert replay(none, Settings(model=MODELS[0])).would_be.cost > 0


def test_a_model_without_a_price_of_that_day_has_the_one_of_the_nearest() -> None:
    early = charged("claude-opus-4-5", True, dt.date(2026, 9, 1), Usage(1_000, 100))
    found = replay(early, Settings(model="claude-haiku-5-5"))
    assert (found.other_day, found.would_be.full) == (1, Decimal("0.00015"))


def test_further_prices_go_before_those_in_use() -> None:
    table = pricing.table_with(
        '[[prices]]\nmodel = "claude-opus-4-5"\nvalid_from = 2026-11-01\n'
        'tiers = [{ input = "1", output = "1" }]\n'
    )
    one = charged("claude-opus-4-5", True, dt.date(2026, 11, 2), Usage(1_000_000, 0))
    found = replay(one, Settings(table=table))
    assert (found.was.cost, found.would_be.cost) == (Decimal("2.5"), Decimal("0.5"))
