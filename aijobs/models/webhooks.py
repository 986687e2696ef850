"""Where a tenant wants to be told, what is to be told, and what became of telling it.

Triggers (aijobs/sql/webhook_*.sql) write events and deliveries in the transaction of the change,
so that no road can end a job without them, for tenants alone that want to be told.
"""

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q

from aijobs.models.collections import Collection
from aijobs.models.moves import Movable
from citizenapp.tenants.models import Tenant


class EventType(models.TextChoices):
    """What an endpoint can be told of."""

    JOB_COMPLETED = "job.completed", "Jobs were completed"
    JOB_FAILED = "job.failed", "Jobs failed"
    JOB_CANCELED = "job.canceled", "Jobs were canceled"
    COLLECTION_COMPLETED = "collection.completed", "All jobs of a collection have ended"
    BUDGET_THRESHOLD = "budget.threshold", "A part of the month’s budget is spent"
    SENDING_PAUSED = "sending.paused", "Nothing is sent to Anthropic for a while"
    SENDING_RESUMED = "sending.resumed", "Sending to Anthropic goes on"


# Sent on request, to one endpoint.
TEST_EVENT = "webhook.test"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def of(self, tenant: Tenant) -> Self:
        """Every road to a tenant's endpoints begins here."""
        return self.filter(tenant=tenant)


class Webhook(Movable):
    """An address of a tenant's, to which events are sent.

    Its deliveries go out a few at a time: whoever sends them holds the lease of all of it, and
    `failures` in a row make all of it wait.
    """

    MOVED_FIELD: ClassVar[str] = "state"
    MOST_OF_A_TENANT: ClassVar = 20

    class State(models.TextChoices):
        ON = "on", "On"
        OFF = "off", "Off"
        # It failed for a day. What happens is still stored for it, and sent once it is on again.
        FAILED = "failed", "Switched off after failing"

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    url = models.CharField("URL", max_length=2_000)
    description = models.CharField(max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=30, choices=EventType.choices))
    includes_result = models.BooleanField(
        default=False, help_text="Whether bodies carry the results of completed jobs."
    )
    root = models.CharField(
        max_length=300, help_text="What links in bodies begin with: where it was made."
    )
    state = models.CharField(max_length=6, choices=State.choices, default=State.ON)
    # As it is: a signature is made with it each time. The documents lie beside it.
    secret = models.CharField(max_length=100)
    previous_secret = models.CharField(max_length=100, blank=True)
    previous_until = models.DateTimeField(
        null=True, help_text="Until then, bodies are signed with the previous secret as well."
    )
    next_at = models.DateTimeField(help_text="Nothing is sent to it before.")
    leased_until = models.DateTimeField(
        null=True, help_text="A worker that died with it blocks it no longer than until then."
    )
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    failing_since = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["on", "off", "failed"]), name="webhook_state_known"
            ),
        ]
        indexes: ClassVar = [
            # A tenant's endpoints, and, for the triggers, which of them want to be told.
            models.Index(fields=["tenant", "-id"], name="webhook_of_tenant"),
        ]

    def __str__(self) -> str:
        return self.url

    def secrets_at(self, now: datetime) -> list[str]:
        """With which bodies are signed: the newest first."""
        has_two = self.previous_until is not None and now < self.previous_until
        return [self.secret, self.previous_secret] if has_two else [self.secret]

    def mark_on(self, now: datetime) -> bool:
        """What waits is sent at once. False: it was on."""
        return self._move(
            [self.State.OFF, self.State.FAILED],
            self.State.ON,
            next_at=now,
            failures=0,
            failing_since=None,
            last_error="",
        )

    def mark_off(self) -> bool:
        """From now on nothing is stored for it. False: it was off."""
        return self._move([self.State.ON, self.State.FAILED], self.State.OFF)


class WebhookEvent(models.Model):
    """Something that happened to a tenant, to be told to the endpoints that want to know."""

    id = models.UUIDField(primary_key=True, editable=False, db_default=RandomUUID())
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    type = models.CharField(max_length=30)
    subjects = ArrayField(
        models.UUIDField(),
        help_text="What it is about: up to 100 jobs, or a collection. Of two events about the same,"
        " an endpoint gets the later one after the earlier one.",
    )
    data = models.JSONField(default=dict, help_text="What else is told, by name.")
    happened_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            # sweep deletes what is old.
            models.Index(fields=["happened_at"], name="webhook_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"

    @property
    def tells_of_jobs(self) -> bool:
        """Whether its subjects are jobs."""
        return self.type.startswith("job.")

    @property
    def message_id(self) -> str:
        """Its `webhook-id`: the same whenever and wherever it is sent."""
        return f"msg_{self.pk.hex}"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint, and what came of it. Keys follow the order of events.

    Keys tell how many there are of all tenants together: clients know it by `public_id`. It moves
    in statements about many at once (webhooks/outbox.py).
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    public_id = models.UUIDField(unique=True, db_default=RandomUUID())
    webhook = models.ForeignKey(Webhook, models.CASCADE, db_index=False, related_name="deliveries")
    event = models.ForeignKey(WebhookEvent, models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=9, choices=Status.choices, db_default="pending")
    attempts = models.PositiveSmallIntegerField(db_default=0)
    next_at = models.DateTimeField(help_text="It is not tried before.")
    created_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=40, blank=True, db_default="")

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "delivered", "failed"]),
                name="webhook_delivery_status_known",
            ),
        ]
        indexes: ClassVar = [
            # What waits for an endpoint, in the order in which it is tried.
            models.Index(
                fields=["webhook", "attempts", "id"],
                condition=Q(status="pending"),
                name="webhook_delivery_waiting",
            ),
            # The log of an endpoint, newest first.
            models.Index(fields=["webhook", "-id"], name="webhook_delivery_log"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class CollectionToCheck(models.Model):
    """A job of this collection has ended: was it the last one?

    Written in the transaction that ended it. Whoever looks needs to see what all others have
    committed, so that is done afterwards (webhooks/collections.py).
    """

    # Without a constraint: whoever deletes a collection need not know of this table.
    collection = models.ForeignKey(Collection, models.DO_NOTHING, db_constraint=False)

    def __str__(self) -> str:
        return str(self.collection_id)
