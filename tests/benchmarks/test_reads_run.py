"""The benchmarks of what is read, told and posted keep working. No figure is judged."""

import os
import subprocess
import sys

from tests.ground import CHECKOUT, REPLACED_PARTS
from tests.processes.ground import LONG_ONLY

ROWS = {
    "single POST": "single POST: key, checks, idempotency, insert",
    "large tables": "dashboard, 600 jobs",
    "list of jobs": "list of jobs: all, 6,000 jobs",
    "collections": "page of analyze, risk, 6,000 jobs",
    "job, desk and usage": "the slowest of 3 pages: usage",
    "live": "the same, all sockets in one tenant, 20 changes",
}


@LONG_ONLY
def test_they_run_and_print_their_rows() -> None:
    environ = {key: value for key, value in os.environ.items() if key not in REPLACED_PARTS}
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "60", "--only", *ROWS],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for row in ROWS.values():
        assert f"\n{row}" in run.stdout
