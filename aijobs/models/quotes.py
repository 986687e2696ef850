"""What jobs were expected to cost, and what is learned from what they did."""

from typing import ClassVar

from django.db import models

from aijobs.models.fields import JSONTextField
from citizenapp.tenants.models import Tenant


class _Ratios(models.Model):
    """How the tokens of jobs of one kind compare with what was expected of them.

    Of the prompt: the tokens that were charged, to those of `aijobs.tokens`. Of the answer: the
    tokens that were charged, to the most that it may have. `low` and `high` are those between
    which eight of ten jobs are.
    """

    job_type = models.CharField(max_length=20)
    model = models.CharField(max_length=100, help_text="Of the price table.")
    document_kind = models.CharField(max_length=6)
    jobs = models.IntegerField(help_text="Of how many charges these are.")
    prompt_low = models.FloatField()
    prompt_mean = models.FloatField()
    prompt_high = models.FloatField()
    answer_low = models.FloatField()
    answer_mean = models.FloatField()
    answer_high = models.FloatField()
    learned_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.job_type} by {self.model}, {self.document_kind}"


class TokenRatio(_Ratios):
    """The ratios of all tenants together."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job_type", "model", "document_kind"], name="token_ratio_once"
            ),
        ]


class TenantTokenRatio(_Ratios):
    """Those of one tenant, where it has enough charges."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "job_type", "model", "document_kind"],
                name="tenant_token_ratio_once",
            ),
        ]


class Quote(models.Model):
    """What was asked for, with its price, until it is confirmed or has expired.

    The request stands here as it came. When it is confirmed it is read once more, as if it had just
    been sent. Documents of quotes that nobody confirms are deleted when these expire.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    created_by = models.CharField(max_length=150)
    target = models.CharField(max_length=20, help_text="A job type, “collection”, or a form.")
    job_type = models.CharField(max_length=20)
    fields = JSONTextField(null=True, help_text="Of the body; null once it is not needed.")
    is_form = models.BooleanField()
    jobs = models.IntegerField()
    low_usd = models.DecimalField(max_digits=16, decimal_places=10)
    likely_usd = models.DecimalField(max_digits=16, decimal_places=10)
    high_usd = models.DecimalField(max_digits=16, decimal_places=10)
    answer = JSONTextField(help_text="The quote as it was told.")
    queued = JSONTextField(null=True, help_text="What was answered when it was confirmed.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    # No foreign keys: jobs may be pruned, what they were expected to cost stays.
    job_id = models.UUIDField(null=True)
    collection_id = models.UUIDField(null=True)
    charged_usd = models.DecimalField(
        max_digits=16,
        decimal_places=10,
        null=True,
        help_text="What its jobs cost, once all of them are over.",
    )

    class Meta:
        indexes: ClassVar = [
            # A tenant's quotes, newest first.
            models.Index(fields=["tenant", "-id"], name="quote_of_tenant"),
            # sweep empties these.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(fields__isnull=False),
                name="quote_to_empty",
            ),
            # sweep looks whether their jobs are over.
            models.Index(
                fields=["confirmed_at"],
                condition=models.Q(confirmed_at__isnull=False, charged_usd=None),
                name="quote_to_compare",
            ),
        ]

    def __str__(self) -> str:
        return f"quote {self.pk}"


class QuotePiece(models.Model):
    """A piece of a file that came with what is quoted; a file of 300 MB is never held whole."""

    BYTES: ClassVar = 1_000_000

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="pieces", db_index=False)
    file = models.SmallIntegerField(help_text="Of the request's files, from 0.")
    field = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=255)
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["quote", "file", "number"], name="quote_piece_once"),
        ]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.field}"
