"""Sums of money and tokens."""

from dataclasses import fields
from decimal import Decimal

from aijobs.reading.money import NOTHING, Money


def test_every_sum_is_added_up() -> None:
    each = Money(*(type(field.default)(1) for field in fields(Money)))  # type: ignore[misc]
    both = each + each
    assert {getattr(both, field.name) for field in fields(Money)} == {2}
    assert each + NOTHING == each


def test_shares_are_rounded_down_and_nothing_has_none() -> None:
    sums = Money(full=Decimal(3), batch_full=Decimal(2), saved=Decimal(1))
    assert (sums.batch_share, sums.batch_percent, sums.saved_percent) == (
        Decimal("0.6666"),
        66,
        33,
    )
    assert NOTHING.batch_share + NOTHING.batch_percent + NOTHING.saved_percent == 0
