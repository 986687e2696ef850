"""A process that is forked talks to Anthropic over connections of its own."""

import os
import signal
import time
from io import BytesIO

from django.db import connections

from aijobs import gateway
from tests.ground import Emulator


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_child_sent_ends_with_it(emulator: Emulator) -> None:
    gateway.newest_batch_id()  # Leaves a connection open, which a fork inherits.
    connections.close_all()
    if (child := os.fork()) == 0:
        gateway.create_batch(BytesIO(b'{"requests":['), before_piece=die)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while emulator.stats()["calls_under_way"]:
        assert time.monotonic() < deadline, "half a body still waits for its other half"
        time.sleep(0.01)
    assert gateway.newest_batch_id() == ""
