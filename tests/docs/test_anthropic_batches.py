"""The example for existing code runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.ground import Site

PAGE = Path(__file__).resolve().parents[2] / "docs/anthropic-batches.md"


def test_the_example_runs(live_site: Site) -> None:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    environ = {"CITIZENAPP_URL": live_site.url, "CITIZENAPP_KEY": live_site.api_key}
    done = subprocess.run(
        [sys.executable, "-c", example],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["claim-0", "claim-1"]
