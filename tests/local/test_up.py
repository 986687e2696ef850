"""`manage.py up` and `make stop`, as a person meets them."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import psycopg
import pytest

from citizenapp.local import locks, postgres, valkey
from tests.ground import CHECKOUT, Site, await_line, free_port, running, short_folder, up


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def test_it_says_the_address_last_and_how_to_sign_in_before(live_site: Site) -> None:
    ours = [line for line in live_site.said().splitlines() if " | " not in line]
    # What other tests have done to it since is told behind that.
    ready = ours.index(f"CitizenApp is ready at {live_site.url}")
    assert ours[max(ready - 3, 0) : ready + 1] == [
        "Sign in as demo / demo, or as admin / admin for the admin pages",
        f"The demo tenant's API key is in {live_site.var / 'demo-api-key'}",
        "No ANTHROPIC_API_KEY is set: the emulator answers, and no model is called",
        f"CitizenApp is ready at {live_site.url}",
    ]


def test_every_process_speaks_under_its_name(live_site: Site) -> None:
    names = {
        line.split(" | ")[0].rstrip() for line in live_site.said().splitlines() if " | " in line
    }
    assert {"postgres", "prepare", "web", "emulator"} <= names


def test_a_second_one_over_the_same_data_says_so(live_site: Site, tmp_path: Path) -> None:
    second = up(live_site.var, free_port(), tmp_path / "output")
    assert second.wait(120) == 1
    assert "CitizenApp is running already" in (tmp_path / "output").read_text()
    with urlopen(f"{live_site.url}/healthz", timeout=60) as answer:
        assert answer.status == 200


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = up(folder, port, folder / "output")
        assert process.wait(120) == 1
    said = (folder / "output").read_text()
    assert f"Port {port} can't be used" in said
    assert "PORT=" in said
    assert not (folder / "postgres").exists()


def test_a_killed_run_is_cleaned_up_by_the_next_and_stop_ends_that(folder: Path) -> None:
    output = folder / "output"
    first = up(folder, free_port(), output)
    await_line("CitizenApp is ready at", output, first, 300)
    key = (folder / "demo-api-key").read_text()
    # A stopped relay hears of no death: the next run has something to end. The cluster ends alone.
    first.send_signal(signal.SIGSTOP)
    for main in roots(folder / "run" / "relay.lock"):
        os.kill(main, signal.SIGSTOP)
    for main in roots(folder / "run" / "cluster.lock"):
        os.kill(main, signal.SIGKILL)
    first.kill()
    first.wait()

    second = up(folder, free_port(), output)
    await_line("CitizenApp is ready at", output, second, 300)
    assert re.search("Ended what an earlier run left behind: .*relay", output.read_text())
    assert "Applying" not in output.read_text()
    assert "Collecting static files" not in output.read_text()
    assert (folder / "demo-api-key").read_text() == key

    assert "Stopped: CitizenApp" in stop(folder)
    assert second.wait(60) == 0
    assert not [lock.name for lock in (folder / "run").iterdir() if locks.held(lock)]
    assert stop(folder) == "Nothing was running.\n"


def test_servers_of_ones_own_replace_the_embedded_ones(folder: Path) -> None:
    ours = folder / "ours"
    postgres.prepare(ours, say=lambda _: None)
    socket_folder = postgres.database(ours)["HOST"]
    output = folder / "output"
    with (
        running(postgres.program(ours, durable=False), folder / "postgres.log"),
        running(valkey.program(ours), folder / "valkey.log"),
    ):
        port = free_port()
        process = up(
            folder / "var",
            port,
            output,
            DATABASE_URL=f"postgres://citizenapp@{quote(socket_folder, safe='')}/citizenapp",
            REDIS_URL=valkey.url(ours),
            ANTHROPIC_BASE_URL="http://127.0.0.1:9",
        )
        try:
            await_line(f"CitizenApp is ready at http://127.0.0.1:{port}", output, process, 300)
            with urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
                assert b"Sign in" in page.read()
        finally:
            process.terminate()
            assert process.wait(60) == 0
        with psycopg.connect(
            host=socket_folder, dbname="citizenapp", user="citizenapp"
        ) as ours_too:
            assert ours_too.execute("SELECT count(*) FROM tenants_tenant").fetchone() == (0,)
    said = output.read_text()
    for part in ("postgres |", "valkey   |", "emulator |", "demo / demo"):
        assert part not in said
    assert not (folder / "var" / "postgres").exists()


def roots(lock: Path) -> set[int]:
    holders = locks.holders(lock)
    return {pid for pid, parent in holders.items() if parent not in holders}


def stop(var: Path) -> str:
    return subprocess.run(
        [sys.executable, "-m", "citizenapp.local", "stop"],
        cwd=CHECKOUT,
        env=os.environ | {"CITIZENAPP_VAR": str(var)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
