"""manage.py whatif."""

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db

DAYS = ("--from", "2026-11-01", "--until", "2026-11-30")


def run(*arguments: str) -> str:
    told = StringIO()
    call_command("whatif", *DAYS, *arguments, stdout=told)
    return told.getvalue()


def spend() -> None:
    """Of haiku 1,000 tokens by batch; of sonnet as many at once, by another tenant."""
    for slug, model, route, cost, full in [
        ("acme", "claude-haiku-5-5", "batch", "0.00005", "0.0001"),
        ("other", "claude-sonnet-5-5", "sync", "0.002", "0.002"),
    ]:
        make_charge(
            make_job(make_tenant(slug), route=route), cost, full,
            model=model, priced_as=model, priced_on=date(2026, 11, 2), route=route,
            input_tokens=1_000, output_tokens=0,
        )  # fmt: skip


def test_it_tells_what_it_was_and_would_be_by_model() -> None:
    spend()
    assert run("--batch-share", "1").splitlines() == [
        "2026-11-01 to 2026-11-30 (UTC), all tenants",
        "",
        "model              answers       was  would be  difference",
        "claude-sonnet-5-5        1  $0.00200  $0.00100   −$0.00100",
        "claude-haiku-5-5         1  $0.00005  $0.00005    $0.00000",
        "together                 2  $0.00205  $0.00105   −$0.00100",
    ]


def test_it_tells_of_one_tenant() -> None:
    spend()
    told = run("--tenant", "acme", "--model", "claude-opus-5-5", "--cache-hit", "0.5")
    assert "tenant acme" in told
    # Half of 1,000 tokens at 4 USD a million and half at 0.20, by batch.
    assert "together                1  $0.00005  $0.00105    $0.00100" in told


def test_it_takes_other_prices(tmp_path: Path) -> None:
    spend()
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[prices]]\nmodel = "claude-sonnet-5-5"\nvalid_from = 2026-11-01\n'
        'tiers = [{ input = "4", output = "20" }]\n'
    )
    assert "$0.00205  $0.00405" in run("--prices", str(prices))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tenant", "nobody"], "There is no tenant 'nobody'."),
        (["--model", "gpt"], "the price table has no 'gpt', but claude-fable-5-2"),
        (["--batch-share", "2"], "A share is 0 to 1"),
        (["--batch-share", "much"], "must be a share such as 0.65"),
        (["--until", "2026-10-01"], "--from must not be after --until."),
        (["--prices", "/nowhere"], "--prices: "),
        ([], "Nothing was charged in this period."),
    ],
)
def test_what_is_wrong_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*arguments)
