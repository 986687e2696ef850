"""The headline figures above the list of jobs."""

from datetime import datetime

from aijobs.reading.money import Money, spent
from citizenapp.tenants.models import Tenant


def month_of(tenant: Tenant, *, now: datetime) -> Money:
    """What was spent and saved since the month began in UTC. One query."""
    return spent(tenant, now.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
