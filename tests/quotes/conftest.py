"""What one test has learned is forgotten before the next."""

from collections.abc import Iterator

import pytest

from aijobs.quotes import ratios


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    ratios.forget()
    yield
    ratios.forget()
