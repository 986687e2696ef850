"""The price of jobs together is a range, told for batches and for direct calls."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs import jobtypes
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from aijobs.tokens import Estimate
from citizenapp.tenants.models import Tenant
from tests.factories import NOW

pytestmark = pytest.mark.django_db

SUMMARIZE = jobtypes.get("summarize")
TENANT = Tenant(pk=1)
Sizes = list[tuple[int, int]]
SIZES = st.lists(st.tuples(st.integers(1, 90_000), st.integers(1, 5_000)), min_size=1, max_size=30)


def bill_of(sizes: Sizes, now: datetime = NOW) -> Bill:
    bill = Bill(Terms(TENANT, SUMMARIZE, now))
    for tokens, most in sizes:
        bill.add(Estimate(tokens, "text"), most)
    return bill


@given(SIZES)
def test_a_range_has_its_ends_in_order_and_a_batch_costs_half(sizes: Sizes) -> None:
    bill = bill_of(sizes)
    assert 0 <= bill.batch.low <= bill.batch.likely <= bill.batch.high
    assert bill.at_once.likely == 2 * bill.batch.likely


@given(SIZES, SIZES)
def test_what_is_likely_adds_up_and_the_range_of_all_is_no_wider_than_the_ranges_together(
    some: Sizes, others: Sizes
) -> None:
    one, other, both = bill_of(some).batch, bill_of(others).batch, bill_of(some + others).batch
    assert both.likely == one.likely + other.likely
    assert both.high - both.likely <= (one.high - one.likely) + (other.high - other.likely)


@given(SIZES)
def test_what_jobs_reserve_is_no_less_than_what_they_are_likely_to_cost(sizes: Sizes) -> None:
    bill = Bill(Terms(TENANT, SUMMARIZE, NOW))
    reserved = sum(
        (bill.terms.reserved(Estimate(tokens, "text"), most, batch=True) for tokens, most in sizes),
        Decimal(0),
    )
    assert reserved >= bill_of(sizes).batch.high


def test_a_prompt_beyond_the_step_of_a_price_is_told() -> None:
    bill = bill_of([(50_000, 100), (150_000, 100)])
    assert bill.beyond_step == 1
    assert bill.batch.likely > 2 * bill_of([(50_000, 100)] * 2).batch.likely


def test_without_a_price_nothing_is_known_and_nothing_reserved() -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    bill = bill_of([(100, 100)], long_ago)
    assert not bill.is_known
    assert bill.terms.reserved(Estimate(100, "text"), 100, batch=True) == 0
