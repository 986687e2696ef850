"""The ledger: what every answer cost, and what it would have cost at full price."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from aijobs.models.batches import Batch
from aijobs.models.jobs import AIJob
from citizenapp.tenants.models import Tenant


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def unpriced(self) -> "LedgerEntryQuerySet":
        """Charges whose price was not known when they were stored, and is not known yet."""
        return self.filter(priced_as="", correction=None)


class LedgerEntry(models.Model):
    """One charge, from the usage that Anthropic returned. Never changed, never deleted.

    Where Anthropic returned none, it is estimated from what was sent and answered, and says so.

    `job_id` is no foreign key: jobs may be pruned, charges stay. A charge without `priced_as` had
    no price when it was stored: its sums are 0, and a further entry that `corrects` it brings them
    later. Sums of money over all entries are right; a correction repeats no tokens.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False)
    job_id = models.UUIDField()
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, db_index=False)
    custom_id = models.CharField(max_length=64)
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="corrections",
        related_query_name="correction",
        help_text="A charge.",
    )
    job_type = models.CharField(max_length=20)
    route = models.CharField(max_length=5, choices=AIJob.Route.choices)
    model = models.CharField(max_length=100, help_text="As Anthropic named it.")
    priced_as = models.CharField(
        max_length=100,
        blank=True,
        help_text="The model of the price table; empty where it had no price for that day.",
    )
    priced_on = models.DateField(help_text="Whose prices count: the day it was sent, in UTC.")
    input_tokens = models.PositiveIntegerField()
    output_tokens = models.PositiveIntegerField()
    cache_read_tokens = models.PositiveIntegerField(default=0)
    cache_write_5m_tokens = models.PositiveIntegerField(default=0)
    cache_write_1h_tokens = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=16, decimal_places=10)
    sync_cost_usd = models.DecimalField(max_digits=16, decimal_places=10)
    saved_usd = models.DecimalField(max_digits=16, decimal_places=10)
    created_at = models.DateTimeField()
    is_estimated = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Anthropic did not say what was used.",
    )

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["batch", "custom_id"],
                nulls_distinct=False,
                condition=Q(corrects=None),
                name="charge_once",
            ),
            # Few entries correct another: only those are in its index.
            models.UniqueConstraint(
                fields=["corrects"],
                condition=Q(corrects__isnull=False),
                name="charge_corrected_once",
            ),
            models.CheckConstraint(
                condition=Q(saved_usd=F("sync_cost_usd") - F("cost_usd")),
                name="charge_adds_up",
            ),
            models.CheckConstraint(
                condition=~Q(priced_as="") | Q(cost_usd=0, sync_cost_usd=0),
                name="charge_without_price_is_zero",
            ),
        ]
        indexes: ClassVar = [
            # A job's cost.
            models.Index(fields=["job_id"], name="charge_of_job"),
            # A tenant's charges, newest first.
            models.Index(fields=["tenant", "-id"], name="charge_of_tenant"),
            # A tenant's charges by what they cost: what is dear is rare.
            models.Index(fields=["tenant", "-cost_usd", "-job_id"], name="charge_by_cost"),
            # Staff who look for direct calls. No charge of a batch is in it.
            models.Index(fields=["-id"], name="charge_sync", condition=Q(route="sync")),
            # The charges of a period. Rows lie in the order of their time, so a few bytes for each
            # hundred pages say where; storing a charge writes nothing into it.
            BrinIndex(fields=["created_at"], name="charge_when", autosummarize=True),
            # sweep prices these as soon as their price is known.
            models.Index(fields=["id"], name="charge_unpriced", condition=Q(priced_as="")),
            # Reports count these; there should be none.
            models.Index(
                fields=["tenant", "created_at"],
                name="charge_estimated",
                condition=Q(is_estimated=True),
            ),
        ]

    def __str__(self) -> str:
        return f"charge {self.custom_id}"
