"""django-q2's processes, watched: whatever dies or hangs, all of them are started anew.

django-q2 replaces a child that dies, but not the lock that the child held: after the death of an
idle worker, no other may ever read the queue again, and nothing says so. So the watch looks at
what is done, not at who lives.
"""

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import time
import uuid
from datetime import datetime, timedelta
from multiprocessing.connection import wait

from django.db import connection, connections
from django_q.cluster import Sentinel
from django_q.conf import Conf

from aijobs import gateway
from aijobs.tasks import names
from aijobs.tasks.broker import Signs, signs

logger = logging.getLogger(__name__)


class Flag:
    """An event over a pipe: no process that is killed can leave it locked.

    It also sets itself when the process dies that may set it.
    """

    def __init__(self) -> None:
        self._reader, writer = os.pipe()
        self._writer: int | None = writer

    def set(self) -> None:
        if self._writer is not None:
            os.write(self._writer, b".")
        self.only_wait()

    def only_wait(self) -> None:
        """Leave setting it to the others that have it."""
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None

    def wait(self, timeout: float | None = None) -> bool:
        return bool(wait([self._reader], timeout))

    def is_set(self) -> bool:
        return self.wait(0)

    def close(self) -> None:
        self.only_wait()
        os.close(self._reader)


class Rounds:
    """The guard's stop event. It waits for it once a round: that is how we see it live."""

    def __init__(self, stop: Flag) -> None:
        self._stop = stop
        self.sentinel: Sentinel | None = None

    def wait(self, timeout: float) -> bool:
        assert self.sentinel is not None
        signs.note("busy", sum(worker.timer.value > 0 for worker in self.sentinel.pool))
        signs.note("guarded")
        return self._stop.wait(timeout)

    def is_set(self) -> bool:
        return self._stop.is_set()


class Cluster:
    """One run of django-q2's processes: a guard, and below it workers, pusher and monitor.

    They are a process group of their own, so that killing it reaches them whatever died before.
    When this process dies, they end by themselves.
    """

    def __init__(self) -> None:
        connections.close_all()  # No forked process may share our connection.
        self._stop = Flag()
        signs.reset()
        self.excuse()
        self._guard = multiprocessing.get_context("fork").Process(target=_guard, args=(self._stop,))
        self._guard.start()
        assert self._guard.pid is not None
        self._group = self._guard.pid
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(self._group, self._group)  # Whoever of us is first.

    def excuse(self) -> None:
        """Count every silence from now on only."""
        self._excused_at = time.monotonic()

    def silent(self, patience: float) -> str | None:
        """The part that has done nothing for `patience` seconds although it should have."""
        if os.waitid(os.P_PID, self._group, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return "guard"
        before = time.monotonic() - patience
        if self._excused_at > before:
            return None
        return _silent(signs, before, Conf.WORKERS)

    def stop(self, grace: float) -> bool:
        """End all of it: work in hand gets `grace` seconds. False when something was killed."""
        signs.note("stopping")
        self._stop.set()
        # Every process below the guard has inherited what this waits for.
        ended = bool(wait([self._guard.sentinel], grace))
        if not ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
        self._guard.join()
        self._guard.close()
        self._stop.close()
        return ended

    @property
    def is_busy(self) -> bool:
        """Whether a task runs, or hangs."""
        return signs["busy"] > 0 or signs["started"] > signs["ended"]

    def note(self, now: datetime) -> str:
        """What the workers do, for staff."""
        busy = f"{signs['busy']:.0f} of {Conf.WORKERS} workers are busy."
        if not signs["started"]:
            return busy
        began = now - timedelta(seconds=time.monotonic() - signs["started"])
        return f"{busy} The last task, {names()[int(signs['stage'])]}, began {began:%H:%M:%S}."


def _silent(signs: Signs, before: float, workers: int) -> str | None:
    has_idle = signs["busy"] < workers
    if signs["guarded"] < before:
        return "guard"
    if has_idle and signs["pulled"] < before:
        return "pusher"
    if has_idle and signs["started"] < signs["took"] < before:
        return "workers"
    if signs["acknowledged"] < signs["ended"] < before:
        return "monitor"
    return None


def prepare() -> None:
    """Make ready to fork, once and before the first cluster."""
    # Every process here lives long and serves one thread: it keeps its connection.
    connection.settings_dict["CONN_MAX_AGE"] = None
    logging.getLogger("django-q").addFilter(_in_one_line)
    # What is imported and frozen before the fork is shared memory after it.
    gateway.preload()
    gc.collect()
    gc.freeze()


def _in_one_line(record: logging.LogRecord) -> bool:
    """Leave the text of errors out of the log: what PostgreSQL refuses it quotes."""
    if record.exc_info and record.exc_info[0]:
        record.msg = f"{record.getMessage()} ({record.exc_info[0].__name__})"
        record.args, record.exc_info = (), None
    return True


def _guard(stop: Flag) -> None:
    stop.only_wait()
    os.setpgid(0, 0)
    rounds = Rounds(stop)
    rounds.sentinel = Sentinel(rounds, multiprocessing.Event(), uuid.uuid4(), start=False)
    # Supervisors tend to tell every process at once; it is the main one that tells us, in order.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    rounds.sentinel.start()
