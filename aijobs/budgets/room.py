"""How many jobs of a tenant may be queued or on their way at once."""

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from aijobs.models import Reservation
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant

# Single jobs leave a row each, and each that comes adds all of them up.
MOST_ROWS = 300
# When a job ends, nobody can say. So long a client should wait before it asks again.
ASK_AGAIN_SECONDS = 60


class OverLimit(Exception):
    """What is asked for goes beyond a limit of its tenant. Nothing of it is stored."""


class QueueFull(OverLimit):
    """More jobs would wait than may. `waiting` are there, and `room` more would fit."""

    def __init__(self, waiting: int, most: int) -> None:
        self.waiting, self.most, self.room = waiting, most, max(most - waiting, 0)
        count = reader.count
        super().__init__(
            f"At most {count(most)} jobs of this workspace may be queued or on their way at once: "
            f"{count(waiting)} are, and {count(self.room)} more would fit. Queue less, or wait "
            "until some are done."
        )


def most_waiting(tenant: Tenant) -> int | None:
    """None where there is no limit."""
    return tenant.most_waiting or settings.AIJOBS_MOST_WAITING or None


def waiting(tenant: Tenant) -> int:
    """Jobs that are not over: the sum of what triggers have counted, and no look at the jobs."""
    counted = Reservation.objects.filter(tenant=tenant).aggregate(total=Sum("jobs"))["total"]
    return int(counted or 0)


def refuse_when_full(tenant: Tenant) -> None:
    """Raises QueueFull where not a single job would fit: what is long need not be read first."""
    most = most_waiting(tenant)
    if most is not None and (there := waiting(tenant)) >= most:
        raise QueueFull(there, most)


def compact(tenant: Tenant, rows: int) -> None:
    """Add up the rows of single jobs, where there are as many that adding them up takes long."""
    if rows > MOST_ROWS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT aijobs_compact_single_jobs(%s)", [tenant.pk])
