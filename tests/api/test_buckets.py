"""Token buckets in Valkey: what they let through, and what happens while it is away."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis as library
from hypothesis import given
from hypothesis import strategies as st

from aijobs.api.buckets import PATIENCE_SECONDS, PAUSE_SECONDS, Bucket, Buckets
from citizenapp.local import valkey
from tests.ground import CHECKOUT, running, short_folder

START = 1_795_000_000.0
_numbers = iter(range(10**9))


def new_bucket(rate: float, burst: int) -> Bucket:
    return Bucket(f"test:{{{time.time_ns()}}}:{next(_numbers)}", rate, burst)


@pytest.fixture(scope="module")
def buckets(redis: str) -> Buckets:
    return Buckets(redis)


def take(buckets: Buckets, now: float, *several: Bucket) -> bool:
    taken = buckets.take(several, START + now)
    assert taken is not None
    return taken.is_taken


def test_a_burst_is_let_through_and_then_the_rate(buckets: Buckets) -> None:
    bucket = new_bucket(2, 5)

    assert [take(buckets, 0, bucket) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [take(buckets, 0.5, bucket) for _ in range(2)] == [True, False]
    assert [take(buckets, 1.4, bucket) for _ in range(2)] == [True, False]
    assert [take(buckets, 100, bucket) for _ in range(6)] == [True] * 5 + [False]


def test_it_says_what_is_left_and_how_long_to_wait(buckets: Buckets) -> None:
    bucket = new_bucket(0.5, 2)
    told = [buckets.take([bucket], START + moment) for moment in (0, 0, 0, 0.5, 2)]

    assert [(one.is_taken, one.wait, [*one.left]) for one in told if one] == [
        (True, 0, [1]),
        (True, 0, [0]),
        (False, 2, [0]),
        (False, 1.5, [0]),
        (True, 0, [0]),
    ]


def test_one_bucket_that_is_empty_leaves_the_others_alone(buckets: Buckets) -> None:
    small, large = new_bucket(1, 1), new_bucket(1, 5)
    assert take(buckets, 0, small)

    told = [buckets.take([small, large], START) for _ in range(3)]

    assert [one and (one.is_taken, [*one.left]) for one in told] == [(False, [0, 5])] * 3


def test_a_clock_that_was_set_back_neither_fills_nor_empties(buckets: Buckets) -> None:
    bucket = new_bucket(1, 3)
    assert [take(buckets, 10, bucket) for _ in range(3)] == [True] * 3

    assert not take(buckets, 0, bucket)
    assert not take(buckets, 10.5, bucket)
    assert take(buckets, 11, bucket)


def test_a_bucket_that_is_made_smaller_counts_at_once(buckets: Buckets) -> None:
    large = new_bucket(1, 100)
    assert take(buckets, 0, large)
    small = Bucket(large.key, 1, 3)

    assert [take(buckets, 0, small) for _ in range(3)] == [True, True, False]


def test_without_a_moment_the_clock_of_valkey_counts(buckets: Buckets) -> None:
    bucket = new_bucket(1_000, 1)
    began = time.monotonic()
    told = [buckets.take([bucket]) for _ in range(300)]
    seconds = time.monotonic() - began

    assert sum(one.is_taken for one in told if one) <= 1 + 1_000 * seconds + 1


@given(
    rate=st.sampled_from([0.3, 1, 3, 7.5, 100]),
    burst=st.integers(1, 12),
    pauses=st.lists(st.floats(0, 3, allow_subnormal=False), min_size=1, max_size=60),
)
def test_in_no_time_more_is_let_through_than_burst_and_rate_allow(
    buckets: Buckets, rate: float, burst: int, pauses: list[float]
) -> None:
    bucket, now = new_bucket(rate, burst), 0.0
    let_through: list[float] = []
    for pause in pauses:
        now += pause
        if take(buckets, now, bucket):
            let_through.append(now)

    for first, since in enumerate(let_through):
        for last in range(first, len(let_through)):
            count = last - first + 1
            assert count <= burst + rate * (let_through[last] - since) + 1e-3


@given(
    rate=st.sampled_from([0.3, 1, 3, 7.5]),
    burst=st.integers(1, 6),
    asks=st.lists(st.floats(0, 2, allow_subnormal=False), min_size=1, max_size=30),
)
def test_who_keeps_to_the_rate_and_who_waits_as_told_is_let_through(
    buckets: Buckets, rate: float, burst: int, asks: list[float]
) -> None:
    bucket, now = new_bucket(rate, burst), 0.0
    for pause in asks:
        now += pause
        told = buckets.take([bucket], START + now)
        assert told
        if not told.is_taken:
            now += told.wait + 1e-5
            assert take(buckets, now, bucket)
    for _ in range(5):
        now += 1 / rate + 1e-5
        assert take(buckets, now, bucket)


PROCESS = """
import sys
from aijobs.api.buckets import Bucket, Buckets
url, key, calls = sys.argv[1:]
buckets = Buckets(url)
print(sum(buckets.take([Bucket(key, 1, 500)], 1_795_000_000.0).is_taken for _ in range(int(calls))))
"""


def test_processes_share_a_bucket(redis: str) -> None:
    """Four of them ask 300 times each, at one moment: 500 are let through, and each gets some."""
    bucket = new_bucket(1, 500)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, redis, bucket.key, "300"],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            env={"DJANGO_SETTINGS_MODULE": "citizenapp.settings", "CITIZENAPP_VAR": "/nonexistent"},
        )
        for _ in range(4)
    ]
    taken = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(taken) == 500


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as found:
        yield found


class Clock:
    """Stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_while_valkey_is_away_nobody_is_limited_and_it_is_said_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="aijobs")
    clock = Clock()
    buckets, bucket = Buckets(valkey.url(folder), clock), new_bucket(1, 1)
    with running(valkey.program(folder), folder / "valkey.log"):
        assert [take(buckets, 0, bucket) for _ in range(2)] == [True, False]
    # Killed, with connections open.
    for _ in range(5):
        assert buckets.take([bucket], START) is None
        clock.now += 2 * PAUSE_SECONDS
    with running(valkey.program(folder), folder / "valkey.log"):
        # It has forgotten, which does no harm.
        assert take(buckets, 0, bucket)
        assert not take(buckets, 0, bucket)
    assert [record.message for record in caplog.records] == [
        "Calls are not limited: Valkey is away (ConnectionError).",
        "Calls are limited again: Valkey is back.",
    ]


def test_a_valkey_that_is_silent_keeps_nobody_waiting(folder: Path) -> None:
    """It takes connections and answers nothing: one call in a while waits, the others do not."""
    clock = Clock()
    with (
        running(valkey.program(folder), folder / "valkey.log"),
        library.Redis.from_url(valkey.url(folder)) as other,
    ):
        buckets, bucket = Buckets(valkey.url(folder), clock), new_bucket(1, 1)
        assert take(buckets, 0, bucket)
        before = other.info("stats")["total_connections_received"]
        other.execute_command("CLIENT", "PAUSE", "3000", "ALL")
        began = time.monotonic()
        for _ in range(200):
            assert buckets.take([bucket], START) is None
        assert time.monotonic() - began < 20 * PATIENCE_SECONDS
        # Later one call asks again: of many at once, one.
        clock.now += 2 * PAUSE_SECONDS
        with ThreadPoolExecutor(20) as threads:
            told = [*threads.map(lambda _: buckets.take([bucket], START), range(100))]
        assert told == [None] * 100
        # It answers once the pause is over.
        assert other.info("stats")["total_connections_received"] - before <= 1
