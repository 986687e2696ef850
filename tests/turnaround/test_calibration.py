"""What is promised comes true as often as it says, whatever the model is worth."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.turnaround.calibration import Correction, Past, reliability, within_range
from aijobs.turnaround.model import LEVELS, Kind, Model, Seen

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
FORESEEN = [10.0 * number for number in range(1, len(LEVELS) + 1)]


def past(seconds: float) -> Past:
    return Past(FORESEEN, FORESEEN, seconds)


def test_without_history_nothing_is_corrected() -> None:
    assert Correction([]).apply(FORESEEN) == FORESEEN


def test_a_level_is_corrected_as_soon_as_there_are_enough_batches_to_tell() -> None:
    at = LEVELS.index(0.95)
    assert Correction([past(1.0)] * 18).apply(FORESEEN)[at] == FORESEEN[at]
    assert Correction([past(1.0)] * 19).apply(FORESEEN)[at] == pytest.approx(1.0)


@given(
    st.lists(st.floats(1, 1e5), max_size=60),
    st.lists(st.floats(1, 1e4), min_size=len(LEVELS), max_size=len(LEVELS)).map(sorted),
)
def test_corrected_quantiles_never_cross(took: list[float], foreseen: list[float]) -> None:
    corrected = Correction([past(one) for one in took]).apply(foreseen)
    assert corrected == sorted(corrected)


@pytest.mark.parametrize("wrong_by", [0.1, 1.0, 8.0])
def test_promises_come_true_even_where_the_model_is_wrong(wrong_by: float) -> None:
    random = Random(5)
    history: list[Past] = []
    for _ in range(1_200):
        promised = Correction(history[-200:]).apply(FORESEEN)
        history.append(Past(FORESEEN, promised, wrong_by * random.lognormvariate(5, 1)))
    for one in reliability(history[200:]):
        assert one.batches == 1_000
        assert one.share == pytest.approx(one.level, abs=0.035)
    inside, batches = within_range(history[200:])
    assert inside / batches == pytest.approx(0.8, abs=0.04)


def test_the_model_and_its_correction_hold_on_history_that_they_have_not_seen() -> None:
    """Batches of many sizes, of which large ones are slower than what was published says."""
    random = Random(7)
    seen: list[Seen] = []
    history: list[Past] = []
    for number in range(420):
        moment = NOW + timedelta(minutes=20 * number)
        requests = round(10 ** random.uniform(0, 4))
        kind = Kind(requests, frozenset(), moment)
        foreseen = Model(seen[-200:]).foresee(kind).levels()
        promised = Correction(history[-200:]).apply(foreseen)
        took = 20 * requests**0.6 * random.lognormvariate(0, 0.6)
        history.append(Past(foreseen, promised, took))
        seen.append(Seen(requests, frozenset(), moment, took))
    inside, batches = within_range(history[120:])
    assert inside / batches == pytest.approx(0.8, abs=0.06)


def test_canceled_batches_count_as_slower_than_they_were() -> None:
    foreseen = [60.0] * len(LEVELS)
    quick = [Past(foreseen, foreseen, 60.0 + number) for number in range(20)]
    slow = [Past(foreseen, foreseen, 70.0, has_ended=False) for _ in range(20)]
    at = LEVELS.index(0.5)
    alone, both = (Correction(past).apply(foreseen)[at] for past in (quick, quick + slow))
    assert both > alone
