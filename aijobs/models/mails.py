"""Which news people want by e-mail, and the e-mails that are on their way.

One statement each stores what is to be told in the transaction of the change (mails/writing.py,
aijobs/sql/mail_jobs_ended.sql); the stage `inform` sends it.
"""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q

from aijobs.models.moves import Movable
from citizenapp.tenants.models import Tenant, User


class MailKind(models.TextChoices):
    """What a person can be told by e-mail."""

    COLLECTION_DONE = "collection.done", "A collection is done"
    JOBS_FAILED = "jobs.failed", "Something failed"
    BUDGET_REACHED = "budget.reached", "A part of the month’s budget is spent"


class MailChoiceQuerySet(models.QuerySet["MailChoice"]):
    def of(self, tenant: Tenant) -> Self:
        """Every road to what the people of a tenant chose begins here."""
        return self.filter(tenant=tenant)


class MailChoice(models.Model):
    """What one person wants to be told of one tenant. No row: nothing."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    user = models.ForeignKey(User, models.CASCADE)
    kinds = ArrayField(models.CharField(max_length=20, choices=MailKind.choices))
    root = models.CharField(
        max_length=300, help_text="What links in e-mails begin with: where it was chosen."
    )

    objects = MailChoiceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user"], name="mail_choice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.tenant_id}"


class Mail(Movable):
    """One e-mail to one person. Whoever claims it puts `next_at` off: that is its lease."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waits to be sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"
        DROPPED = "dropped", "No longer wanted"

    # The same whenever it is sent: mail programs that know it already show it once.
    public_id = models.UUIDField(unique=True, db_default=RandomUUID())
    choice = models.ForeignKey(MailChoice, models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=20, choices=MailKind.choices)
    # No foreign key: whoever deletes a collection need not know of this table.
    collection_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict, help_text="Counts and percents, by name; never a text.")
    happened_at = models.DateTimeField()
    status = models.CharField(max_length=7, choices=Status.choices, db_default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    next_at = models.DateTimeField(help_text="It is not tried before.")
    error = models.CharField(max_length=60, blank=True, db_default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "sent", "failed", "dropped"]),
                name="mail_status_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at", "id"], condition=Q(status="pending"), name="mail_due"),
            # sweep deletes what is old.
            models.Index(fields=["happened_at"], name="mail_age"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    def mark_sent(self) -> bool:
        """False: another worker was faster, or it is gone."""
        return self._move([self.Status.PENDING], self.Status.SENT, error="")

    def mark_dropped(self) -> bool:
        """Nobody wants it any more."""
        return self._move([self.Status.PENDING], self.Status.DROPPED)

    def mark_failed(self, error: str) -> bool:
        """Given up. `error` is the kind of an error, never its text."""
        return self._move([self.Status.PENDING], self.Status.FAILED, error=error[:60])

    def mark_put_off(self, until: datetime, error: str) -> bool:
        """It is tried again then."""
        return self._move(
            [self.Status.PENDING], self.Status.PENDING, next_at=until, error=error[:60]
        )


class FailureToTell(models.Model):
    """Jobs in no collection have failed: those who want to know are told a little later, together.

    Only added and deleted, never changed: no job's end waits for another's.
    """

    GATHERED_FOR: ClassVar = timedelta(minutes=2)

    tenant = models.ForeignKey(Tenant, models.CASCADE)
    jobs = models.PositiveIntegerField()
    happened_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.jobs} of {self.tenant_id}"
