"""A reset leaves nothing behind of what was before it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anthropic
import pytest
from anthropic import Anthropic

from tests.emulator.requests import create, make_params
from tests.ground import Emulator

SECONDS = 2


@pytest.mark.parametrize("call", ["message", "create"])
def test_calls_under_way_end_with_it(emulator: Emulator, client: Anthropic, call: str) -> None:
    emulator.order(call, "slow", when="before", seconds=SECONDS)
    ways: dict[str, Callable[[], object]] = {
        "message": lambda: client.messages.create(**make_params()),
        "create": lambda: create(client),
    }
    with ThreadPoolExecutor(1) as thread:
        under_way = thread.submit(ways[call])
        while not emulator.stats()["calls_under_way"]:
            time.sleep(0.01)
        emulator.reset()
        with pytest.raises(anthropic.APIConnectionError):
            under_way.result()
    time.sleep(SECONDS + 1)
    stats = emulator.stats()
    assert (stats["messages_billed"], stats["batches_created"], stats["calls"]) == (0, 0, {})
