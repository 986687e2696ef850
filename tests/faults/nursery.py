"""Workers that are forked, killed and born again.

Forking a process that has Django and the SDK in its memory takes milliseconds where starting
Python takes seconds: that is what makes thousands of deaths possible.
"""

import itertools
import os
import random
import select
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import anthropic  # noqa: F401  (every fork finds it in its memory)
from django.db import connections

from aijobs import crash_points
from tests.faults.world import World

# A death to order: at a step ("settle.stored:2"), by a kill after so many seconds, or none.
Order = str | float | None
# Longer than any world takes; it would have found a process that hangs.
PATIENCE_SECONDS = 600.0

NO_NAPS = itertools.repeat(float("inf"))


class Broken(Exception):
    """A worker ended otherwise than by its order. Holds what it said."""


@dataclass
class Deaths:
    """How many workers died of which order, and how many lives there were."""

    by_order: Counter[str] = field(default_factory=Counter)
    lives: int = 0

    @property
    def total(self) -> int:
        return self.by_order.total()


@dataclass
class _Life:
    pid: int
    order: Order
    kill_at: float
    # When it is stopped, or goes on, next.
    nap_at: float
    is_asleep: bool = False


def born(world: World, order: Order, live: Callable[[], object]) -> int:
    """Fork a worker that does `live`, and return its process id."""
    # No forked process may share a connection.
    connections.close_all()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        log = os.open(world.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        random.seed()
        if isinstance(order, str):
            os.environ[crash_points.ORDER] = order
        live()
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def outlive(
    world: World,
    live: Callable[[], None],
    orders: Iterator[Order],
    *,
    workers: int = 1,
    naps: Iterator[float] = NO_NAPS,
) -> Deaths:
    """Keep so many workers at it, each born with the next order, until all found nothing left.

    `naps`: seconds after which a worker is stopped where it is, and then after which it goes on,
    in turn. Raises Broken when one ends by itself with an error, or takes too long.
    """
    deaths = Deaths()
    lives: dict[int, _Life] = {}
    deadline = time.monotonic() + PATIENCE_SECONDS

    def bear() -> None:
        order = next(orders, None)
        pid = born(world, order, live)
        kill_at = time.monotonic() + order if isinstance(order, float) else float("inf")
        nap_at = time.monotonic() + next(naps)
        lives[os.pidfd_open(pid)] = _Life(pid, order, kill_at, nap_at)
        deaths.lives += 1

    def stop_or_go_on(life: _Life) -> None:
        os.kill(life.pid, signal.SIGCONT if life.is_asleep else signal.SIGSTOP)
        life.is_asleep = not life.is_asleep
        life.nap_at = time.monotonic() + next(naps)

    try:
        for _ in range(workers):
            bear()
        while lives:
            turns = [min(life.kill_at, life.nap_at) for life in lives.values()]
            until = min([deadline, *turns])
            wait = max(0.0, until - time.monotonic())
            for handle in select.select(list(lives), [], [], wait)[0]:
                life = lives.pop(handle)
                code = _bury(handle, life)
                if code == -signal.SIGKILL:
                    deaths.by_order[name_of(life.order)] += 1
                    bear()
                elif code:
                    raise Broken(f"a worker with the order {life.order} failed")
            if time.monotonic() > deadline:
                raise Broken(f"not done after {PATIENCE_SECONDS:g} seconds")
            for life in lives.values():
                if life.kill_at <= time.monotonic():
                    os.kill(life.pid, signal.SIGKILL)
                    life.kill_at = float("inf")
                elif life.nap_at <= time.monotonic():
                    stop_or_go_on(life)
    finally:
        for handle, life in lives.items():
            os.kill(life.pid, signal.SIGKILL)
            _bury(handle, life)
    return deaths


def name_of(order: Order) -> str:
    """What a death by this order counts as: the step, or any moment."""
    return order.partition(":")[0] if isinstance(order, str) else "any moment"


def _bury(handle: int, life: _Life) -> int:
    """Wait for its end; minus the signal, or the exit code."""
    _, status = os.waitpid(life.pid, 0)
    os.close(handle)
    return os.waitstatus_to_exitcode(status)
