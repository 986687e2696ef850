"""What the processes stand on goes away for a while: everything continues by itself."""

import pytest

from tests.processes.ground import LONG_ONLY

SHORT, LONG = 3.0, 60.0


def both(short: float, long: float) -> list[object]:
    return [pytest.param(short), pytest.param(long, marks=LONG_ONLY)]
