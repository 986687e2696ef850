"""Anthropic is slow when more batches are late than chance would have it."""

from datetime import timedelta

import pytest

from aijobs.turnaround.conditions import Conditions, Recent, observe
from aijobs.turnaround.history import Turnaround, conditions_at
from aijobs.turnaround.model import LEVELS
from tests.factories import NOW, make_batch
from tests.pipeline.history import ended as stored

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


@pytest.mark.django_db
def test_they_are_read_alone_as_they_are_with_all_else() -> None:
    assert not conditions_at(NOW).is_slow
    stored(400.0, batches=5, now=NOW + timedelta(days=1, minutes=-1), promised=100.0)
    make_batch("submitted", submitted_at=NOW - timedelta(hours=3), promised_seconds=list(PROMISED))
    assert conditions_at(NOW) == Turnaround.load(NOW).conditions
    assert conditions_at(NOW).is_slow


def test_they_are_said_in_a_sentence_or_not_at_all() -> None:
    assert Conditions().told == ""
    for factor, times in ((1.02, "1.1"), (2.0, "2"), (2.46, "2.5"), (7.6, "8")):
        told = f"Batches take about {times} times as long as usual at the moment."
        assert Conditions(factor).told == told
