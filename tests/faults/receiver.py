"""A receiver of webhooks in a process of its own, which outlives the workers that are killed.

It notes each body that it took, a line each, before it answers. Now and then it fails or breaks
the connection, before or after it took a body: what is not answered with 200 has to come again.

    python -m tests.faults.receiver FILE
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.ground import CHECKOUT

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Receiver:
    """Where it listens, and what it took."""

    url: str
    file: Path

    def forget(self) -> None:
        self.file.write_text("")

    def taken(self) -> list[tuple[str, dict[str, Any]]]:
        """The path and the event of each body that was taken and answered with 200."""
        lines = self.file.read_text().splitlines()
        return [(one["path"], one["event"]) for one in map(json.loads, lines)]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        number = next(NUMBERS)
        if number % 7 == 0:
            self.send_error(503)
            return
        if number % 11 == 0:
            self.close_connection = True  # Nobody knows whether it was taken.
            return
        with Path(sys.argv[1]).open("a") as file:
            file.write(json.dumps({"path": self.path, "event": json.loads(body)}) + "\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: tests say what went wrong."""


@contextmanager
def receiving(folder: Path) -> Iterator[Receiver]:
    """The receiver, listening."""
    file = folder / "webhooks.jsonl"
    file.touch()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.receiver", str(file)],
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    ) as process:
        assert process.stdout
        try:
            yield Receiver(process.stdout.readline().decode().strip(), file)
        finally:
            process.terminate()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
