"""What the whole product takes while nobody asks anything of it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Row, measurement
from tests.ground import serving, short_folder

TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_SECONDS = 15
WATCHED_SECONDS = 60


@measurement("idle", aim="≤2 % of a core, ≤400 MB")
def idle(bench: Bench) -> Iterator[Row]:
    """All processes of `make run` but PostgreSQL's, from its second start on."""
    is_tried = bench.n < 1_000
    # What Python compiles, it compiles at the first start, and keeps the memory for that.
    environ = {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(bench.var / "compiled"),
    }
    with short_folder() as folder:
        with serving(folder, **environ):
            pass
        with serving(folder, **environ):
            row = _watched(folder, is_tried=is_tried)
    yield row


def _watched(folder: Path, *, is_tried: bool) -> Row:
    time.sleep(1 if is_tried else SETTLE_SECONDS)
    processes = dict(_product(folder))
    before = {pid: _cpu_seconds(pid) for pid in processes}
    began = time.monotonic()
    time.sleep(1 if is_tried else WATCHED_SECONDS)
    seconds = time.monotonic() - began
    taken = {
        pid: _cpu_seconds(pid) - before[pid] for pid in processes if Path(f"/proc/{pid}").exists()
    }
    memory = {pid: _proportional_bytes(pid) for pid in taken}
    share, size = sum(taken.values()) / seconds, sum(memory.values())
    largest = sorted(memory, key=lambda pid: memory[pid], reverse=True)
    return Row(
        f"idle, {len(memory)} processes of `make run` without PostgreSQL, from the second start on",
        ours=f"{share:.1%} of a core, {size / 1e6:,.0f} MB",
        holds=share <= 0.02 and size <= 400e6,
        why="; ".join(
            f"{processes[pid]} {memory[pid] / 1e6:.0f} MB, {taken[pid] / seconds:.1%}"
            for pid in largest
        ),
    )


def _product(folder: Path) -> Iterator[tuple[int, str]]:
    """Processes that run with this data folder, by what they are; PostgreSQL's are left out."""
    mark = f"CITIZENAPP_VAR={folder}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        is_ours = mark in environment or str(folder).encode() in b" ".join(arguments)
        if is_ours and b"postgres" not in arguments[0]:
            words = [word.decode(errors="replace") for word in arguments[1:4] if word]
            yield int(entry.name), Path(arguments[0].decode()).name + " " + " ".join(words)


def _cpu_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS


def _proportional_bytes(pid: int) -> int:
    """Its memory, with what it shares divided among those who share it."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise LookupError(pid)
