"""The ledger: what every answer cost, and what it would have cost at full price."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from aijobs.models.batches import Batch
from aijobs.models.jobs import AIJob
from citizenapp.tenants.models import Tenant


class LedgerEntry(models.Model):
    """One charge, from the usage that Anthropic returned. Never changed, never deleted.

    `job_id` is no foreign key: jobs may be pruned, charges stay. Tenant and batch are checked once
    a statement by triggers (migration 0009).
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False, db_constraint=False)
    job_id = models.UUIDField()
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, db_index=False, db_constraint=False)
    custom_id = models.CharField(max_length=64)
    job_type = models.CharField(max_length=20)
    route = models.CharField(max_length=5, choices=AIJob.Route.choices)
    model = models.CharField(max_length=100)
    input_tokens = models.PositiveIntegerField()
    output_tokens = models.PositiveIntegerField()
    cache_read_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=16, decimal_places=10)
    sync_cost_usd = models.DecimalField(max_digits=16, decimal_places=10)
    saved_usd = models.DecimalField(max_digits=16, decimal_places=10)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["batch", "custom_id"], nulls_distinct=False, name="charge_once"
            ),
            models.CheckConstraint(
                condition=Q(saved_usd=F("sync_cost_usd") - F("cost_usd")),
                name="charge_adds_up",
            ),
        ]
        indexes: ClassVar = [
            # A job's cost.
            models.Index(fields=["job_id"], name="charge_of_job"),
            # A tenant's charges, newest first.
            models.Index(fields=["tenant", "-id"], name="charge_of_tenant"),
            # Staff who look for direct calls. No charge of a batch is in it.
            models.Index(fields=["-id"], name="charge_sync", condition=Q(route="sync")),
        ]

    def __str__(self) -> str:
        return f"charge {self.custom_id}"
