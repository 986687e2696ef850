"""What a batch is foreseen to take: by what was published, by size, models, age and hour."""

from datetime import UTC, datetime, timedelta
from statistics import quantiles

import pytest

from aijobs.turnaround import prior
from aijobs.turnaround.model import Kind, Model, Seen
from aijobs.turnaround.survival import Observation

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
HAIKU, OPUS = frozenset({"claude-haiku-5-5"}), frozenset({"claude-opus-5-5"})


def seen(seconds: float, requests: int = 35, models: frozenset[str] = HAIKU, **ago: float) -> Seen:
    return Seen(requests, models, NOW - timedelta(**ago or {"hours": 5}), seconds)


def foresee(
    model: Model, level: float, requests: int = 35, models: frozenset[str] = HAIKU
) -> float:
    return model.foresee(Kind(requests, models, NOW)).quantile(level)


def test_what_was_published_is_foreseen_while_there_is_no_history() -> None:
    assert foresee(Model(), 0.5, requests=1) == pytest.approx(105, rel=0.06)
    assert foresee(Model(), 0.5, requests=35) == pytest.approx(420, rel=0.08)
    assert foresee(Model(), 0.9, requests=35) == pytest.approx(3_600, rel=0.15)
    assert foresee(Model(), 0.5, requests=100_000) == pytest.approx(9_840, rel=0.06)


def test_nothing_takes_longer_than_a_day() -> None:
    assert foresee(Model(), 0.99, requests=100_000) == prior.LONGEST == 86_400


def test_what_was_published_gives_way_as_history_comes() -> None:
    took = [foresee(Model([seen(6.0)] * batches), 0.9) for batches in (0, 5, 20, 200)]
    assert took == sorted(took, reverse=True)
    assert took[0] > 3_000
    assert took[-1] == pytest.approx(6.0)


def test_quantiles_are_those_of_the_history() -> None:
    history = [seen(60.0 + number) for number in range(400)]
    model = Model(history)
    cuts = quantiles([one.seconds for one in history], n=10)
    assert foresee(model, 0.5) == pytest.approx(cuts[4], rel=0.05)
    assert foresee(model, 0.1) == pytest.approx(cuts[0], rel=0.1)
    assert foresee(model, 0.9) == pytest.approx(cuts[8], rel=0.05)


def test_batches_of_about_the_same_size_say_the_most() -> None:
    model = Model([seen(10.0, requests=10)] * 40 + [seen(5_000.0, requests=10_000)] * 40)
    assert foresee(model, 0.5, requests=10) == pytest.approx(10.0, rel=0.01)
    assert foresee(model, 0.5, requests=10_000) == pytest.approx(5_000.0, rel=0.01)
    assert 10 < foresee(model, 0.5, requests=300) < 5_000


def test_batches_of_the_same_models_say_more() -> None:
    model = Model([seen(60.0, models=HAIKU)] * 40 + [seen(600.0, models=OPUS)] * 40)
    assert foresee(model, 0.5, models=HAIKU) == pytest.approx(60.0)
    assert foresee(model, 0.5, models=OPUS) == pytest.approx(600.0)


def test_batches_of_the_same_hours_of_the_week_say_more() -> None:
    busy = [seen(600.0, days=7, minutes=number) for number in range(40)]
    calm = [seen(60.0, days=6, hours=12, minutes=number) for number in range(40)]
    assert foresee(Model(busy + calm), 0.5) == pytest.approx(600.0)


def test_what_was_sent_lately_says_more() -> None:
    before = [seen(60.0, days=28, hours=5)] * 40
    lately = [seen(600.0, hours=5)] * 20
    assert foresee(Model(before + lately), 0.5) == pytest.approx(600.0)


def test_a_batch_that_goes_on_for_long_makes_the_next_ones_look_longer() -> None:
    history = [seen(60.0 + number) for number in range(20)]
    going_on = Seen(35, HAIKU, NOW - timedelta(hours=1), 3_600.0, has_ended=False)
    assert foresee(Model([*history, *[going_on] * 5]), 0.9) > foresee(Model(history), 0.9)


def test_how_long_canceling_takes_is_learned_as_well() -> None:
    assert Model().canceled_within(0.95) == pytest.approx(600, rel=0.15)
    quick = Model(canceling=[Observation(2.0, 1.0)] * 100)
    assert quick.canceled_within(0.9) == 2.0
