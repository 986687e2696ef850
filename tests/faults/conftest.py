"""A world for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.receiver import receiving
from tests.faults.world import World, settings_of
from tests.ground import Emulator


@pytest.fixture
def world(transactional_db: None, emulator: Emulator, tmp_path: Path) -> Iterator[World]:
    with settings_of(emulator), receiving(tmp_path) as receiver:
        yield World(emulator, receiver, tmp_path)
