import pytest
from pytest_django import Settings


@pytest.fixture
def committing(settings: Settings) -> None:
    """Requests end with a commit, although the test is a transaction."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.tenants.browser.committing"]
