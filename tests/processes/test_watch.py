"""Whatever of django-q2's processes dies or hangs, work goes on by itself."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.processes.ground import LONG_ONLY, House, await_true


def workers(house: House) -> list[int]:
    """One of them holds the lock of the queue that it waits for."""
    return house.below_guard()[:-2]


def monitor(house: House) -> list[int]:
    return house.below_guard()[-2:-1]


def pusher(house: House) -> list[int]:
    return house.below_guard()[-1:]


def guard(house: House) -> list[int]:
    return [house.guard()]


VICTIMS = [
    (workers, signal.SIGKILL),
    (guard, signal.SIGSTOP),
    *(
        pytest.param(victim, number, marks=LONG_ONLY)
        for victim, number in [
            (monitor, signal.SIGKILL),
            (pusher, signal.SIGKILL),
            (guard, signal.SIGKILL),
            (workers, signal.SIGSTOP),
            (monitor, signal.SIGSTOP),
            (pusher, signal.SIGSTOP),
        ]
    ),
]


@pytest.mark.parametrize(("victims", "number"), VICTIMS)
def test_a_cluster_that_hangs_is_started_anew(
    house: House, victims: Callable[[House], list[int]], number: signal.Signals
) -> None:
    before = house.log("cluster").count("starting all of it anew")
    hit = set(victims(house))
    for pid in hit:
        os.kill(pid, number)
    house.await_end(house.queue())
    house.await_end(house.queue(needed_within=0))
    await_true(lambda: not hit & set(house.processes("cluster")), "others take their place")
    assert house.log("cluster").count("starting all of it anew") <= before + 1
    house.assert_books_agree()
