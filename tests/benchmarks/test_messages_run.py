"""The benchmark of the Anthropic-shaped door keeps working. No figure is judged."""

import os
import subprocess
import sys

from tests.ground import CHECKOUT, REPLACED_PARTS
from tests.processes.ground import LONG_ONLY


@LONG_ONLY
def test_it_runs_and_prints_its_row() -> None:
    environ = {key: value for key, value in os.environ.items() if key not in REPLACED_PARTS}
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "30", "--only", "messages"],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "\n30 messages by the SDK, create to results" in run.stdout
