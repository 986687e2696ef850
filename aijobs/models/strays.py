"""Batches at Anthropic that none of ours stands for, and how they may come about."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q

from aijobs.models.batches import Batch


class LostSubmission(models.Model):
    """A submission in doubt that was given up, so that its batch could be sent again.

    Should Anthropic have it after all, it bears this nonce, and the batch bears another by then.
    """

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="lost_submissions")
    nonce = models.CharField(max_length=16, unique=True)
    watermark = models.CharField(max_length=100, blank=True)
    requests = models.PositiveIntegerField()
    submitting_at = models.DateTimeField()
    unconfirmed_at = models.DateTimeField()
    released_at = models.DateTimeField()
    released_by = models.CharField(max_length=150, blank=True)

    class Meta:
        indexes: ClassVar = [
            # sweep looks for those that may still turn up.
            models.Index(fields=["released_at"], name="lost_submission_age"),
        ]

    def __str__(self) -> str:
        return f"lost submission {self.nonce}"


class StrayBatch(models.Model):
    """A batch at Anthropic that is none of ours, or one too many.

    What a duplicate cost was paid for nothing: it stands here and not in the ledger, for no
    tenant asked for it.
    """

    class Kind(models.TextChoices):
        DUPLICATE = "duplicate", "Sent by us, and sent again before it turned up"
        FOREIGN = "foreign", "Sent by somebody else"

    remote_id = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    batch = models.ForeignKey(
        Batch,
        models.PROTECT,
        null=True,
        related_name="strays",
        help_text="Ours that it doubles, or that it was taken for.",
    )
    requests = models.PositiveIntegerField()
    created_at = models.DateTimeField(help_text="By Anthropic's clock.")
    found_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    succeeded = models.PositiveIntegerField(
        default=0, help_text="Requests that were answered, and charged, before it was canceled."
    )
    cost_usd = models.DecimalField(max_digits=16, decimal_places=10, default=Decimal(0))

    class Meta:
        verbose_name_plural = "stray batches"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["duplicate", "foreign"]), name="stray_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="foreign") | Q(batch__isnull=False), name="stray_doubles_a_batch"
            ),
        ]
        indexes: ClassVar = [
            # sweep cancels and follows these until they have ended.
            models.Index(
                fields=["id"],
                name="stray_open",
                condition=Q(kind="duplicate", ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id
