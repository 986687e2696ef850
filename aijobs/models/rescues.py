"""What is paid at the full price for jobs that were in a batch before, so that they are in time."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Sum

from citizenapp.tenants.models import Tenant


class RescueQuerySet(models.QuerySet["Rescue"]):
    def spent(self, tenant: Tenant, since: datetime) -> Decimal:
        """The most that a tenant's rescues since then cost beyond the price of a batch; in USD."""
        rows = self.filter(tenant=tenant, decided_at__gte=since)
        return rows.aggregate(usd=Sum("usd"))["usd"] or Decimal(0)


class Rescue(models.Model):
    """That jobs of a tenant, which had been in a batch in vain, were given to direct calls.

    `usd` is the most that this costs beyond the price of a batch: half of what they had reserved.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    jobs = models.PositiveIntegerField()
    usd = models.DecimalField(max_digits=16, decimal_places=6)
    decided_at = models.DateTimeField()

    objects = RescueQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "decided_at"], name="rescue_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.jobs} jobs"
