"""When each tenant was last told that jobs were added."""

from django.db import models

from citizenapp.tenants.models import Tenant


class AdditionTold(models.Model):
    """Read and written by a trigger alone: sql/may_tell_of_additions.sql says why."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True)
    told_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id} at {self.told_at}"
