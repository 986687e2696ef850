"""Counters and usage rollups: no page counts a hundred thousand rows.

Triggers (aijobs/sql/count_jobs_*.sql, roll_up_charges.sql) insert what each statement changed as
rows of their own. They update no row, so that no transaction waits for another. A reader adds the
rows up; `compact` adds them up to one row of each kind, so that there are never many.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple, Self
from uuid import UUID

from django.db import connection, models
from django.db.models import Case, F, Q, Sum, Value, When

from aijobs.models.batches import Batch
from aijobs.models.budgets import Reservation
from aijobs.models.collections import Collection
from aijobs.models.jobs import AIJob
from citizenapp.tenants.models import Tenant

HOUR = timedelta(hours=1)
_THERE = (*Batch.REMOTE, Batch.Status.ENDED)


class StandingAt(NamedTuple):
    """So many jobs of a collection have this status, in such a batch where they are in one."""

    collection: UUID
    status: str
    batch_status: str | None
    submitted_at: datetime | None
    promised_seconds: list[float] | None
    jobs: int

    @property
    def shown_status(self) -> str:
        """A job of a batch is processing while Anthropic has the batch."""
        there = self.batch_status in _THERE
        return AIJob.Status.PROCESSING.value if there else self.status


@dataclass(frozen=True, slots=True)
class Standing:
    """So many jobs of one collection have this status, in this batch where they are in one.

    Of the batch, OF_BATCH is known.
    """

    OF_BATCH: ClassVar = (
        *("status", "requests", "model_names", "submitted_at", "canceling_at", "rescued_at"),
        *("after_cancel", "promised_seconds"),
    )

    status: str
    batch: Batch | None
    jobs: int

    @property
    def shown_status(self) -> str:
        """A job of a batch is processing while Anthropic has the batch."""
        there = self.batch is not None and self.batch.status in _THERE
        return AIJob.Status.PROCESSING.value if there else self.status


class StatusCounterQuerySet(models.QuerySet["StatusCounter"]):
    def counts(self) -> dict[UUID, dict[str, int]]:
        """Jobs by shown status, by collection; statuses without jobs are left out."""
        shown = Case(
            When(
                batch__status__in=_THERE,
                then=Value(AIJob.Status.PROCESSING.value),
            ),
            default=F("status"),
        )
        rows = self.values_list("collection_id", shown).annotate(jobs_sum=Sum("jobs")).order_by()
        found: dict[UUID, dict[str, int]] = defaultdict(dict)
        for collection_id, status, jobs in rows:
            if jobs:
                found[collection_id][status] = jobs
        return found

    def standing(self) -> "list[Standing]":
        """Where the jobs of one collection stand, with what of their batches says until when."""
        told = [f"batch__{name}" for name in Standing.OF_BATCH]
        rows = self.values_list("status", "batch", *told).annotate(jobs_sum=Sum("jobs"))
        return [
            Standing(
                status,
                Batch(pk=key, **dict(zip(Standing.OF_BATCH, of_batch, strict=True)))
                if key
                else None,
                jobs,
            )
            for status, key, *of_batch, jobs in rows.filter(jobs_sum__gt=0).order_by()
        ]

    def by_batch(self) -> list[StandingAt]:
        """Where the jobs of each collection stand, by status and batch."""
        told = ("batch__status", "batch__submitted_at", "batch__promised_seconds")
        rows = self.values_list("collection", "status", *told).annotate(jobs_sum=Sum("jobs"))
        return [StandingAt(*row) for row in rows.filter(jobs_sum__gt=0).order_by()]


class StatusCounter(models.Model):
    """How many jobs of a collection came to a status, or, where `jobs` is negative, left it."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="counters")
    status = models.CharField(max_length=10, choices=AIJob.Status.choices)
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, db_index=False, help_text="Of submitted jobs only."
    )
    jobs = models.IntegerField()
    is_compacted = models.BooleanField()

    objects = StatusCounterQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "counters"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["collection", "status", "batch"],
                nulls_distinct=False,
                condition=Q(is_compacted=True),
                name="counter_compacted",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(is_compacted=False), name="counter_fresh"),
            # compact deletes these: all jobs have left that status again.
            models.Index(
                fields=["id"], condition=Q(is_compacted=True, jobs=0), name="counter_at_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobs:+} {self.status}"


class UsageRollupQuerySet(models.QuerySet["UsageRollup"]):
    def since(self, moment: datetime) -> Self:
        """From the hour of the moment on, all of that hour."""
        return self.filter(hour__gte=start_of_hour(moment))


class UsageRollup(models.Model):
    """Charges of one hour, one tenant and one kind, added up.

    `model` and `created_by` are empty in rows from before they were kept; so is the latter where
    the job was gone when its charge came.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False)
    # As in the ledger: collections may be pruned, sums stay.
    collection_id = models.UUIDField(null=True)
    hour = models.DateTimeField()
    job_type = models.CharField(max_length=20)
    route = models.CharField(max_length=5, choices=AIJob.Route.choices)
    model = models.CharField(
        max_length=100, blank=True, db_default="", help_text="As Anthropic named it."
    )
    created_by = models.CharField(
        max_length=150, blank=True, db_default="", help_text="Who queued the jobs: a name or a key."
    )
    jobs = models.PositiveIntegerField(help_text="Jobs charged for the first time.")
    answers = models.PositiveIntegerField(help_text="Charges.")
    input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    cache_read_tokens = models.PositiveBigIntegerField()
    cache_write_tokens = models.PositiveBigIntegerField()
    # A positive one would bring a check, for which PostgreSQL reads and locks the whole table.
    cache_write_1h_tokens = models.BigIntegerField(
        db_default=0, help_text="Of the cache writes, those that are kept for an hour."
    )
    cost_usd = models.DecimalField(max_digits=20, decimal_places=10)
    sync_cost_usd = models.DecimalField(max_digits=20, decimal_places=10)
    saved_usd = models.DecimalField(max_digits=20, decimal_places=10)
    is_compacted = models.BooleanField()

    objects = UsageRollupQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "spending"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    *("tenant", "hour", "job_type", "route"),
                    *("collection_id", "model", "created_by"),
                ],
                nulls_distinct=False,
                condition=Q(is_compacted=True),
                name="rollup_compacted_by_model",
            ),
        ]
        indexes: ClassVar = [
            # What a tenant spent between two moments.
            models.Index(fields=["tenant", "hour"], name="rollup_of_tenant"),
            # What a collection cost.
            models.Index(
                fields=["collection_id"],
                condition=Q(collection_id__isnull=False),
                name="rollup_of_collection",
            ),
            models.Index(fields=["id"], condition=Q(is_compacted=False), name="rollup_fresh"),
        ]

    def __str__(self) -> str:
        return f"{self.cost_usd} USD at {self.hour}"


def start_of_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _compact(model: type[models.Model], key: Sequence[str]) -> str:
    table = model._meta.db_table
    others = {*key, "id", "is_compacted"}
    sums = [str(field.column) for field in model._meta.local_fields if field.column not in others]
    columns, kept = ", ".join((*key, *sums)), ", ".join(key)
    # Put together from the names of our own columns.
    return f"""
        WITH fresh AS (DELETE FROM {table} WHERE NOT is_compacted RETURNING {columns})
        INSERT INTO {table} ({columns}, is_compacted)
        SELECT {kept}, {", ".join(f"sum({name})" for name in sums)}, TRUE FROM fresh
        GROUP BY {kept} ORDER BY {kept}  -- The same order for all: no two wait for each other.
        ON CONFLICT ({kept}) WHERE is_compacted DO UPDATE SET
        {", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in sums)}
    """


COMPACT_COUNTERS = _compact(StatusCounter, ("collection_id", "status", "batch_id"))
COMPACT_RESERVATIONS = _compact(Reservation, ("tenant_id", "collection_id"))
COMPACT_ROLLUPS = _compact(
    UsageRollup,
    ("tenant_id", "hour", "job_type", "route", "collection_id", "model", "created_by"),
)


def compact() -> None:
    """Add up new rows by kind. Two workers may do so at once: each takes other rows."""
    with connection.cursor() as cursor:
        cursor.execute(COMPACT_COUNTERS)
        cursor.execute("DELETE FROM aijobs_statuscounter WHERE is_compacted AND jobs = 0")
        cursor.execute(COMPACT_RESERVATIONS)
        cursor.execute("DELETE FROM aijobs_reservation WHERE is_compacted AND usd = 0 AND jobs = 0")
        cursor.execute(COMPACT_ROLLUPS)
