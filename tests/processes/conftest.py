"""One house for all tests of this folder; each leaves it running."""

from collections.abc import Iterator

import pytest

from tests.ground import short_folder
from tests.processes.ground import House


# Not for the session: its processes have work to do as long as they live.
@pytest.fixture(scope="package")
def running_house() -> Iterator[House]:
    with short_folder() as folder:
        house = House(folder)
        with house.running():
            yield house


@pytest.fixture
def house(running_house: House) -> Iterator[House]:
    """The product, all of it running; what happened to it in the test is in its books."""
    yield running_house
    running_house.emulator.control("DELETE", "faults")
