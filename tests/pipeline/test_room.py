"""What a limit leaves room for, of jobs that are queued again."""

from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from aijobs.pipeline._again import first_that_fit


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30), st.integers(0, 1_500))
def test_what_a_limit_leaves_room_for_is_the_longest_beginning(costs: list[int], left: int) -> None:
    ids = [UUID(int=number) for number in range(len(costs))]
    usd = {pk: Decimal(cost) for pk, cost in zip(ids, costs, strict=True)}
    fitting = first_that_fit(ids, usd, Decimal(left))
    assert fitting == ids[: len(fitting)]
    assert len(fitting) < len(ids)  # All of them were refused just now.
    assert sum(usd[pk] for pk in fitting) <= left
    rest = ids[len(fitting) : -1]
    assert not rest or sum(usd[pk] for pk in [*fitting, rest[0]]) > left
