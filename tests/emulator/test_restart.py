import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from anthropic import Anthropic

from tests.emulator.requests import LEASE, connect, create, results
from tests.ground import Emulator

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def started(*command: str, data: Path) -> Iterator[tuple[subprocess.Popen[str], Anthropic]]:
    """An emulator whose batches take an hour; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *command, "--data", str(data), "--latency-base", "3600", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line.startswith("emulator ready at http://127.0.0.1:")
            with connect(Emulator(line.split()[-1])) as client:
                yield process, client
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_batch_in_flight_is_still_there_after_a_restart(
    tmp_path: Path, number: signal.Signals
) -> None:
    with started("-m", "aijobs.emulator", data=tmp_path) as (process, client):
        batch = create(client, LEASE, "[[emulate:refusal]]")
        process.send_signal(number)
        process.wait(timeout=30)
    with started("-m", "aijobs.emulator", data=tmp_path) as (_, client):
        running = client.messages.batches.retrieve(batch.id)
        assert running.processing_status == "in_progress"
        assert running.created_at == batch.created_at
        Emulator(str(client.base_url).rstrip("/")).end(batch.id)
        assert results(client, batch.id).keys() == {"r0", "r1"}


def test_answers_cut_off_by_a_kill_are_written_anew(tmp_path: Path) -> None:
    with started("-m", "aijobs.emulator", data=tmp_path) as (process, client):
        batch = create(client, *[LEASE * 20] * 2_000)
        process.kill()
        process.wait(timeout=30)
    assert not (tmp_path / "answers" / f"{batch.id}.jsonl").exists()
    with started("-m", "aijobs.emulator", data=tmp_path) as (_, client):
        Emulator(str(client.base_url).rstrip("/")).end(batch.id)
        deadline = time.monotonic() + 60
        while client.messages.batches.retrieve(batch.id).processing_status != "ended":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert len(results(client, batch.id)) == 2_000


def test_an_interrupt_ends_it_at_once_even_while_it_writes_answers(tmp_path: Path) -> None:
    with started("-m", "aijobs.emulator", data=tmp_path) as (process, client):
        batch = create(client, *[LEASE * 20] * 2_000)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert not (tmp_path / "answers" / f"{batch.id}.jsonl").exists()


def test_the_management_command_serves_it_too(tmp_path: Path) -> None:
    with started("manage.py", "emulator", data=tmp_path) as (process, client):
        assert create(client).processing_status == "in_progress"
        process.terminate()
        assert process.wait(timeout=30) == 0


def refusal(*options: str) -> str:
    """What an emulator says that cannot start."""
    ended = subprocess.run(
        [sys.executable, "-m", "aijobs.emulator", *options],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_taken_port_is_said_in_a_sentence(emulator: Emulator, tmp_path: Path) -> None:
    port = emulator.url.rpartition(":")[2]
    said = refusal("--port", port, "--data", str(tmp_path))
    assert f"cannot listen on 127.0.0.1:{port}" in said


def test_two_emulators_cannot_share_a_folder(tmp_path: Path) -> None:
    with started("-m", "aijobs.emulator", data=tmp_path):
        assert "Another emulator is running" in refusal("--data", str(tmp_path))


def test_control_routes_work_on_the_loopback_interface_only(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "aijobs.emulator", "--host", "0.0.0.0", "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    with process:
        assert process.stdout
        try:
            port = process.stdout.readline().rpartition(":")[2].strip()
            with pytest.raises(OSError, match="403") as raised:
                Emulator(f"http://127.0.0.1:{port}").stats()
            raised.value.close()  # type: ignore[attr-defined]
        finally:
            process.terminate()
