"""Anthropic is slow when more batches are late than chance would have it."""

from aijobs.turnaround.conditions import Conditions, Recent, observe
from aijobs.turnaround.model import LEVELS

PROMISED = tuple(float(round(100 * level)) for level in LEVELS)  # Half within 50 s, 90 % in 90 s.


def ended(seconds: float) -> Recent:
    return Recent(PROMISED, seconds, has_ended=True)


def going_on(seconds: float) -> Recent:
    return Recent(PROMISED, seconds, has_ended=False)


def test_nothing_is_unusual_where_there_are_no_batches() -> None:
    assert observe([]) == Conditions(1.0)
    assert not observe([]).is_slow


def test_one_late_batch_is_chance() -> None:
    assert not observe([ended(500.0)]).is_slow
    assert not observe([going_on(500.0)]).is_slow


def test_a_few_that_are_all_late_are_not() -> None:
    found = observe([ended(400.0), ended(500.0), going_on(600.0)])
    assert found.is_slow
    assert found.factor == 10.0


def test_one_late_batch_of_ten_is_as_promised() -> None:
    assert not observe([ended(30.0)] * 9 + [ended(500.0)]).is_slow


def test_those_that_go_on_and_are_not_late_say_nothing_yet() -> None:
    late = [ended(400.0)] * 3
    assert observe(late + [going_on(10.0)] * 50) == observe(late)


def test_it_is_over_when_what_showed_it_is_an_hour_old() -> None:
    assert not observe([ended(40.0)] * 5).is_slow
