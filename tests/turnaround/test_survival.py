"""Durations of which some are not over yet, as quantiles."""

from hypothesis import given
from hypothesis import strategies as st

from aijobs.turnaround.survival import Distribution, Observation

VALUES = st.floats(1, 1e5)
WEIGHTS = st.floats(0.01, 100)
OVER = st.builds(Observation, VALUES, WEIGHTS, st.just(True))
ANY = st.builds(Observation, VALUES, WEIGHTS, st.booleans())
SHARES = st.floats(0.01, 0.99)


@given(st.lists(OVER, min_size=1, max_size=30), SHARES)
def test_where_all_are_over_the_quantile_is_that_of_the_weights(
    seen: list[Observation], share: float
) -> None:
    quantile = Distribution(seen).quantile(share)
    total = sum(one.weight for one in seen)
    within = sum(one.weight for one in seen if one.value <= quantile)
    below = sum(one.weight for one in seen if one.value < quantile)
    assert within / total >= share - 1e-6
    assert below / total <= share + 1e-6


@given(st.lists(ANY, min_size=1, max_size=30))
def test_quantiles_grow_with_their_level(seen: list[Observation]) -> None:
    known = Distribution(seen)
    quantiles = [known.quantile(level / 20) for level in range(1, 20)]
    assert quantiles == sorted(quantiles)


@given(st.lists(OVER, min_size=1, max_size=20), st.integers(0, 19), SHARES)
def test_what_goes_on_makes_no_quantile_shorter_than_if_it_had_ended(
    seen: list[Observation], which: int, share: float
) -> None:
    at = which % len(seen)
    going_on = [*seen[:at], seen[at]._replace(is_over=False), *seen[at + 1 :]]
    assert Distribution(going_on).quantile(share) >= Distribution(seen).quantile(share) - 1e-9


@given(st.lists(ANY, min_size=1, max_size=30), st.integers(2, 5))
def test_an_observation_with_a_weight_counts_as_so_many(
    seen: list[Observation], times: int
) -> None:
    seen = [one._replace(weight=1.0) for one in seen]
    weighted = Distribution([one._replace(weight=float(times)) for one in seen])
    repeated = Distribution([one for one in seen for _ in range(times)])
    for level in (0.1, 0.37, 0.5, 0.83):
        assert weighted.quantile(level) == repeated.quantile(level)


def test_the_example_of_a_text_book() -> None:
    # Remission under 6-MP (Freireich et al. 1963): survival of 0.857 after 6 weeks, 0.807 after 7,
    # 0.753 after 10, 0.690 after 13, 0.627 after 16, 0.538 after 22, 0.448 after 23.
    over = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    going_on = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    known = Distribution(
        [Observation(value, 1.0) for value in over]
        + [Observation(value, 1.0, is_over=False) for value in going_on]
    )
    weeks = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for week, survival in weeks.items():
        assert known.quantile(1 - survival - 0.001) == week
        assert known.quantile(1 - survival + 0.001) > week
    assert known.quantile(0.5) == 23
    assert known.quantile(0.9) == 35
