"""When a budget and a limit are spent at the pace of the month."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aijobs.budgets.standing import Month, Standing

# Ten days into November.
NOW = datetime(2026, 11, 11, tzinfo=UTC)


def standing(spent: str) -> Standing:
    return Standing(Month.around(NOW, "UTC"), Decimal(20), Decimal(25), Decimal(spent), Decimal(0))


def test_each_has_a_day_of_its_own() -> None:
    found = standing("10")
    assert found.used_up_on(found.budget, NOW) == date(2026, 11, 21)
    assert found.used_up_on(found.limit, NOW) == date(2026, 11, 26)


@pytest.mark.parametrize("spent", ["0", "1", "20", "21"])
def test_what_is_spent_already_or_lasts_has_none(spent: str) -> None:
    found = standing(spent)
    assert found.used_up_on(found.budget, NOW) is None


def test_what_is_not_set_has_none() -> None:
    assert standing("10").used_up_on(None, NOW) is None


def test_a_budget_is_spent_before_the_limit_is() -> None:
    assert (standing("20").is_budget_spent, standing("20").is_held) == (True, False)
    assert (standing("25").is_budget_spent, standing("25").is_held) == (True, True)
