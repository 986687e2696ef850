"""An emulator as a process of its own, and the official SDK to talk to it."""

from collections.abc import Iterator

import pytest
from anthropic import Anthropic

from tests.emulator.requests import connect
from tests.ground import Emulator, emulating


@pytest.fixture(scope="session")
def emulator_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulating(tmp_path_factory.mktemp("emulator"), "--latency-cancel", "0") as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_here: Emulator) -> Emulator:
    """Without batches and faults; batches end as soon as they are created."""
    emulator_here.reset()
    return emulator_here


@pytest.fixture
def held(emulator: Emulator) -> Emulator:
    """An emulator whose batches go on until they are told to end."""
    emulator.control("POST", "settings", {"latency_base": "inf"})
    return emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Anthropic]:
    with connect(emulator) as client:
        yield client
