"""What is reserved for jobs that are not over, and who was told that a budget runs out."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q, Sum

from citizenapp.tenants.models import Tenant


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def total(self) -> Decimal:
        return self.aggregate(total=Sum("usd"))["total"] or Decimal(0)


class Reservation(models.Model):
    """By how much what is reserved for a collection, or for single jobs, grew or shrank; in USD.

    Written by triggers (aijobs/sql/reserve_*.sql) as the counters of jobs are: what a job has
    reserved (`AIJob.reserved_usd`) counts from the statement that stores it to the one that ends
    it, whatever ends it, and again when it is queued again. So the sum of these rows is at any
    moment what the jobs that are not over have reserved, and `jobs` how many they are.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False)
    # As in the ledger: no foreign key, collections may be pruned.
    collection_id = models.UUIDField(null=True)
    usd = models.DecimalField(max_digits=16, decimal_places=6)
    jobs = models.BigIntegerField()
    is_compacted = models.BooleanField()

    objects = ReservationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "collection_id"],
                nulls_distinct=False,
                condition=Q(is_compacted=True),
                name="reservation_compacted",
            ),
        ]
        indexes: ClassVar = [
            # What a tenant has reserved.
            models.Index(fields=["tenant"], name="reservation_of_tenant"),
            models.Index(fields=["id"], condition=Q(is_compacted=False), name="reservation_fresh"),
            # compact deletes these: all that was reserved is released.
            models.Index(
                fields=["id"], condition=Q(is_compacted=True, usd=0), name="reservation_at_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.usd:+} USD"


class BudgetNotice(models.Model):
    """That so many percent of a month's budget are spent: told once, and put away by an owner."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    month = models.DateField(help_text="Its first day, in the tenant's time zone.")
    percent = models.PositiveSmallIntegerField()
    told_at = models.DateTimeField()
    put_away_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "month", "percent"], name="budget_notice_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.month:%B %Y}"
