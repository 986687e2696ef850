"""An operation: a move of many jobs that was asked for at once, and is carried out in pages."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from aijobs.models.moves import Movable
from citizenapp.tenants.models import Tenant


class Operation(Movable):
    """What was asked for, by whom, and how far it has come.

    Its jobs are in pages, written down when it was asked for. Only erasing one job or a collection
    has none: it looks for what is left of it. Dropping is canceling what waits, and keeping no
    answer of what is on its way.
    """

    class Kind(models.TextChoices):
        RETRY = "retry"
        CANCEL = "cancel"
        DROP = "drop"
        ERASE = "erase"
        TAG = "tag"
        UNTAG = "untag", "Take a tag from"

    class Status(models.TextChoices):
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.RUNNING)
    # No foreign keys: what they name is gone when the operation is completed.
    job_id = models.UUIDField(null=True, help_text="The job that is erased.")
    collection_id = models.UUIDField(null=True, help_text="The collection that is erased.")
    tag = models.CharField(
        max_length=50, blank=True, db_default="", help_text="That jobs get, or lose."
    )
    total = models.PositiveIntegerField(help_text="Jobs.")
    done = models.PositiveIntegerField(default=0, help_text="Jobs that were looked at.")
    changed = models.PositiveIntegerField(default=0, help_text="Jobs that moved.")
    skipped = models.JSONField(default=dict, help_text="Jobs that did not, by the reason.")
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(help_text="Left alone until then.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failures in a row.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status="running", ended_at__isnull=True)
                | Q(status__in=["completed", "failed"], ended_at__isnull=False),
                name="operation_ended_at_when_over",
            ),
        ]
        indexes: ClassVar = [
            # A tenant's operations, newest first.
            models.Index(fields=["tenant", "-id"], name="operation_of_tenant"),
            # apply and erase look for these every second.
            models.Index(
                fields=["look_at"], name="operation_running", condition=Q(status="running")
            ),
            # sweep deletes what is old.
            models.Index(fields=["ended_at"], name="operation_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def has_pages(self) -> bool:
        return self.job_id is None and self.collection_id is None

    def mark_completed(self, now: datetime) -> bool:
        """Each of its jobs was looked at; of erasing, nothing is left."""
        return self._move([self.Status.RUNNING], self.Status.COMPLETED, ended_at=now)

    def mark_failed(self, now: datetime) -> bool:
        """Given up: it failed again and again. What it has done until then stays."""
        return self._move([self.Status.RUNNING], self.Status.FAILED, ended_at=now)


class OperationPage(models.Model):
    """Jobs of an operation that are still to be looked at; deleted with what was done to them."""

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="pages", db_index=False)
    number = models.IntegerField()
    jobs = ArrayField(models.UUIDField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["operation", "number"], name="operation_page_once"),
        ]

    def __str__(self) -> str:
        return f"page {self.number} of {self.operation_id}"
