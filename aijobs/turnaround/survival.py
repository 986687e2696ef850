"""Quantiles of durations of which some are not over yet.

The product-limit estimator (E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete
observations, 1958), with a weight for each observation. What is not over counts among those that
could have ended until then, and not as an end.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Observation(NamedTuple):
    """A duration; where it is not over, how long it lasts by now."""

    value: float
    weight: float
    is_over: bool = True


class Distribution:
    """Of durations, estimated from observations; those with a weight of 0 say nothing."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        # Of those that lasted equally long, the ones that were over come first.
        seen = sorted(
            (one for one in observations if one.weight > 0),
            key=lambda one: (one.value, not one.is_over),
        )
        at_risk = sum(one.weight for one in seen)
        survives = 1.0
        self._values: list[float] = []
        self._shares: list[float] = []
        self._longest = seen[-1].value if seen else 0.0
        for one in seen:
            if one.is_over:
                # Rounding leaves a trace of weight behind the last one.
                survives *= max(0.0, 1 - one.weight / at_risk) if at_risk > one.weight else 0.0
                self._values.append(one.value)
                self._shares.append(1 - survives)
            at_risk -= one.weight

    def quantile(self, share: float) -> float:
        """The least duration within which this share is over.

        Where more than the rest of them goes on, the longest that was seen: at least that.
        """
        at = bisect_left(self._shares, share - 1e-9)
        return self._values[at] if at < len(self._values) else self._longest


def even(values: Sequence[float], weight: float) -> list[Observation]:
    """Observations of the same weight, which is `weight` for all of them together."""
    return [Observation(value, weight / len(values)) for value in values]
