"""What a tenant still waits for."""

from django.db.models import Sum

from aijobs.models import Reservation
from citizenapp.tenants.models import Tenant


def open_jobs(tenant: Tenant) -> int:
    """How many of its jobs are not over, however many those are. One query over a few rows."""
    found = Reservation.objects.filter(tenant=tenant).aggregate(jobs=Sum("jobs"))
    return max(0, found["jobs"] or 0)
