"""When a batch ends: before it is sent, and while it goes on."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.turnaround.model import LEVELS
from aijobs.turnaround.promise import Promise

# Each is longer than the one before by something that rounding does not hide.
SECONDS = st.lists(st.floats(1.001, 3), min_size=len(LEVELS), max_size=len(LEVELS)).map(
    lambda factors: list(
        accumulate(factors, lambda seconds, factor: seconds * factor, initial=2.0)
    )[1:]
)
SHARES = st.floats(0.01, 0.99)
USUAL = Promise([60.0 * number for number in range(1, len(LEVELS) + 1)])


@given(SECONDS)
def test_at_its_levels_it_says_what_was_promised(seconds: list[float]) -> None:
    promise = Promise(seconds)
    for level, one in zip(LEVELS, seconds, strict=True):
        assert promise.within(level) == pytest.approx(one)


@given(SECONDS, SHARES)
def test_a_share_and_its_time_belong_together(seconds: list[float], share: float) -> None:
    promise = Promise(seconds)
    assert promise.share(promise.within(share)) == pytest.approx(share, abs=1e-6)


@given(SECONDS, SHARES, st.floats(0, 90_000), st.floats(0, 90_000))
def test_the_longer_it_goes_on_the_later_it_ends(
    seconds: list[float], share: float, one: float, other: float
) -> None:
    promise = Promise(seconds)
    sooner, later = sorted([one, other])
    assert sooner + promise.more(share, sooner) <= later + promise.more(share, later) + 1e-3


@given(SECONDS, SHARES, st.floats(0, 80_000))
def test_the_chance_to_end_in_time_is_that_of_the_time(
    seconds: list[float], share: float, elapsed: float
) -> None:
    promise = Promise(seconds)
    more = promise.more(share, elapsed)
    if more > 1:
        assert promise.chance(more, elapsed) == pytest.approx(share, abs=1e-3)


def test_a_batch_has_ended_after_a_day() -> None:
    assert USUAL.share(86_400) == 1
    assert USUAL.more(0.9, 86_400) == 0
    assert USUAL.chance(1, 86_400) == 1


def test_where_all_takes_twice_as_long_each_promise_does() -> None:
    assert USUAL.times(2).within(0.5) == pytest.approx(2 * USUAL.within(0.5))
