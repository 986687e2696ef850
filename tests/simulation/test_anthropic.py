"""Anthropic as it is played is the same for every schedule."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aijobs.management.simulation.anthropic import LONGEST, SLOT, Anthropic, Slow
from aijobs.management.simulation.arrivals import START

HOUR = timedelta(hours=1)
MOMENTS = st.integers(0, 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
REQUESTS = st.integers(1, 100_000)
SLOW = [Slow(START + 6 * HOUR, START + 15 * HOUR, 5.0)]


@given(MOMENTS, REQUESTS, REQUESTS, st.integers(0, 99))
def test_larger_batches_end_no_earlier(sent_at: datetime, one: int, other: int, seed: int) -> None:
    anthropic = Anthropic(seed, spread=1.0, slow=SLOW)
    smaller, larger = sorted([one, other])
    assert anthropic.ends(sent_at, smaller) <= anthropic.ends(sent_at, larger)
    assert sent_at <= anthropic.ends(sent_at, larger) <= sent_at + LONGEST


@given(MOMENTS, MOMENTS, REQUESTS)
def test_of_two_in_a_slot_the_one_that_was_sent_first_ends_first(
    one: datetime, other: datetime, requests: int
) -> None:
    anthropic = Anthropic(1, spread=1.0, slow=SLOW)
    slot = (one - START) // SLOT
    first, second = sorted([one, START + slot * SLOT + (other - START) % SLOT])
    assert anthropic.ends(first, requests) <= anthropic.ends(second, requests)


def test_while_it_is_slow_what_goes_on_takes_longer() -> None:
    anthropic = Anthropic(1, median=7_200.0, spread=0.0, slow=SLOW)
    assert anthropic.ends(START, 1) == START + 2 * HOUR
    assert anthropic.ends(START + 5 * HOUR, 1) == START + 11 * HOUR
    assert anthropic.ends(START + 10 * HOUR, 1) == START + 16 * HOUR
    assert anthropic.ends(START + 15 * HOUR, 1) == START + 17 * HOUR


def test_the_same_seed_is_the_same_anthropic() -> None:
    one, same, other = Anthropic(1), Anthropic(1), Anthropic(2)
    moments = [START + number * HOUR for number in range(10)]
    assert [one.ends(at, 9) for at in moments] == [same.ends(at, 9) for at in moments]
    assert [one.ends(at, 9) for at in moments] != [other.ends(at, 9) for at in moments]
    assert [one.call(n) for n in range(9)] == [same.call(n) for n in range(9)]
