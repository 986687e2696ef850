"""The supervisor, over real processes and real signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from citizenapp.local import locks
from citizenapp.local.programs import stop
from tests.ground import CHECKOUT, await_line
from tests.local.supervised import program

# One write a line: print would let those of two processes mix.
SLEEP = "import os, time; os.write(1, b'up\\n'); time.sleep(60)"
STUBBORN = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: print('no'))\n"
    "print('up')\n"
    "while 1: time.sleep(60)"
)
# As django-q2 does it: the main process has workers, which outlive it when it is killed.
WITH_WORKER = f"import os\nos.fork()\n{SLEEP}"


@contextmanager
def supervised(folder: Path, **scripts: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.local.supervised", str(folder)),
                *(f"{name}={script}" for name, script in scripts.items()),
            ],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=CHECKOUT,
        )
    try:
        yield process, output
    finally:
        process.kill()
        process.wait()
        stop(program(folder, name, script) for name, script in scripts.items())


def test_every_line_stands_under_its_programs_name(tmp_path: Path) -> None:
    script = (
        "import sys; sys.stdout.write('first\\nsecond, unfinished'); import time; time.sleep(60)"
    )
    with supervised(tmp_path, one=script, longer=SLEEP) as (process, output):
        await_line("one    | first\n", output, process, 60)
        await_line("longer | up\n", output, process, 60)
        process.terminate()
        assert process.wait(60) == 0
        assert "one    | second, unfinished\n" in output.read_text()


def test_bytes_that_are_not_text_do_no_harm(tmp_path: Path) -> None:
    script = f"import sys; sys.stdout.buffer.write(b'\\xff\\n'); {SLEEP}"
    with supervised(tmp_path, one=script) as (process, output):
        await_line("one | \N{REPLACEMENT CHARACTER}\none | up", output, process, 60)


def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, one="import sys; sys.exit(3)") as (process, output):
        await_line("one ended with code 3; starting it again in 1 s", output, process, 60)
        await_line("one ended with code 3; starting it again in 2 s", output, process, 60)


def test_what_a_killed_program_left_is_ended_before_it_starts_again(tmp_path: Path) -> None:
    with supervised(tmp_path, one=WITH_WORKER) as (process, output):
        await_line("one | up\none | up", output, process, 60)
        before = locks.holders(tmp_path / "one.lock")
        main = next(pid for pid, parent in before.items() if parent not in before)
        os.kill(main, signal.SIGKILL)
        await_line("one was ended by SIGKILL; starting it again", output, process, 60)
        await_line("again in 1 s\none | up\none | up", output, process, 60)
        assert not before.keys() & locks.holders(tmp_path / "one.lock").keys()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_programs(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(tmp_path, one=SLEEP, two=WITH_WORKER) as (process, output):
        for line in ("one | up\n", "two | up\n"):
            await_line(line, output, process, 60)
        process.send_signal(number)
        assert process.wait(60) == 0
        assert not any(locks.held(tmp_path / f"{name}.lock") for name in ("one", "two"))
        assert output.read_text().endswith("asked to stop\nall ended\n")


def test_only_the_main_process_gets_the_signal(tmp_path: Path) -> None:
    script = (
        "import os, signal, time\n"
        "def tell(*_): print('asked', bool(worker)); os._exit(worker and os.kill(worker, 9) or 0)\n"
        "signal.signal(signal.SIGTERM, tell)\n"
        "worker = os.fork()\n"
        "os.write(1, b'up\\n')\n"
        "while 1: time.sleep(60)"
    )
    with supervised(tmp_path, one=script) as (process, output):
        await_line("one | up\none | up", output, process, 60)
        process.terminate()
        assert process.wait(60) == 0
        assert output.read_text().count("asked True") == 1
        assert "asked False" not in output.read_text()


def test_a_second_signal_kills_what_does_not_end(tmp_path: Path) -> None:
    with supervised(tmp_path, one=STUBBORN) as (process, output):
        await_line("one | up", output, process, 60)
        process.send_signal(signal.SIGINT)
        await_line("one | no", output, process, 60)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of the death")
def test_programs_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    with supervised(tmp_path, one=SLEEP) as (process, output):
        await_line("one | up", output, process, 60)
        process.kill()
        assert locks.await_release(tmp_path / "one.lock", 60)


def test_it_stops_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    talking = "import time\nwhile 1: print('line'); time.sleep(0.05)"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.local.supervised", str(tmp_path), f"one={talking}"],
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    )
    assert process.stdout
    assert process.stdout.readline() == b"one | line\n"
    process.stdout.close()
    assert process.wait(60) == 0
    assert not locks.held(tmp_path / "one.lock")
