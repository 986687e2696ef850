"""Benchmarks keep working: they are run with a handful of documents. No figure is judged."""

import os
import subprocess
import sys

from tests.ground import CHECKOUT, REPLACED_PARTS

STAGES = ("enqueue", "assemble", "dispatch", "settle", "stale", "fairness", "end to end", "caching")


def test_the_benchmarks_of_the_pipeline_run_and_print_their_rows() -> None:
    environ = {key: value for key, value in os.environ.items() if key not in REPLACED_PARTS}
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.benchmarks",
            "60",
            "--only",
            *STAGES,
            "reservation",
            "quota",
            "rate limit",
            "database",
            "webhooks",
        ],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for step in ("bulk enqueue, CSV", "assemble", "dispatch", "settle", "end to end"):
        assert f"\n{step}  " in run.stdout
