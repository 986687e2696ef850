"""Whether it pays: the plan agrees with what the price table charges for the same requests."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs import caching, jobtypes, pricing
from aijobs.pricing import Usage

DAY = date(2026, 11, 2)
MODELS = st.sampled_from(sorted(caching.MINIMUM_TOKENS))
ROWS = st.integers(1, 100_000)
TOKENS = st.integers(512, 80_000)


def charged(model: str, *usages: Usage) -> Decimal:
    charges = [pricing.charge(model, usage, batch=True, on=DAY).cost_usd for usage in usages]
    return sum(charges, Decimal(0))


@given(MODELS, st.integers(1, 30), TOKENS, st.integers(0, 400_000))
def test_the_saving_is_the_difference_between_two_bills(
    model: str, rows: int, shared: int, own: int
) -> None:
    plan = caching.plan(model, rows, shared, shared + own, on=DAY)
    assert plan is not None
    plain = charged(model, *[Usage(shared + own, 9)] * rows)
    seeded = charged(
        model,
        Usage(own, 9, cache_write_1h_tokens=shared),
        *[Usage(own, 9, cache_read_input_tokens=shared)] * (rows - 1),
    )
    assert plan.saving_usd == plain - seeded
    rates = pricing.batch_rates(model, shared + own, on=DAY)
    assert plan.without_usd == rows * shared * rates.input


@given(MODELS, ROWS, TOKENS)
def test_one_more_row_never_saves_less_and_it_pays_from_the_third_on(
    model: str, rows: int, shared: int
) -> None:
    plans = [caching.plan(model, count, shared, shared, on=DAY) for count in (rows, rows + 1)]
    first, second = plans
    assert first is not None
    assert second is not None
    assert second.saving_usd > first.saving_usd
    assert (first.saving_usd > 0) is (rows >= 3)
    assert first.saving_usd < first.without_usd


@given(MODELS, ROWS, TOKENS)
def test_what_was_planned_is_saved_when_it_comes_as_planned(
    model: str, rows: int, shared: int
) -> None:
    plan = caching.plan(model, rows, shared, shared, on=DAY)
    rates = pricing.batch_rates(model, shared, on=DAY)
    assert plan
    assert plan.saving_usd == caching.saved(rates, read=(rows - 1) * shared, written=shared)
    assert caching.saved(rates, read=0, written=rows * shared) < 0


def test_a_model_without_a_price_has_no_plan() -> None:
    assert caching.plan("claude-unknown-1", 500, 5_000, 5_000, on=DAY) is None
    assert caching.plan("claude-haiku-5-5", 500, 5_000, 5_000, on=date(2020, 1, 1)) is None


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-sonnet-5-5", 512),
        ("claude-haiku-4-5-20251001", 4_096),
        ("claude-sonnet-4-6", 1_024),
        ("claude-next", 4_096),
    ],
)
def test_how_long_a_beginning_must_be(model: str, least: int) -> None:
    assert caching.minimum_tokens(model) == least


def test_a_beginning_counts_from_the_minimum_of_its_model_on() -> None:
    kind = jobtypes.get("analyze")
    questions = [f"Question {number} about hail? " + "And why? " * 40 for number in range(10)]
    short = kind.params(kind.validate({"text": "x" * 9_000}))
    long = kind.params(kind.validate({"text": "x", "questions": questions}))
    assert caching.prefix_of(short, shares_document=False) is None
    prefix = caching.prefix_of(long, shares_document=False)
    assert prefix
    assert prefix.tokens >= 512
    again = kind.params(kind.validate({"text": "y", "questions": questions}), max_tokens_factor=2)
    assert caching.prefix_of(again, shares_document=False) == prefix
    assert caching.prefix_of(again | {"model": "claude-opus-5-5"}, shares_document=False) != prefix
    shared = kind.params(kind.validate({"text": "x" * 9_000}, shares_document=True))
    assert caching.prefix_of(shared, shares_document=True)
