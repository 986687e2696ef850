"""schemathesis sends what the schema allows, and what it forbids, and finds nothing wrong.

All its checks: no server errors, only documented answers in documented shapes, valid requests
accepted and invalid ones refused, no access without a key. `TORTURE=1` sends a hundred times more.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ground import CHECKOUT, Site

EXAMPLES = 200 if "TORTURE" in os.environ else 2
PHASES = "examples,coverage,fuzzing,stateful"


@pytest.mark.timeout(3_600 if "TORTURE" in os.environ else 300)
def test_generated_requests_find_nothing(live_site: Site, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run"),
            f"{live_site.url}/api/schema",
            *("--checks", "all", "--phases", PHASES),
            *("--max-examples", str(EXAMPLES), "--seed", "4711", "--generation-database", "none"),
            *("--header", f"Authorization: Bearer {live_site.api_key}"),
        ],
        cwd=CHECKOUT,
        env=os.environ
        | {"PYTHONPATH": str(CHECKOUT), "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
