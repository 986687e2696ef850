"""What each tenant got of the batches, and how long its jobs waited for one."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple, TypeVar

from aijobs.management.simulation.arrivals import Arrival, Customer
from aijobs.management.simulation.scratch import Fate

Wait = TypeVar("Wait", int, timedelta)


class Left(NamedTuple):
    """A batch: its key, when it left, and how many requests it had."""

    key: int
    moment: datetime
    requests: int


@dataclass(frozen=True, slots=True)
class Course:
    """What a tenant got. Waits end when its jobs leave in a batch; the next batch is number 1.

    What ran at once is not in it.
    """

    name: str
    weight: int
    jobs: int
    share: float
    share_while_waiting: float | None
    """Of the places in batches that left jobs of its behind; None where none did."""
    median_batches: int
    longest_batches: int
    median_wait: timedelta
    longest_wait: timedelta


def courses(
    customers: Sequence[Customer],
    arrivals: Iterable[Arrival],
    fates: Iterable[Fate],
    batches: Sequence[Left],
) -> list[Course]:
    """One for each customer, in their order; `batches` in the order in which they left."""
    places = {batch.key: place for place, batch in enumerate(batches)}
    whose = {arrival.moment: arrival.tenant for arrival in arrivals}
    groups: Mapping[int, list[tuple[datetime, int, int]]] = {n: [] for n in range(len(customers))}
    for came, batch, _, jobs in fates:
        if batch is not None:
            groups[whose[came]].append((came, places[batch], jobs))
    left = [batch.moment for batch in batches]
    sizes = [batch.requests for batch in batches]
    return [_course(one, groups[place], left, sizes) for place, one in enumerate(customers)]


def _course(
    customer: Customer,
    groups: Iterable[tuple[datetime, int, int]],
    left: Sequence[datetime],
    sizes: Sequence[int],
) -> Course:
    """`groups`: when jobs came, the place of their batch, and how many. Else of all batches."""
    taken = [0] * len(sizes)
    began = [0] * (len(sizes) + 1)
    in_batches, in_time = list[tuple[int, int]](), list[tuple[timedelta, int]]()
    for came, place, jobs in groups:
        first = bisect_left(left, came)
        taken[place] += jobs
        began[first] += jobs
        began[place] -= jobs
        in_batches.append((place - first + 1, jobs))
        in_time.append((left[place] - came, jobs))
    # Jobs that a batch left behind.
    behind = list(accumulate(began))
    full = [place for place in range(len(sizes)) if behind[place] > 0]
    room = sum(sizes[place] for place in full)
    return Course(
        customer.name,
        customer.weight,
        sum(taken),
        sum(taken) / sum(sizes) if sizes else 0.0,
        sum(taken[place] for place in full) / room if room else None,
        _median(in_batches, 0),
        max(in_batches, default=(0, 0))[0],
        _median(in_time, timedelta()),
        max(in_time, default=(timedelta(), 0))[0],
    )


def _median(waits: list[tuple[Wait, int]], without: Wait) -> Wait:
    """Of values that each stand for so many jobs."""
    if not waits:
        return without
    waits.sort()
    counts = list(accumulate(jobs for _, jobs in waits))
    return waits[bisect_left(counts, counts[-1] / 2)][0]
