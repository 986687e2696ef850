"""What all of them share."""

import json
import sys
from collections.abc import Callable


def main(run: Callable[[str, list[str]], tuple[float, float]]) -> None:
    """Run one queue with the lines of standard input as documents, and print what it took."""
    queued, drained = run(sys.argv[1], sys.stdin.read().splitlines())
    sys.stdout.write(json.dumps({"queued": queued, "drained": drained}))
