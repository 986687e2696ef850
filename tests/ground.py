"""The real parts that tests run against."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg

from citizenapp.local import postgres
from citizenapp.local.programs import Program, stop

CHECKOUT = Path(__file__).resolve().parent.parent
# Whoever runs the tests against servers of their own has documents there that are not ours.
REPLACED_PARTS = {"DATABASE_URL", "REDIS_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"} | {
    "ANTHROPIC_ADMIN_KEY"
}


@contextmanager
def short_folder() -> Iterator[Path]:
    """A data folder. Not one of pytest's: the path of a socket in it must be short."""
    folder = Path(tempfile.mkdtemp(prefix="citizenapp-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(program: Program, log: Path) -> Iterator[Program]:
    """The program, answering; it ends with the block."""
    with log.open("wb") as output:
        process = program.start(output)
        try:
            program.await_ready(process)
            yield program
        finally:
            stop([program])
            process.wait()


class Emulator:
    """A running emulator, and its control routes."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call a route under /emulator/ and return its JSON, or None where it sends none."""
        request = Request(
            f"{self.url}/emulator/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urlopen(request, timeout=60) as response:
            text = response.read()
        return json.loads(text) if text else None

    def reset(self) -> None:
        self.control("POST", "reset")

    def order(self, at: str, fault: str, **details: object) -> None:
        """Order a fault at a route: `order("create", "drop", when="after")`."""
        self.control("POST", "faults", {"at": at, "fault": fault, **details})

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.control("GET", "stats")
        return stats

    def end(self, batch: str) -> None:
        """End a batch now."""
        self.control("POST", f"batches/{batch}/end")

    def hold(self) -> None:
        """Let batches that are created from now on go on until they are told to end."""
        self.control("POST", "settings", {"latency_base": "inf"})

    def release(self) -> None:
        """End the batches that go on, and those that are created from now on at once."""
        self.control("POST", "settings", {"latency_base": 0})
        for batch in self.control("GET", "batches"):
            if batch["ended_at"] is None:
                self.end(batch["id"])

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_seconds": seconds})


@contextmanager
def emulating(data: Path, *options: str) -> Iterator[Emulator]:
    """An emulator on a free port that answers at once, unless the options say otherwise.

    Whoever asks for a batch that should have ended gets it ended, however busy the machine is.
    """
    with (data / "emulator.log").open("wb") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "aijobs.emulator", "--port", "0", "--data", str(data)),
                *("--latency-base", "0", "--answers-wait", "60", *options),
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=CHECKOUT,
        )
    with process:
        assert process.stdout
        try:
            for line in process.stdout:
                if line.startswith(b"emulator ready at "):
                    yield Emulator(line.split()[-1].decode())
                    return
            raise AssertionError((data / "emulator.log").read_text() or "the emulator ended")
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def up(var: Path, port: int, output: Path, **environ: str) -> "subprocess.Popen[bytes]":
    """Start `manage.py up`, all of its parts embedded, with what it says going to `output`."""
    inherited = {key: value for key, value in os.environ.items() if key not in REPLACED_PARTS}
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port)],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=CHECKOUT,
            env=inherited | {"CITIZENAPP_VAR": str(var)} | environ,
        )


def await_line(text: str, output: Path, process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Return when the process has said it."""
    deadline = time.monotonic() + seconds
    while text not in output.read_text(errors="replace"):
        ended = process.poll() is not None
        assert not ended, f"it ended\n{output.read_text(errors='replace')}"
        late = time.monotonic() > deadline
        assert not late, f"no {text!r} in {seconds} s\n{output.read_text(errors='replace')}"
        time.sleep(0.05)


class Site:
    """The whole product as `make run` serves it."""

    def __init__(self, url: str, var: Path, output: Path) -> None:
        self.url = url
        self.var = var
        self._output = output

    @property
    def api_key(self) -> str:
        """The demo tenant's key."""
        return (self.var / "demo-api-key").read_text().strip()

    def database(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection to its PostgreSQL; each statement is committed at once."""
        where = postgres.database(self.var)
        return psycopg.connect(
            host=where["HOST"], port=where["PORT"], dbname=where["NAME"], user=where["USER"],
            autocommit=True,
        )  # fmt: skip

    @property
    def emulator(self) -> Emulator:
        found = re.search(r"emulator ready at (\S+)", self.said())
        assert found, self.said()
        return Emulator(found[1])

    def said(self) -> str:
        """Everything that it has written so far."""
        return self._output.read_text(errors="replace")


@contextmanager
def serving(var: Path, **environ: str) -> Iterator[Site]:
    port = free_port()
    output = var / "up.log"
    process = up(var, port, output, **environ)
    try:
        await_line("CitizenApp is ready at", output, process, seconds=300)
        yield Site(f"http://127.0.0.1:{port}", var, output)
    finally:
        process.terminate()
        process.wait(60)
