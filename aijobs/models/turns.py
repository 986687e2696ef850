"""Whose turn it is: tenants that wait are served one after the other, on each road."""

from typing import ClassVar

from django.db import models

from aijobs.models.jobs import AIJob
from citizenapp.tenants.models import Tenant


class Turn(models.Model):
    """When a tenant's job was last taken out of a queue: a number that grows with each job taken.

    Whoever has the smallest number, or none, comes next. So between two jobs of one tenant each
    other tenant that waits has one.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    route = models.CharField(max_length=5, choices=AIJob.Route.choices)
    number = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar = [
            # Also the index by which the numbers of a road are read.
            models.UniqueConstraint(fields=["route", "tenant"], name="turn_once"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.number}"
