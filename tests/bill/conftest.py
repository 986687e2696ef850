import pytest
from pytest_django import Settings

from citizenapp.tenants.models import Tenant
from tests.bill.ground import ADMIN_KEY, Clock
from tests.factories import make_tenant
from tests.ground import Emulator


@pytest.fixture
def clock(emulator: Emulator, settings: Settings, db: None) -> Clock:
    """The clocks of an emulator that hands its bill to whoever has an admin key, as we do."""
    settings.ANTHROPIC_ADMIN_KEY = ADMIN_KEY
    return Clock(emulator)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()
