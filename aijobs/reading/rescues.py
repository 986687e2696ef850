"""What it cost to make up for batches that would have been late."""

from datetime import datetime
from decimal import Decimal

from aijobs.budgets.standing import Month
from aijobs.models import Rescue
from citizenapp.tenants.models import Tenant


def spent(tenant: Tenant, now: datetime) -> Decimal:
    """The most that rescues of this month cost a tenant beyond the price of a batch; in USD."""
    return Rescue.objects.spent(tenant, Month.around(now, tenant.time_zone).start)
