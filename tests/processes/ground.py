"""The whole product as processes, each of which a test may kill, stop and start."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psycopg
import pytest

from citizenapp.local import locks, postgres, programs
from citizenapp.local.product import Product
from citizenapp.local.programs import Program
from tests.ground import CHECKOUT, REPLACED_PARTS, Emulator, free_port

QUICK = {
    "AIJOBS_SUBMIT_EVERY": "0.2",
    "AIJOBS_POLL_EVERY": "0.5",
    "AIJOBS_RECONCILE_GRACE": "2",
    "AIJOBS_CLUSTER_PATIENCE": "2",
    "AIJOBS_ANSWER_SECONDS": "6",
    "AIJOBS_STOP_GRACE": "3",
    "PYTHONWARNINGS": "",
}
LONG_ONLY = pytest.mark.skipif("TORTURE" not in os.environ, reason="only in make torture")
FINAL = {"completed", "failed", "canceled"}


class House:
    """The product over one data folder."""

    def __init__(self, var: Path, **environ: str) -> None:
        inherited = {key: value for key, value in os.environ.items() if key not in REPLACED_PARTS}
        self.var = var
        self.product = Product(var, free_port(), inherited | QUICK | environ)
        everything = [
            *self.product.servers(),
            self.product.preparation(),
            *self.product.applications(),
            self.product.web(),
        ]
        self.programs = {program.name: program for program in everything}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of it, ready; the emulator answers at once."""
        try:
            postgres.prepare(self.var, say=lambda _: None)
            self.start("postgres", "valkey", "emulator")
            self.start("prepare")
            assert self._processes["prepare"].wait(180) == 0, self.log("prepare")
            self.start("cluster", "relay", "web")
            await_true(lambda: "Listening" in self.log("relay"), "the relay listens", 180)
            await_true(lambda: "The pipeline runs" in self.log("cluster"), "the cluster runs", 180)
            self.hurry()
            yield
        finally:
            programs.stop(self.everything)
            for process in self._processes.values():
                process.wait()

    @property
    def everything(self) -> list[Program]:
        """The last one first."""
        return list(reversed(self.programs.values()))

    def start(self, *names: str) -> None:
        """Start programs that do not run, and return when they answer."""
        for name in names:
            with self._log(name).open("ab") as log:
                self._processes[name] = self.programs[name].start(log)
        for name in names:
            self.programs[name].await_ready(self._processes[name], 180)

    def stop(self, name: str) -> int:
        """Ask it to end, as a supervisor does; returns its exit code."""
        programs.stop([self.programs[name]])
        return self._processes[name].wait()

    def terminate_all(self, name: str) -> int:
        """Send SIGTERM to each of its processes at once, as many supervisors do."""
        for pid in self.processes(name):
            os.kill(pid, signal.SIGTERM)
        return self._processes[name].wait(30)

    def kill(self, name: str) -> None:
        """End every process of it at once."""
        for pid in self.processes(name):
            os.kill(pid, signal.SIGKILL)
        self._processes[name].wait()
        assert locks.await_release(self.programs[name].lock, 20)

    def abort_postgres(self) -> None:
        """End it as `pg_ctl stop -m immediate` does: what was not committed is gone."""
        os.kill(self.pid("postgres"), signal.SIGQUIT)
        self._processes["postgres"].wait()
        assert locks.await_release(self.programs["postgres"].lock, 20)

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def log(self, name: str) -> str:
        return self._log(name).read_text(errors="replace") if self._log(name).exists() else ""

    def _log(self, name: str) -> Path:
        return self.var / f"{name}.log"

    def processes(self, name: str) -> list[int]:
        return list(locks.holders(self.programs[name].lock))

    def guard(self) -> int:
        """The process below the cluster's main one."""
        await_true(lambda: len(self._children(self.pid("cluster"))) == 1, "a guard")
        return self._children(self.pid("cluster"))[0]

    def below_guard(self) -> list[int]:
        """Workers, then the monitor, then the pusher, as long as none was replaced."""
        await_true(lambda: len(self._children(self.guard())) == 5, "all of its children")
        return sorted(self._children(self.guard()))

    def _children(self, parent: int) -> list[int]:
        holders = locks.holders(self.programs["cluster"].lock)
        return [pid for pid, above in holders.items() if above == parent]

    # --- What clients see -----------------------------------------------------------------

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {(self.var / 'demo-api-key').read_text().strip()}"}

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of a call to /api/ai/."""
        request = Request(
            f"{self.product.url}/api/ai/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                **self.authorization,
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, error.read()

    def queue(self, *, key: str | None = None, **fields: Any) -> str:
        """Queue one summary, trying again until it is accepted once; returns its id."""
        once = uuid.uuid4().hex
        body = {"document_text": f"Hail is covered. Fire is not. {once}", **fields}
        headers = {"Idempotency-Key": once} | ({"Authorization": f"Bearer {key}"} if key else {})
        deadline = time.monotonic() + 60
        while True:
            try:
                status, answer = self.call("POST", "summarize", body, headers)
            except (URLError, OSError):
                status, answer = 0, None
            if status == 202:
                return str(answer["job_id"])
            assert status in {0, 409, 500, 503}, (status, answer)
            assert time.monotonic() < deadline, self.log("web")
            time.sleep(0.2)

    def make_tenants(self, number: int) -> list[str]:
        """Further tenants; an API key of each."""
        script = (
            "from tests.factories import make_key, make_tenant\n"
            f"for number in range({number}): print(make_key(make_tenant(f'Other {{number}}')))"
        )
        made = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", script],
            cwd=CHECKOUT,
            env=self.product.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return made.stdout.split()

    def await_end(self, *jobs: str, seconds: float = 60) -> None:
        """Return when every one of these jobs is completed."""
        await_true(
            lambda: self.statuses(*jobs) == {"completed"},
            lambda: f"all completed: {self.statuses(*jobs)}\n{self.log('cluster')[-3000:]}",
            seconds,
        )

    def statuses(self, *jobs: str) -> set[str]:
        rows = self.rows("SELECT status FROM aijobs_aijob WHERE id = ANY(%s)", [list(jobs)])
        assert len(rows) == len(jobs)
        return {status for (status,) in rows}

    # --- What is true ---------------------------------------------------------------------

    def rows(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> list[Any]:
        where = postgres.database(self.var)
        with psycopg.connect(
            host=where["HOST"], port=where["PORT"], dbname=where["NAME"], user=where["USER"]
        ) as connection:
            return connection.execute(statement, parameters).fetchall()

    @property
    def emulator(self) -> Emulator:
        return Emulator(self.product.environment["CITIZENAPP_EMULATOR_URL"])

    def hurry(self) -> None:
        self.emulator.control("POST", "settings", {"latency_base": 0, "latency_cancel": 0})

    def assert_books_agree(self) -> None:
        """Every job has ended once, every charge is there once, and Anthropic says the same."""
        assert not self.rows(
            "SELECT id, status FROM aijobs_aijob WHERE status <> ALL(%s)", [list(FINAL)]
        )
        [(settled, rejected, charged)] = self.rows(
            "SELECT (SELECT count(*) FROM aijobs_batch WHERE status = 'settled'),"
            " (SELECT count(*) FROM aijobs_batch WHERE status NOT IN ('settled', 'rejected')),"
            " (SELECT count(*) FROM aijobs_ledgerentry)"
        )
        stats = self.emulator.stats()
        assert (settled, rejected) == (stats["batches_created"], 0), stats
        assert charged == stats["rows_billed"] + stats["messages_billed"], stats


def await_true(
    question: Callable[[], bool], what: str | Callable[[], str], seconds: float = 60
) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        late = time.monotonic() > deadline
        assert not late, f"not within {seconds} s: {what if isinstance(what, str) else what()}"
        time.sleep(0.05)
