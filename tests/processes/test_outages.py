"""What the processes stand on goes away for a while: everything continues by itself."""

import time
from contextlib import ExitStack
from functools import partial

import psycopg
import pytest

from citizenapp.local import postgres
from tests.processes.ground import LONG_ONLY, House, await_true
from tests.processes.page import Page, opened

# In `make torture` an outage is as long as a failover with a person in it.
DURATIONS = [2, pytest.param(60, marks=LONG_ONLY)]
RECONNECTED_WITHIN_SECONDS = 30


def queue_some(house: House) -> list[str]:
    """Jobs on both routes, with direct calls that are under way for a second."""
    house.emulator.control("POST", "settings", {"latency_message": 1})
    return [house.queue() for _ in range(5)] + [house.queue(needed_within=0) for _ in range(2)]


def assert_all_is_well(house: House, jobs: list[str], page: Page) -> None:
    """New work gets through at once, what was under way ends, and the page shows it."""
    began = time.monotonic()
    jobs = [*jobs, house.queue()]
    house.await_end(jobs[-1], seconds=RECONNECTED_WITHIN_SECONDS + 5)
    house.await_end(*jobs, seconds=60)
    house.emulator.control("POST", "settings", {"latency_message": 0})
    await_true(
        lambda: all(page.statuses.get(job) == "completed" for job in jobs),
        lambda: f"the page shows {page.statuses}, after {page.resyncs} resyncs",
        RECONNECTED_WITHIN_SECONDS,
    )
    house.assert_books_agree()
    for name in ("cluster", "relay"):
        await_true(
            partial(has_signed, house, name), f"{name} signs {time.monotonic() - began:.0f} s later"
        )


def has_signed(house: House, name: str) -> bool:
    return bool(
        house.rows(
            "SELECT FROM aijobs_heartbeat WHERE name = %s AND beat_at > now() - interval '6 s'",
            [name],
        )
    )


@pytest.mark.parametrize("seconds", DURATIONS)
def test_postgres_goes_away_in_mid_flight(house: House, seconds: float) -> None:
    logs = {name: len(house.log(name)) for name in ("cluster", "relay")}
    with opened(house) as page:
        jobs = queue_some(house)
        house.abort_postgres()
        time.sleep(seconds)
        house.start("postgres")
        assert_all_is_well(house, jobs, page)
    for name, read in logs.items():
        said = house.log(name)[read:]
        assert "Traceback" not in said, said
        assert len(said.splitlines()) < 60, said


@pytest.mark.parametrize("seconds", DURATIONS)
def test_valkey_goes_away(house: House, seconds: float) -> None:
    with opened(house) as page:
        house.kill("valkey")
        jobs = queue_some(house)
        time.sleep(seconds)
        house.start("valkey")
        assert_all_is_well(house, jobs, page)


@pytest.mark.parametrize("seconds", DURATIONS)
def test_anthropic_goes_away(house: House, seconds: float) -> None:
    with opened(house) as page:
        house.kill("emulator")
        jobs = [house.queue() for _ in range(3)]
        time.sleep(seconds)
        assert house.statuses(*jobs) <= {"queued", "submitted"}
        house.start("emulator")
        house.hurry()
        assert_all_is_well(house, jobs, page)


@LONG_ONLY
def test_every_connection_to_postgres_is_taken(house: House) -> None:
    where = postgres.database(house.var)
    with opened(house) as page:
        jobs = queue_some(house)
        with ExitStack() as taken:
            while True:
                try:
                    taken.enter_context(
                        psycopg.connect(
                            host=where["HOST"], dbname=where["NAME"], user=where["USER"]
                        )
                    )
                except psycopg.OperationalError:
                    break
            time.sleep(3)
        assert_all_is_well(house, jobs, page)
