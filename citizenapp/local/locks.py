"""File locks that live as long as a process: a held lock is a live process, with no pid guessing.

A lock belongs to an open file, and children inherit it. Whoever has the lock's file open is
found by asking the kernel, so that nothing is ever signaled because of a number in a file.
"""

import fcntl
import os
import subprocess
import time
from pathlib import Path


class Held(Exception):
    """Another process holds the lock."""


def acquire(path: Path, patience: float = 0.3) -> int:
    """Lock the file and return its descriptor: the lock ends with the last copy of it.

    Waits up to `patience` seconds, since `held` takes a lock for an instant. Raises Held.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise Held(path) from None
            time.sleep(0.02)
        else:
            return descriptor


def held(path: Path) -> bool:
    """Whether some process holds the lock. Raises PermissionError on a stranger's file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def await_release(path: Path, patience: float) -> bool:
    """Wait until nobody holds the lock, at most `patience` seconds; whether that came true."""
    deadline = time.monotonic() + patience
    while held(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def holders(path: Path) -> dict[int, int]:
    """The processes that have the lock's file open, each with its parent's pid."""
    if not Path("/proc/self/fd").is_dir():
        return _holders_by_lsof(path)
    wanted = str(path.resolve())
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                links = (descriptor.readlink() for descriptor in (process / "fd").iterdir())
                if any(str(link) == wanted for link in links):
                    # The name in brackets may itself hold spaces and brackets.
                    fields = (process / "stat").read_text().rpartition(")")[2].split()
                    found[int(process.name)] = int(fields[1])
            except OSError:  # gone meanwhile, or somebody else's
                continue
    return found


def _holders_by_lsof(path: Path) -> dict[int, int]:
    listing = subprocess.run(
        ["lsof", "-FpR", "--", str(path)], capture_output=True, text=True, check=False
    )
    numbers = [int(line[1:]) for line in listing.stdout.splitlines() if line[0] in "pR"]
    pairs = dict(zip(numbers[::2], numbers[1::2], strict=False))
    pairs.pop(os.getpid(), None)
    return pairs
