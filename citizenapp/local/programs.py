"""Programs that we start: each holds a lock as long as any of its processes lives."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from citizenapp.local import locks
from citizenapp.local.accounts import Account
from citizenapp.local.errors import CannotRun

PR_SET_PDEATHSIG = 1
# Workers whose main process has ended wait for word that nobody will send.
ORPHANS_GRACE_SECONDS = 2.0
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to start, and how to end it.

    `stop_signal` goes to the program's main process alone, which gets `grace` seconds to end
    with all of its children; what is left after that is killed. `before_start` is called with
    the lock held: nothing of the program is alive then.
    """

    name: str
    argv: Sequence[str | Path]
    lock: Path
    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10
    before_start: Callable[[], None] = lambda: None
    is_ready: Callable[[], bool] = lambda: True

    def start(self, output: int | IO[bytes] | None) -> subprocess.Popen[bytes]:
        """Start the program in a session of its own, with stdout and stderr going to `output`.

        It is asked to stop when the thread that starts it dies. Raises CannotRun when it is
        running already or cannot be started.
        """
        try:
            lock = locks.acquire(self.lock)
        except locks.Held:
            raise CannotRun(f"{self.name} is running already; `make stop` ends it.") from None
        try:
            self.before_start()
            return subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                cwd=self.folder,
                env=self.environment,
                pass_fds=[lock],
                start_new_session=True,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
                # After the change of user, which would undo it; it starts no thread, takes no lock.
                preexec_fn=_ending_with(os.getpid(), self.stop_signal),  # noqa: PLW1509
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotRun(f"{self.name} could not be started: {error}.") from error
        finally:
            os.close(lock)

    def await_ready(self, process: subprocess.Popen[bytes], patience: float = 30) -> None:
        """Return once it answers. Raises CannotRun when it ends or takes too long."""
        deadline = time.monotonic() + patience
        while not self.is_ready():
            if process.poll() is not None:
                raise CannotRun(f"{self.name} ended at its start with code {process.returncode}.")
            if time.monotonic() > deadline:
                raise CannotRun(f"{self.name} does not answer after {patience:g} seconds.")
            time.sleep(0.02)


def stop(
    programs: Iterable[Program],
    *,
    hurried: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], object] = time.sleep,
) -> list[str]:
    """End the programs together, whoever started them; the names of those that ran.

    Kills what outlives its grace, or everything at once when `hurried()` becomes true.
    Raises CannotRun when one of them belongs to another user.
    """
    try:
        running = [program for program in programs if locks.held(program.lock)]
        mains = [_signal_main(program) for program in running]
        started = time.monotonic()
        for program, main in zip(running, mains, strict=True):
            deadline = started + program.grace
            look_at = started
            while locks.held(program.lock):
                now = time.monotonic()
                if now >= look_at:
                    look_at = now + 0.5
                    if not main & locks.holders(program.lock).keys():
                        deadline = min(deadline, now + ORPHANS_GRACE_SECONDS)
                if hurried() or now > deadline:
                    _kill(program)
                sleep(0.02)
    except PermissionError as error:
        raise CannotRun(
            f"What runs here was started by another user ({error.filename or 'its processes'}). "
            "Stop it as that user or as root."
        ) from error
    return [program.name for program in running]


def _signal_main(program: Program) -> set[int]:
    holders = locks.holders(program.lock)
    main = {pid for pid, parent in holders.items() if parent not in holders}
    for pid in main:
        _send(pid, program.stop_signal)
    return main


def _kill(program: Program) -> None:
    holders = locks.holders(program.lock)
    if not holders and locks.held(program.lock):
        raise PermissionError(None, None, str(program.lock))
    for pid in holders:
        _send(pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _ending_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    prctl = _libc.prctl

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # It died before the line above.
            os._exit(1)

    return arrange
