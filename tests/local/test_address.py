"""`make demo` finds the product whatever its port, and says so when none runs."""

import os
import subprocess
import sys
from pathlib import Path

from citizenapp.local import address, locks
from tests.ground import CHECKOUT, REPLACED_PARTS, Site


def demo(var: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    inherited = {key: value for key, value in os.environ.items() if key not in REPLACED_PARTS}
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *options],
        cwd=CHECKOUT,
        env=inherited | {"CITIZENAPP_VAR": str(var)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_running_product_writes_down_where_it_serves(live_site: Site) -> None:
    assert address.read(live_site.var) == live_site.url


def test_the_demo_asks_there(live_site: Site) -> None:
    # Long before the last job ends, but after all of them were queued at that address.
    done = demo(live_site.var, "--timeout", "0")

    assert "Queued" in done.stdout, done.stderr


def test_without_a_product_the_demo_says_what_to_start(tmp_path: Path) -> None:
    done = demo(tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: No CitizenApp serves with its data in {tmp_path}")
    assert "`make run`" in done.stderr


def test_what_a_killed_product_wrote_down_counts_no_more(tmp_path: Path) -> None:
    lock = locks.acquire(address.lock(tmp_path))
    address.publish(tmp_path, "http://127.0.0.1:8112")
    assert address.read(tmp_path) == "http://127.0.0.1:8112"

    os.close(lock)  # as the kernel does when a process dies

    assert address.read(tmp_path) is None


def test_what_was_taken_back_counts_no_more(tmp_path: Path) -> None:
    lock = locks.acquire(address.lock(tmp_path))
    address.publish(tmp_path, "http://127.0.0.1:8112")
    address.withdraw(tmp_path)

    assert address.read(tmp_path) is None
    os.close(lock)
