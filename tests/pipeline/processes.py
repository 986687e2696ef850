"""Stages in processes of their own, which can be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.ground import CHECKOUT, Emulator

STAGE = """
import django
django.setup()
from datetime import datetime
from aijobs.pipeline import assemble, dispatch, expedite, poll, reconcile, settle, share, sweep
now = datetime.fromisoformat({now!r})
{call}
"""


def environ(emulator: Emulator) -> dict[str, str]:
    """What a process needs to work on the test's database and emulator."""
    known = connection.get_connection_params()
    user, password = (quote(str(known.get(key) or ""), safe="") for key in ("user", "password"))
    host = quote(str(known["host"]), safe="")
    port = known.get("port") or 5432
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "citizenapp.settings",
        "DATABASE_URL": f"postgres://{user}:{password}@{host}:{port}/{known['dbname']}",
        "CITIZENAPP_VAR": str(settings.VAR),
        "SECRET_KEY": "a key of the tests",
        "ALLOWED_HOSTS": "127.0.0.1",
        "ANTHROPIC_BASE_URL": emulator.url,
        "ANTHROPIC_API_KEY": "emulator",
    }


@contextmanager
def started(
    *arguments: str, environ: dict[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Python with these arguments; killed with the block if it has not ended by then."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_true(question: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
