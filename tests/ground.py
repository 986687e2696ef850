"""The real parts that tests run against."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from citizenapp.local.programs import Program, stop


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
        with urlopen(request, timeout=10) as response:
            text = response.read()
        return json.loads(text) if text else None

    def reset(self) -> None:
        self.control("POST", "reset")

    def order(self, at: str, fault: str, **details: object) -> None:
        """Order a fault at a route: `order("create", "drop_after", times=1)`."""
        self.control("POST", "faults", {"at": at, "fault": fault, **details})

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.control("GET", "stats")
        return stats

    def end(self, batch: str) -> None:
        """End a batch now."""
        self.control("POST", f"batches/{batch}/end")

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_seconds": seconds})


@contextmanager
def emulating(data: Path, *options: str) -> Iterator[Emulator]:
    """An emulator on a free port that answers at once, unless the options say otherwise."""
    with (data / "emulator.log").open("wb") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "aijobs.emulator", "--port", "0", "--data", str(data)),
                *("--latency-base", "0", *options),
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=Path(__file__).resolve().parent.parent,
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
