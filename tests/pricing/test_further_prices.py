"""A price table of one's own adds models, and goes before the built-in one on its days."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from aijobs import pricing
from aijobs.pricing import UnknownModel, Usage

TODAY = dt.date(2026, 11, 2)
TABLE = """
[[prices]]
model = "claude-test-1"
valid_from = 2026-01-01
tiers = [{ input = "3", output = "15" }]

[[prices]]
model = "claude-haiku-5-5"
valid_from = 2026-01-01
cache_read = "0.2"
tiers = [{ input = "7", output = "9" }]
"""


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "prices.toml"
    path.write_text(TABLE)
    yield path
    pricing.use_table(None)


MILLION = Usage(1_000_000, 0)


def cost(model: str, usage: Usage = MILLION, day: dt.date = TODAY) -> Decimal:
    return pricing.charge(model, usage, batch=False, on=day).cost_usd


def test_a_model_of_the_further_table_has_its_prices_and_the_common_shares(table: Path) -> None:
    with pytest.raises(UnknownModel):
        cost("claude-test-1")
    pricing.use_table(table)
    assert cost("claude-test-1") == 3
    assert cost("claude-test-1", Usage(0, 0, cache_write_1h_tokens=1_000_000)) == 6
    assert pricing.charge("claude-test-1", Usage(1_000_000, 0), batch=True, on=TODAY).cost_usd == (
        Decimal("1.5")
    )


def test_a_price_of_the_further_table_goes_before_the_built_in_one_on_its_days(
    table: Path,
) -> None:
    table.write_text(TABLE.replace("2026-01-01", "2026-11-01"))
    built_in = cost("claude-haiku-5-5")
    pricing.use_table(table)
    assert cost("claude-haiku-5-5") == cost("claude-haiku-5-5-20261001") == 7
    # What was sent before is still priced as it was.
    assert cost("claude-haiku-5-5", day=dt.date(2026, 10, 31)) == built_in != 7
    assert cost("claude-sonnet-5-5") == 2


def test_a_price_of_a_dated_model_takes_no_day_from_its_model(table: Path) -> None:
    dated = TABLE.replace("haiku-5-5", "haiku-5-5-20261001").replace("2026-01-01", "2026-11-01")
    table.write_text(dated)
    built_in = cost("claude-haiku-5-5")
    pricing.use_table(table)
    assert cost("claude-haiku-5-5-20261001") == 7
    assert cost("claude-haiku-5-5-20261001", day=dt.date(2026, 10, 31)) == built_in


def test_without_it_everything_is_as_before(table: Path) -> None:
    before = cost("claude-haiku-5-5")
    pricing.use_table(table)
    pricing.use_table(None)
    assert cost("claude-haiku-5-5") == before


@pytest.mark.parametrize(
    "wrong",
    [
        "no TOML",
        "",
        "prices = 3",
        '[[prices]]\nmodel = "m"\n',
        '[[prices]]\nmodel = "m"\nvalid_from = 2026-01-01\ntiers = [{ input = "dear" }]\n',
        TABLE.replace("cache_read", "cache_reed"),
    ],
)
def test_a_file_that_is_no_price_table_is_refused(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(wrong)
    before = cost("claude-haiku-5-5")
    with pytest.raises(ValueError, match=r"\w"):
        pricing.use_table(path)
    assert cost("claude-haiku-5-5") == before
