"""Whose turn it is: tenants that wait are served one after the other, on each road."""

from typing import ClassVar

from django.db import models

from aijobs.models.jobs import AIJob
from citizenapp.tenants.models import Tenant


class Turn(models.Model):
    """When a tenant's job was last taken out of a queue.

    Into batches jobs go by rounds. A job takes its tenant one over its weight of a round further,
    and whoever is behind comes next. In the same round it is whoever's number, which grows with
    each job taken, is the smallest. So between two jobs of one tenant each other that waits has
    one; one of weight 3 has three.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    route = models.CharField(max_length=5, choices=AIJob.Route.choices)
    number = models.PositiveBigIntegerField()
    round = models.DecimalField(
        max_digits=30,
        decimal_places=12,
        db_default=0,
        help_text="In which its last job was taken into a batch.",
    )

    class Meta:
        constraints: ClassVar = [
            # Also the index by which the numbers of a road are read.
            models.UniqueConstraint(fields=["route", "tenant"], name="turn_once"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.number}"
