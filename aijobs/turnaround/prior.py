"""What is expected of a batch before there is any history.

Published of others' batches: half of 230,000 ended within 7 minutes and 90 % within an hour;
100,000 requests in one batch took 2 h 44 min; one request takes 90 to 120 s.
"""

from math import exp, log
from statistics import NormalDist

# A power law through the smallest and the largest of these; a batch of 35 requests then takes the
# 7 minutes.
ONE_REQUEST = 105.0
LARGEST = (100_000, 9_840.0)
EXPONENT = log(LARGEST[1] / ONE_REQUEST) / log(LARGEST[0])

# Log-normal, so that half take 7 minutes at most and 90 % an hour.
SPREAD = log(3_600 / 420) / NormalDist().inv_cdf(0.9)

# Anthropic's own limit.
LONGEST = 86_400.0


def typical(requests: int) -> float:
    """Seconds that a batch of so many requests takes at the median."""
    return ONE_REQUEST * float(max(requests, 1) ** EXPONENT)


def ratio(quantile: float) -> float:
    """How many times the typical time it takes at most, with this probability."""
    return exp(SPREAD * NormalDist().inv_cdf(quantile))


# Anthropic says only that canceling may take a moment, while requests in hand are finished. That
# it takes a minute at the median, and ten minutes once in twenty times, is a guess.
CANCELING = 60.0
CANCELING_SPREAD = log(10) / NormalDist().inv_cdf(0.95)


def canceling(quantile: float) -> float:
    """Seconds from the wish to cancel a batch to its end, with this probability."""
    return CANCELING * exp(CANCELING_SPREAD * NormalDist().inv_cdf(quantile))
