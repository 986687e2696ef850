"""PostgreSQL and Valkey from the wheels."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from citizenapp.local import locks, postgres, valkey
from citizenapp.local.errors import CannotRun
from citizenapp.local.programs import Program, stop
from tests.ground import CHECKOUT, running, short_folder

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def prepared(var: Path) -> Program:
    postgres.prepare(var, say=lambda _: None)
    return postgres.program(var, durable=False)


def connect(var: Path) -> psycopg.Connection:
    database = postgres.database(var)
    return psycopg.connect(
        host=database["HOST"],
        port=database["PORT"],
        dbname=database["NAME"],
        user=database["USER"],
        autocommit=True,
    )


def test_data_outlives_the_server(folder: Path) -> None:
    server = prepared(folder)
    with running(server, folder / "log"), connect(folder) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'Grüße 🐘' AS word")
    with running(prepared(folder), folder / "log"), connect(folder) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("Grüße 🐘",)


def test_the_server_listens_on_no_network(folder: Path) -> None:
    with running(prepared(folder), folder / "log"), connect(folder) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_a_failed_statement_leaves_nothing_of_it_in_the_log(folder: Path) -> None:
    with running(prepared(folder), folder / "log"), connect(folder) as connection:
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 'a confidential clause'::int")
        assert "confidential" not in (folder / "log").read_text()


def test_a_killed_server_starts_again_though_its_number_has_a_new_owner(folder: Path) -> None:
    server = prepared(folder)
    process = server.start(subprocess.DEVNULL)
    server.await_ready(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    stop([server])
    account = {"user": "nobody"} if IS_ROOT else {}
    with subprocess.Popen(["sleep", "60"], **account) as innocent:  # type: ignore[call-overload]
        pid_file = folder / "postgres" / "postmaster.pid"
        first, *rest = pid_file.read_text().splitlines(keepends=True)
        assert first == f"{process.pid}\n"
        pid_file.write_text("".join([f"{innocent.pid}\n", *rest]))
        with running(prepared(folder), folder / "log"), connect(folder):
            pass
        assert innocent.poll() is None
        innocent.kill()


def test_a_server_runs_once_over_the_same_data(folder: Path) -> None:
    with (
        running(prepared(folder), folder / "log"),
        pytest.raises(CannotRun, match="postgres is running already"),
    ):
        postgres.program(folder).start(None)


def test_a_first_start_that_is_killed_leaves_no_half_made_data(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from citizenapp.local import postgres;"
        "postgres.prepare(Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=CHECKOUT) as making:
        while not list(folder.glob(".postgres-*/data/base")):
            assert making.poll() is None
            time.sleep(0.005)
        making.kill()
    assert not (folder / "postgres").exists()
    with running(prepared(folder), folder / "log"), connect(folder):
        pass


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_root_runs_the_server_as_nobody_and_opens_the_way(folder: Path) -> None:
    said: list[str] = []
    folder.chmod(0o700)
    var = folder / "closed" / "var"
    var.mkdir(parents=True)
    var.parent.chmod(0o700)
    postgres.prepare(var, say=said.append)
    assert (var / "postgres").owner() == "nobody"
    assert f"PostgreSQL runs as nobody: letting it pass through {var.parent}" in said
    with running(postgres.program(var), folder / "log"), connect(var):
        assert {
            Path(f"/proc/{pid}").owner() for pid in locks.holders(var / "run/postgres.lock")
        } == {"nobody"}


@pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")
def test_root_runs_the_server_as_the_owner_of_existing_data(folder: Path) -> None:
    prepared(folder)
    owner = pwd.getpwnam("daemon")
    for path in ((folder / "postgres"), *(folder / "postgres").rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    server = prepared(folder)
    assert server.account
    assert server.account.name == "daemon"
    with running(server, folder / "log"), connect(folder):
        pass


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    var = tmp_path / ("x" * 100)
    with pytest.raises(CannotRun, match=r"107.*CITIZENAPP_VAR"):
        postgres.prepare(var)
    with pytest.raises(CannotRun, match=r"107.*CITIZENAPP_VAR"):
        valkey.program(var)


def test_valkey_answers_at_its_address_whatever_the_folder_is_called(folder: Path) -> None:
    var = folder / "a folder, with 100% odd name?"
    var.mkdir()
    with running(valkey.program(var), folder / "log"), Redis.from_url(valkey.url(var)) as client:
        assert client.ping()
