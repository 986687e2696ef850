"""Keeps programs running in the foreground until somebody asks it to stop."""

import os
import selectors
import signal
import socket
import subprocess
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

from citizenapp.local import programs
from citizenapp.local.errors import CannotRun
from citizenapp.local.programs import Program
from citizenapp.local.terminal import Terminal

LONGEST_DELAY_SECONDS = 30.0
# A program that lived this long has started well: its next failure is a first one.
SETTLED_AFTER_SECONDS = 60.0
LONGEST_LINE_BYTES = 65_536


class StopRequested(Exception):
    """A signal came, or nobody reads what we write."""


class Child:
    """A program as it runs, and how often it has failed in a row."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.output: int | None = None
        self.unfinished = b""
        self.failures = 0
        self.started_at = 0.0
        self.restart_at: float | None = None


class Supervisor:
    """Starts programs, shows their lines, starts again what dies, and stops all of it.

    One thread and one selector: signals, the ends of children and their output wake it up.
    Use it as a context manager; leaving it ends what it started, the last one first.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._waker, self._sleeper = socket.socketpair()
        self._requests = 0

    def __enter__(self) -> Self:
        for end in (self._waker, self._sleeper):
            end.setblocking(False)
        self._selector.register(self._sleeper, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup ignores SIGHUP: who said that means to leave.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._request_stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._waker.close()
        self._sleeper.close()

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start the program and keep it running from now on. Raises CannotRun."""
        child = self._children.setdefault(program.name, Child(program))
        child.restart_at = None
        child.started_at = time.monotonic()
        child.output, written_end = os.pipe()
        os.set_blocking(child.output, False)
        self._selector.register(child.output, selectors.EVENT_READ, child)
        try:
            child.process = program.start(written_end)
        finally:
            os.close(written_end)
        return child.process

    def await_ready(self, program: Program, patience: float = 60) -> None:
        """Return when the program answers. Raises CannotRun when it ends or takes too long."""
        deadline = time.monotonic() + patience
        child = self._children[program.name]
        while not program.is_ready():
            self._pump(0.02)
            self._raise_if_asked_to_stop()
            if child.process is not None and child.process.poll() is not None:
                self._pump(0)
                raise CannotRun(f"{program.name} {_ending(child.process)} at its start.")
            if time.monotonic() > deadline:
                raise CannotRun(f"{program.name} does not answer after {patience:g} seconds.")

    def run(self, program: Program) -> None:
        """Run a program that ends by itself. Raises CannotRun when it fails."""
        process = self.start(program)
        while process.poll() is None:
            self._pump(1)
            self._raise_if_asked_to_stop()
        self._forget(self._children.pop(program.name))
        if process.returncode:
            raise CannotRun(f"{program.name} {_ending(process)}; its lines above say why.")

    def watch(self, until_ready: Program | None = None) -> None:
        """Keep all programs running; returns when `until_ready` answers, if one is given.

        Raises StopRequested when it is time to stop.
        """
        while until_ready is None or not until_ready.is_ready():
            due = [c.restart_at for c in self._children.values() if c.restart_at is not None]
            patience = max(min(due) - time.monotonic(), 0) if due else None
            self._pump(min(patience or 0.1, 0.1) if until_ready else patience)
            self._raise_if_asked_to_stop()
            for child in self._children.values():
                self._revive(child)

    def _stop(self) -> None:
        """End the programs, the last one first; a further signal kills what is left."""
        asked = self._requests
        for child in reversed(self._children.values()):
            programs.stop([child.program], hurried=lambda: self._requests > asked, sleep=self._pump)
            self._forget(child)

    def _revive(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            long_lived = now - child.started_at > SETTLED_AFTER_SECONDS
            child.failures = 1 if long_lived else child.failures + 1
            delay = min(2.0 ** (child.failures - 1), LONGEST_DELAY_SECONDS)
            child.restart_at = now + delay
            self._terminal.say(
                f"{child.program.name} {_ending(child.process)}; starting it again in {delay:g} s"
            )
            self._forget(child)
        if child.restart_at is not None and now >= child.restart_at:
            # What a killed program leaves behind would work beside the new one.
            programs.stop([child.program], sleep=self._pump)
            self.start(child.program)

    def _forget(self, child: Child) -> None:
        """Write the last lines of a program that has ended, and close its pipe."""
        if child.output is not None:
            self._read(child, child.output)
            if child.unfinished:
                self._terminal.line(child.program.name, child.unfinished)
                child.unfinished = b""
            with suppress(KeyError):  # Its end was read before.
                self._selector.unregister(child.output)
            os.close(child.output)
            child.output = None
        if child.process is not None:
            child.process.wait()
            child.process = None

    def _pump(self, patience: float | None) -> None:
        """Wait for something to happen, at most `patience` seconds, and write what came."""
        for key, _ in self._selector.select(patience):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            elif not self._read(key.data, key.fd):
                self._selector.unregister(key.fileobj)

    def _read(self, child: Child, descriptor: int) -> bool:
        """Write the lines that have come; false at the end of the output."""
        while True:
            try:
                chunk = os.read(descriptor, LONGEST_LINE_BYTES)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            *lines, child.unfinished = (child.unfinished + chunk).split(b"\n")
            for line in lines:
                self._terminal.line(child.program.name, line)
            if len(child.unfinished) > LONGEST_LINE_BYTES:
                self._terminal.line(child.program.name, child.unfinished)
                child.unfinished = b""

    def _request_stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._requests += 1

    def _raise_if_asked_to_stop(self) -> None:
        if self._requests or self._terminal.gone:
            raise StopRequested


def _ending(process: subprocess.Popen[bytes]) -> str:
    if process.returncode < 0:
        return f"was ended by {signal.Signals(-process.returncode).name}"
    return f"ended with code {process.returncode}"
