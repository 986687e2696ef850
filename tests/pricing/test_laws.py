import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from aijobs.pricing import Charge, Usage, by_kind, charge, limits

TODAY = dt.date(2026, 11, 23)

models = st.sampled_from(["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-4-5"])
tokens = st.integers(0, 2_000_000)
usages = st.builds(Usage, tokens, tokens, tokens, tokens, tokens)
# Ten of these stay within the first tier of every model.
small = st.integers(0, 9_999)
small_usages = st.builds(Usage, small, small, small, small, small)


def batch(model: str, usage: Usage) -> Charge:
    return charge(model, usage, batch=True, on=TODAY)


def total(left: Usage, right: Usage) -> Usage:
    return Usage(*(a + b for a, b in zip(left, right, strict=True)))


@given(models, usages)
def test_a_batch_costs_exactly_half_and_nothing_less_than_zero(model: str, usage: Usage) -> None:
    paid = batch(model, usage)
    assert paid.cost_usd * 2 == paid.sync_cost_usd
    assert paid.cost_usd >= 0


@given(models, usages, st.booleans())
def test_cost_and_savings_add_up_to_the_full_price(
    model: str, usage: Usage, in_batch: bool
) -> None:
    paid = charge(model, usage, batch=in_batch, on=TODAY)
    assert paid.cost_usd + paid.saved_usd == paid.sync_cost_usd


@given(models, small_usages, small_usages)
def test_two_requests_cost_what_one_of_both_sizes_costs(
    model: str, left: Usage, right: Usage
) -> None:
    together = batch(model, total(left, right)).cost_usd
    assert together == batch(model, left).cost_usd + batch(model, right).cost_usd


@given(models, usages, usages)
def test_more_tokens_never_cost_less(model: str, usage: Usage, more: Usage) -> None:
    assert batch(model, total(usage, more)).cost_usd >= batch(model, usage).cost_usd
    if any(more):
        assert batch(model, total(usage, more)).cost_usd > batch(model, usage).cost_usd


@given(models, usages, st.booleans())
def test_the_kinds_of_tokens_cost_together_what_all_of_them_cost(
    model: str, usage: Usage, in_batch: bool
) -> None:
    kinds = by_kind(model, usage, longest=usage.prompt_tokens, batch=in_batch, on=TODAY)
    assert sum(kinds) == charge(model, usage, batch=in_batch, on=TODAY).cost_usd
    assert [bool(cost) for cost in kinds] == [bool(count) for count in usage]


@given(models, usages)
def test_prompts_between_the_same_limits_have_the_same_prices(model: str, usage: Usage) -> None:
    below = [limit for limit in limits() if limit < usage.prompt_tokens]
    shortest = max(below, default=-1) + 1
    at_length, at_shortest = (
        by_kind(model, usage, longest=longest, batch=True, on=TODAY)
        for longest in (usage.prompt_tokens, shortest)
    )
    assert at_length == at_shortest


@given(models, usages)
def test_every_sum_has_the_scale_of_the_ledger(model: str, usage: Usage) -> None:
    for sum_ in batch(model, usage):
        assert sum_.as_tuple().exponent == -10
