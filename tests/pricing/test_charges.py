import datetime as dt
from decimal import Decimal

import pytest

from aijobs.pricing import (
    Charge,
    UnknownModel,
    UnpricedDay,
    Usage,
    charge,
)

TODAY = dt.date(2026, 11, 23)
MILLION = 1_000_000


def usd(model: str, usage: Usage, *, batch: bool = False, on: dt.date = TODAY) -> Decimal:
    return charge(model, usage, batch=batch, on=on).cost_usd


@pytest.mark.parametrize(
    ("model", "into", "out"),
    [
        ("claude-sonnet-5-5", "2", "10"),
        ("claude-opus-5-5", "4", "20"),
        ("claude-fable-5-2", "8", "40"),
        ("claude-opus-5", "5", "25"),
        ("claude-sonnet-4-6", "3", "15"),
        ("claude-haiku-4-5", "1", "5"),
    ],
)
def test_a_million_tokens_cost_the_listed_price(model: str, into: str, out: str) -> None:
    assert usd(model, Usage(MILLION, 0)) == Decimal(into)
    assert usd(model, Usage(0, MILLION)) == Decimal(out)


def test_a_batch_costs_half_and_the_other_half_is_saved() -> None:
    paid = charge("claude-sonnet-5-5", Usage(MILLION, MILLION), batch=True, on=TODAY)
    assert paid == Charge(Decimal(6), Decimal(12), Decimal(6))


def test_a_synchronous_call_saves_nothing() -> None:
    paid = charge("claude-sonnet-5-5", Usage(MILLION, MILLION), batch=False, on=TODAY)
    assert paid == Charge(Decimal(12), Decimal(12), Decimal(0))


def test_the_smallest_charge_keeps_every_digit() -> None:
    usage = Usage(0, 0, cache_read_input_tokens=1)
    paid = charge("claude-haiku-5-5", usage, batch=True, on=TODAY)
    assert str(paid.cost_usd) == "5.0E-9"
    assert paid.cost_usd.as_tuple().exponent == -10


def test_a_long_prompt_of_haiku_costs_five_times_as_much_for_every_token() -> None:
    assert usd("claude-haiku-5-5", Usage(100_000, 1_000)) == Decimal("0.0105")
    assert usd("claude-haiku-5-5", Usage(100_001, 1_000)) == Decimal("0.0525005")


@pytest.mark.parametrize(
    "cached", ["cache_read_input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"]
)
def test_cached_tokens_make_a_prompt_longer_too(cached: str) -> None:
    short = Usage(50_000, 1_000, **{cached: 50_000})
    long = Usage(50_001, 1_000, **{cached: 50_000})
    assert usd("claude-haiku-5-5", long) > 4 * usd("claude-haiku-5-5", short)


@pytest.mark.parametrize(
    ("model", "read"),
    [
        ("claude-sonnet-5-5", "0.1"),
        ("claude-opus-5-5", "0.2"),
        ("claude-sonnet-5", "0.2"),
        ("claude-haiku-4-5", "0.1"),
    ],
)
def test_reading_the_cache_costs_a_tenth_or_a_twentieth(model: str, read: str) -> None:
    assert usd(model, Usage(0, 0, cache_read_input_tokens=MILLION)) == Decimal(read)


def test_writing_the_cache_costs_more_the_longer_it_lives() -> None:
    assert usd("claude-sonnet-5-5", Usage(0, 0, cache_write_5m_tokens=MILLION)) == Decimal("2.5")
    assert usd("claude-sonnet-5-5", Usage(0, 0, cache_write_1h_tokens=MILLION)) == 4


def test_an_old_charge_is_worked_out_by_the_price_of_its_day() -> None:
    usage = Usage(0, 0, cache_read_input_tokens=MILLION)
    assert usd("claude-sonnet-5-5", usage, on=dt.date(2026, 10, 6)) == Decimal("0.2")
    assert usd("claude-sonnet-5-5", usage, on=dt.date(2026, 10, 7)) == Decimal("0.1")


def test_a_dated_model_id_has_the_price_of_its_model() -> None:
    usage = Usage(1_000, 1_000)
    assert usd("claude-haiku-4-5-20251001", usage) == usd("claude-haiku-4-5", usage)


def test_what_has_no_price_is_an_error_and_never_free() -> None:
    with pytest.raises(UnknownModel, match="claude-next"):
        usd("claude-next", Usage(1, 1))
    with pytest.raises(UnknownModel):
        usd("claude-haiku-4-5-latest", Usage(1, 1))
    with pytest.raises(UnpricedDay, match="2026-10-06"):
        usd("claude-haiku-5-5", Usage(1, 1), on=dt.date(2026, 10, 6))
