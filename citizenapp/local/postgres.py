"""The embedded PostgreSQL: its data, and the server over it."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from citizenapp.local import accounts, binaries, sockets
from citizenapp.local.accounts import Account
from citizenapp.local.errors import CannotRun
from citizenapp.local.programs import Program

NAME = USER = "citizenapp"
PORT = 5432

# One person's machine: small, yet as durable as any server.
SETTINGS = {
    "listen_addresses": "",
    # Under ASGI each request has a connection of its own: 200 clients at once are answered.
    "max_connections": "300",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    # Errors go to the client alone: they may quote a document, and so may statements.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "",
    "log_checkpoints": "off",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def database(var: Path) -> dict[str, Any]:
    """Where Django finds it: an entry of DATABASES."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": str(_data(var)),
        "PORT": str(PORT),
        "NAME": NAME,
        "USER": USER,
    }


def prepare(var: Path, say: Callable[[str], None] = print) -> None:
    """Make the data when it is missing, and see to it that the server can reach it.

    Needs the server not to run. Raises CannotRun where it can't work.
    """
    data = _data(var)
    sockets.check_length(data / f".s.PGSQL.{PORT}")
    account = accounts.for_data(data)
    var.mkdir(parents=True, exist_ok=True)
    if account:
        accounts.open_the_way(data, account, say)
        accounts.open_the_way(binaries.postgres("postgres"), account, say)
    if not data.exists():
        say("Making the database")
        _make(data, account)
    elif account and data.stat().st_uid != account.uid:
        accounts.give(data, account)


def program(var: Path, *, durable: bool = True) -> Program:
    """The server over the data that `prepare` made.

    Not durable means quick, and that a crash of the machine loses the data.
    """
    data = _data(var)
    settings = SETTINGS | {"unix_socket_directories": str(data)} | ({} if durable else FORGETFUL)
    return Program(
        name="postgres",
        argv=[
            binaries.postgres("postgres"),
            *("-D", data, "-p", str(PORT)),
            *(word for key, value in settings.items() for word in ("-c", f"{key}={value}")),
        ],
        environment=_environment(),
        lock=var / "run" / "postgres.lock",
        before_start=lambda: _forget_the_dead(data),
        is_ready=lambda: _is_ready(data),
        account=accounts.for_data(data),
        stop_signal=signal.SIGINT,  # "fast": sessions are ended, nothing is lost.
        grace=30,
    )


def _data(var: Path) -> Path:
    return var / "postgres"


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return inherited | {"LC_ALL": "C", "TZ": "UTC"}


def _is_ready(data: Path) -> bool:
    # As pg_ctl does: asking over the socket would leave a FATAL line in the log until it is.
    try:
        status = (data / "postmaster.pid").read_text().splitlines()[7]
    except (FileNotFoundError, IndexError):
        return False
    return status.strip() == "ready"


def _forget_the_dead(data: Path) -> None:
    """Remove the pid files of a server that was killed.

    We hold the lock, so the server is dead, and a process that has its number now is innocent.
    PostgreSQL would take it for a live server and refuse to start.
    """
    for name in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
        (data / name).unlink(missing_ok=True)


def _make(data: Path, account: Account | None) -> None:
    # Aside and renamed at the end: a half-made cluster never bears the name.
    with tempfile.TemporaryDirectory(dir=data.parent, prefix=".postgres-") as scratch:
        aside = Path(scratch, "data")
        aside.mkdir(mode=0o700)
        if account:
            Path(scratch).chmod(0o711)
            os.chown(aside, account.uid, account.gid)
        _run(
            account,
            binaries.postgres("initdb"),
            *("--pgdata", aside, "--username", USER, "--encoding", "UTF8"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            # The data folder is its owner's alone, and the socket lies in it.
            *("--auth", "trust", "--no-instructions"),
        )
        _run(
            account,
            *(binaries.postgres("postgres"), "--single", "-D", aside, "postgres"),
            statement=f"CREATE DATABASE {NAME}",
        )
        aside.rename(data)


def _run(account: Account | None, *argv: str | Path, statement: str = "") -> None:
    try:
        subprocess.run(
            argv,
            input=statement,
            env=_environment(),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            cwd="/",
            start_new_session=True,  # Ctrl-C waits until it is done.
            check=True,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        raise CannotRun(
            f"{Path(argv[0]).name} failed: {error.stderr.strip()}\n"
            "Set DATABASE_URL to use a PostgreSQL server of your own instead."
        ) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotRun(
            f"{Path(argv[0]).name} could not be started: {error}. "
            "Set DATABASE_URL to use a PostgreSQL server of your own instead."
        ) from error
