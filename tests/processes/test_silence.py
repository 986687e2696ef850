"""Anthropic takes connections and never answers: nothing is lost, and nothing is paid twice."""

import os
import signal
import time

import pytest

from tests.processes.ground import LONG_ONLY, House, await_true


@LONG_ONLY
# Shorter than what a call waits for its answer, and much longer.
@pytest.mark.parametrize("seconds", [3, 30])
def test_anthropic_is_silent_for_a_while(house: House, seconds: float) -> None:
    emulator = house.pid("emulator")
    os.kill(emulator, signal.SIGSTOP)
    try:
        jobs = [house.queue() for _ in range(3)]
        time.sleep(seconds)
    finally:
        os.kill(emulator, signal.SIGCONT)
    house.await_end(*jobs, house.queue(), seconds=60)
    house.assert_books_agree()


@LONG_ONLY
def test_anthropic_falls_silent_with_a_post_in_its_hands(house: House) -> None:
    emulator = house.pid("emulator")
    calls = house.emulator.stats()["calls"].get("create", 0)
    house.emulator.order("create", "slow", when="before", seconds=1)
    job = house.queue()
    await_true(lambda: house.emulator.stats()["calls"].get("create", 0) > calls, "a POST began")
    os.kill(emulator, signal.SIGSTOP)
    try:
        # The caller gives up, long before the batch is made.
        time.sleep(20)
    finally:
        os.kill(emulator, signal.SIGCONT)
    house.await_end(job, seconds=60)
    house.assert_books_agree()
