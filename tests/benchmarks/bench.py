"""Runs in processes of their own, side by side, and what they took."""

import gc
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from django.apps import apps
from django.db import connection, connections

from tests.ground import Emulator


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do it. Only `run` is measured; `before` makes everything ready for it.

    Both are called in the same fresh process, which has a connection to the database by then.
    """

    run: Callable[[], Any]
    before: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took, or the medians of several."""

    seconds: float
    cpu_seconds: float
    """Of this process alone: neither PostgreSQL's nor a child's."""
    peak_bytes: int
    """Resident memory at its highest, over what it was before."""
    value: Any = None
    """What `run` returned, of the last run."""

    def per_second(self, count: float) -> float:
        return count / self.seconds


class Bench:
    """What a measurement has at hand: its size, the servers, and the stop watch."""

    def __init__(self, n: int, *, var: Path, emulator: Emulator, redis_url: str, seed: int) -> None:
        self.n = n
        self.var = var
        """A folder for files; the embedded servers have theirs in it."""
        self.emulator = emulator
        self.redis_url = redis_url
        self.random = Random(seed)

    def side_by_side(self, **ways: Way | Callable[[], Any]) -> dict[str, Run]:
        """Run each way in turn, again and again; the medians by the ways' names.

        Alternated, because machines have moods that last for minutes. Three rounds, unless
        it is only tried whether all this still works.
        """
        rounds = 3 if self.n >= 1_000 else 1
        runs: dict[str, list[Run]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                runs[name].append(self.once(way))
        return {name: _median(found) for name, found in runs.items()}

    def once(self, way: Way | Callable[[], Any]) -> Run:
        """Run it one time in a fresh process. What it returns must be picklable."""
        way = way if isinstance(way, Way) else Way(way)
        # A connection can't be shared by two processes.
        connections.close_all()
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _run_and_exit(way, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        if not answer:
            raise RuntimeError("The run failed; its traceback is above.")
        run: Run = pickle.loads(answer)
        return run

    def apart(self, call: Callable[[], Any]) -> Any:
        """What `call` returns, called in a process of its own.

        What it needs of memory would count as idle memory of all processes that are forked later.
        """
        return self.once(call).value

    def empty(self) -> None:
        """Empty all tables of the product, and the emulator."""
        models = [
            *apps.get_app_config("aijobs").get_models(),
            *apps.get_app_config("tenants").get_models(),
        ]
        with connection.cursor() as cursor:
            names = ", ".join(model._meta.db_table for model in models)
            cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        self.emulator.reset()


def _run_and_exit(way: Way, writing: int) -> None:
    try:
        connection.ensure_connection()
        way.before()
        gc.collect()
        idle = _forget_the_peak()
        cpu, began = time.process_time(), time.perf_counter()
        value = way.run()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        run = Run(seconds, cpu, _status("VmHWM") - idle, value)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(run, pipe)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _forget_the_peak() -> int:
    """Let the kernel forget how much memory this process ever had; how much it has now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(field: str) -> int:
    """A size in this process' status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def _median(runs: Sequence[Run]) -> Run:
    return Run(
        median(run.seconds for run in runs),
        median(run.cpu_seconds for run in runs),
        max(run.peak_bytes for run in runs),
        runs[-1].value,
    )
