"""Each file is read in a process of its own, and what it does there harms no other file."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aijobs.documents.confined import Bounds, Confined, Unreadable
from aijobs.documents.readers.program import DOCUMENTS
from tests.documents.docx_files import CASES

BOUNDS = Bounds(20, 100_000_000, 100)
# So many elements take several seconds.
LONG = b"<p>a<b>b</b>" * 600_000
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def confined() -> Iterator[Confined]:
    with Confined() as confined:
        yield confined


def page(confined: Confined, text: bytes = b"<p>Hail.", bounds: Bounds = BOUNDS) -> str:
    return confined.read("html", io.BytesIO(text), bounds).text


def children(of: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = stat.read_text().rpartition(") ")
        except OSError:
            continue
        if int(fields.split()[1]) == of:
            found.append(int(stat.parent.name))
    return found


def programs() -> list[int]:
    """Those that we have started."""
    return [
        process
        for process in children(os.getpid())
        if b"readers.program" in Path(f"/proc/{process}/cmdline").read_bytes()
    ]


def reading() -> int:
    """The process of the file that is being read."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for program in programs():
            for process in children(program):
                return process
        time.sleep(0.01)
    raise TimeoutError


def refused(confined: Confined, do: Callable[[int], None], bounds: Bounds = BOUNDS) -> str:
    """What is said of a long file whose process something befell."""
    said: list[str] = []

    def read() -> None:
        try:
            page(confined, LONG, bounds)
        except Unreadable as error:
            said.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    do(reading())
    thread.join()
    return said[0]


def test_a_file_that_runs_on_is_ended_and_the_next_one_is_read(confined: Confined) -> None:
    with pytest.raises(Unreadable, match="takes too long"):
        page(confined, LONG, Bounds(1, 100_000_000))
    assert page(confined) == "Hail."


def test_a_file_that_fills_the_memory_is_ended_and_the_next_one_is_read(
    confined: Confined,
) -> None:
    with pytest.raises(Unreadable, match="unpacks to more than is accepted"):
        page(confined, b"<p>" * 12_000_000)
    assert page(confined) == "Hail."


def test_a_file_that_writes_too_much_is_ended_and_the_next_one_is_read(
    confined: Confined,
) -> None:
    with pytest.raises(Unreadable, match="unpacks to more than is accepted"):
        page(confined, "<p>ü".encode() * 3_000, Bounds(20, 10_000))
    assert page(confined) == "Hail."


def test_a_file_whose_message_is_for_its_sender_is_refused_with_it(confined: Confined) -> None:
    with pytest.raises(Unreadable, match="no headers of a mail"):
        confined.read("eml", io.BytesIO(b"\nHail."), BOUNDS)
    assert page(confined) == "Hail."


@linux
@pytest.mark.parametrize(
    ("number", "says"), [(signal.SIGKILL, "takes too long"), (signal.SIGSEGV, "is damaged")]
)
def test_a_process_that_is_killed_takes_no_other_file_with_it(
    number: int, says: str, confined: Confined
) -> None:
    page(confined)
    before = programs()
    assert says in refused(confined, lambda process: os.kill(process, number))
    assert page(confined) == "Hail."
    assert programs() == before


@linux
def test_a_process_that_sleeps_is_ended_by_the_clock(confined: Confined) -> None:
    def stopped(process: int) -> None:
        os.kill(process, signal.SIGSTOP)

    assert "takes too long" in refused(confined, stopped, Bounds(1, 100_000_000))
    assert page(confined) == "Hail."


@linux
def test_a_program_that_is_lost_is_started_anew(confined: Confined) -> None:
    page(confined)
    (program,) = programs()
    os.kill(program, signal.SIGKILL)
    with pytest.raises(Unreadable):
        page(confined)
    assert page(confined) == "Hail."


@linux
def test_a_process_has_neither_our_environment_nor_our_connections(confined: Confined) -> None:
    found: dict[str, object] = {}

    def look(process: int) -> None:
        time.sleep(0.2)  # It has let go of what it was forked with by then.
        at = Path(f"/proc/{process}")
        found["environment"] = (at / "environ").read_bytes()
        found["files"] = sorted(
            str(file.readlink()).partition(":")[0].rpartition("/")[2].partition("#")[0]
            for file in (at / "fd").iterdir()
        )
        os.kill(process, signal.SIGKILL)

    refused(confined, look)
    assert found["environment"] == b""
    # Its source, its output, nowhere for errors, and the pipe whose end tells of its own.
    assert found["files"] == ["", "", "null", "pipe"]


@linux
def test_the_program_has_no_threads_when_it_forks(confined: Confined) -> None:
    for kind in DOCUMENTS:
        try:
            confined.read(kind, io.BytesIO((CASES / "mixed.pdf").read_bytes()), BOUNDS)
        except Unreadable:
            continue
    (program,) = programs()
    assert len(list(Path(f"/proc/{program}/task").iterdir())) == 1


@linux
def test_nothing_is_left_when_all_is_read() -> None:
    with Confined() as confined:
        page(confined)
        assert programs()
    assert not programs()


def test_threads_are_answered_side_by_side(confined: Confined) -> None:
    texts: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda n=n: texts.update({n: page(confined, f"<p>{n}".encode())}))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {n: str(n) for n in range(8)}


STARTED = """
import io, os, signal
from aijobs.documents.confined import Bounds, Confined
confined = Confined()
confined.read("html", io.BytesIO(b"<p>Hail."), Bounds(20, 1_000_000))
print(confined._idle.get()._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@linux
def test_the_program_ends_with_the_process_that_started_it() -> None:
    ended = subprocess.run([sys.executable, "-c", STARTED], stdout=subprocess.PIPE, check=False)
    program = Path(f"/proc/{int(ended.stdout)}/cmdline")
    deadline = time.monotonic() + 10
    while program.exists() and program.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)
