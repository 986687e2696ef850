"""Sums of money as they stand on pages: in one unit, adding up, and never flattering."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from aijobs.quotes.bill import Cost
from aijobs.reading.money import Money
from aijobs.templatetags import dollars
from tests.factories import make_charge, make_job, make_tenant, make_user

# As the ledger keeps them: whole numbers of 1e-10 USD, up to 100,000 USD.
AMOUNTS = st.integers(0, 10**15).map(lambda units: Decimal(units).scaleb(-10))
SUMS = st.tuples(AMOUNTS, AMOUNTS).map(
    lambda both: Money(cost=both[0], saved=both[1], full=both[0] + both[1])
)


def read(shown: str) -> Decimal:
    """The amount that stands there."""
    match = re.fullmatch(r"(−?)\$([\d,]+\.\d{2,10})", shown)
    assert match, shown
    return Decimal(match[2].replace(",", "")) * (-1 if match[1] else 1)


def places(*shown: str) -> set[int]:
    return {len(one.partition(".")[2]) for one in shown}


def total_of(rows: Sequence[Money]) -> Money:
    return sum(rows, Money())


@given(SUMS)
def test_the_sums_of_a_card_add_up_in_one_unit(sums: Money) -> None:
    for shown in (dollars.together(sums), dollars.exactly(sums)):
        assert read(shown.cost) + read(shown.saved) == read(shown.full)
        assert len(places(shown.cost, shown.saved, shown.full)) == 1


@given(SUMS)
def test_a_saving_is_never_rounded_up_and_nothing_is_off_by_a_unit(sums: Money) -> None:
    shown = dollars.together(sums)
    unit = Decimal(1).scaleb(-places(shown.full).pop())

    assert read(shown.saved) <= sums.saved
    for written, true in ((shown.cost, sums.cost), (shown.full, sums.full)):
        assert abs(read(written) - true) < unit


@given(st.lists(SUMS, min_size=1, max_size=20))
def test_the_rows_of_a_table_add_up_to_its_total(rows: list[Money]) -> None:
    total = dollars.together(total_of(rows))
    table = dollars.adding_up_to(list(enumerate(rows)), total_of(rows))
    shown = [one for *_, one in table]
    unit = Decimal(1).scaleb(-places(total.full).pop())

    assert sum(read(one.cost) for one in shown) == read(total.cost)
    assert sum(read(one.saved) for one in shown) == read(total.saved)
    assert places(total.full, *(one.cost for one in shown), *(one.saved for one in shown)) == {
        len(total.full.partition(".")[2])
    }
    for _, true, one in table:
        assert abs(read(one.cost) - true.cost) < unit
        assert abs(read(one.saved) - true.saved) < unit


@given(st.lists(SUMS, max_size=10))
def test_rows_without_a_total_have_one_unit(rows: list[Money]) -> None:
    class Row:
        def __init__(self, money: Money | None) -> None:
            self.money = money

    table = dollars.singly([Row(None), *map(Row, rows)])
    shown = [one for _, one in table if one]

    assert table[0][1] is None
    assert len(shown) == len(rows)
    assert len(places(*(one.cost for one in shown), *(one.saved for one in shown))) <= 1
    assert all(read(one.saved) <= true.saved for one, true in zip(shown, rows, strict=True))


@given(AMOUNTS, AMOUNTS)
def test_a_range_is_wider_by_less_than_a_unit_at_each_end(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    [shown] = dollars.between(Cost(low, low, high))
    ends = shown.split("–")
    (many,) = places(*ends)
    unit = Decimal(1).scaleb(-many)
    assert read(ends[0]) <= low < read(ends[0]) + unit
    assert high <= read(ends[1]) < high + unit


@given(st.lists(AMOUNTS, min_size=1, max_size=5))
def test_exact_amounts_lose_nothing(amounts: list[Decimal]) -> None:
    shown = dollars.exact(amounts)

    assert [read(one) for one in shown] == amounts
    assert len(places(*shown)) == 1


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ([("0.111", "0.177666")], ["$0.11–$0.18"]),
        ([("0.055", "0.088833"), ("0.111", "0.177666")], ["$0.05–$0.09", "$0.11–$0.18"]),
        ([("0.000339", "0.00066")], ["$0.00033–$0.00066"]),
        ([("0.9", "0.999")], ["$0.90–$1.00"]),
        ([("0", "0")], ["$0.00–$0.00"]),
    ],
)
def test_a_range_is_rounded_outwards(ends: list[tuple[str, str]], shown: list[str]) -> None:
    costs = [Cost(Decimal(low), Decimal(low), Decimal(high)) for low, high in ends]
    assert dollars.between(*costs) == shown


@pytest.mark.parametrize(
    ("cost", "saved", "shown"),
    [
        ("0", "0", ("$0.00", "$0.00", "$0.00")),
        (
            "617.284",
            "617.284",
            ("$617.28", "$1,234.56", "$617.28"),
        ),
        ("0.0053", "0.0053", ("$0.0053", "$0.0106", "$0.0053")),
        ("0.25", "0", ("$0.250", "$0.250", "$0.000")),
    ],
)
def test_three_figures_of_the_full_price_are_shown(
    cost: str, saved: str, shown: tuple[str, str, str]
) -> None:
    sums = Money(cost=Decimal(cost), saved=Decimal(saved), full=Decimal(cost) + Decimal(saved))
    written = dollars.together(sums)

    assert (written.cost, written.full, written.saved) == shown


def test_answers_that_have_no_price_yet_have_a_page() -> None:
    assert dollars.dearest(dollars.adding_up_to([], Money())) == "$0.00"


@pytest.mark.django_db
def test_the_pages_add_up(client: Client) -> None:
    tenant = make_tenant()
    for job_type, cost in [
        ("summarize", "0.0012345678"), ("classify", "0.0000999999"), ("analyze", "0.1234567891"),
    ]:  # fmt: skip
        for _ in range(3):
            make_charge(make_job(tenant, job_type), cost)
    client.force_login(make_user("ada", tenant))

    page: Any = client.get("/usage?days=90")
    text = page.content.decode()
    figures = [read(one) for one in re.findall(r"−?\$[\d,.]+\d", text.partition('class="card"')[0])]
    saved, cost_shown, full, *_ = figures
    tables = re.findall(r'<table class="spending">(.*?)</table>', text, re.DOTALL)

    assert saved + cost_shown == full
    assert len(tables) == 6
    for table in tables:
        cells = [read(one) for one in re.findall(r"−?\$[\d,.]+\d", table)]
        assert sum(cells[::2]) == cost_shown
        assert sum(cells[1::2]) == saved
