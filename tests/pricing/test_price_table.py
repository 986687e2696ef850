import datetime as dt
from itertools import pairwise

import pytest

from aijobs import jobtypes, pricing

DEFAULTS = """
[defaults]
batch = "0.5"
cache_write_5m = "1.25"
cache_write_1h = "2"
cache_read = "0.1"
"""


def entry(valid: str = "valid_from = 2026-01-01", tiers: str = '{input="1", output="5"}') -> str:
    return f'[[prices]]\nmodel = "claude"\n{valid}\ntiers = [{tiers}]\n'


def tier(up_to: int | None = None) -> str:
    return f'{{up_to={up_to}, input="1", output="5"}}' if up_to else '{input="1", output="5"}'


def test_every_job_type_runs_on_a_model_with_a_price() -> None:
    for job_type in jobtypes.offered():
        pricing.charge(job_type.model, pricing.Usage(1, 1), batch=True, on=dt.date(2026, 11, 23))


def test_one_price_follows_another() -> None:
    old = entry("valid_from = 2026-01-01\nvalid_until = 2026-06-30")
    new = entry("valid_from = 2026-07-01")
    (prices,) = pricing.load(DEFAULTS + old + new).values()
    for before, after in pairwise(prices):
        assert before.valid_until < after.valid_from


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry() + entry("valid_from = 2026-07-01"), "same day"),
        (entry("valid_from = 2026-07-01\nvalid_until = 2026-06-30"), "on none"),
        (entry(tiers='{input="0.00001", output="5"}'), "does not fit the ledger"),
        (entry(tiers='{input="-1", output="5"}'), "does not fit the ledger"),
        (entry(tiers=tier(5)), "without a limit"),
        (entry(tiers=f"{tier(9)}, {tier(5)}, {tier()}"), "without a limit"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pricing.load(DEFAULTS + text)
