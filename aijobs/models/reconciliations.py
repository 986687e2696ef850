"""What became of holding the ledger against Anthropic's bill, day by day."""

from typing import ClassVar

from django.db import models

from aijobs.models.fields import JSONTextField


class Verdict(models.TextChoices):
    """From best to worst; of several lines, the worst counts."""

    AGREES = "agrees", "Agrees"
    SHIFTED = "shifted", "Agrees with the days beside it"
    OPEN = "open", "Differs, and may still change"
    DIFFERS = "differs", "Differs"


class Reconciliation(models.Model):
    """One day in UTC, as it was found last. Checked again, its row and lines are replaced.

    Anthropic counts usage when it is worked on, the ledger when an answer came. What ran over
    midnight may stand on either day: then all days from `first_day` to `last_day`, which nothing
    runs out of, are compared as a whole too.
    """

    day = models.DateField(unique=True)
    checked_at = models.DateTimeField()
    source = models.CharField(
        max_length=6, choices=[("report", "Usage and Cost API"), ("file", "Export of the console")]
    )
    first_day = models.DateField()
    last_day = models.DateField()
    verdict = models.CharField(max_length=7, choices=Verdict.choices)
    is_final = models.BooleanField(help_text="The day was over, and all of it accounted for.")
    difference_usd = models.DecimalField(
        max_digits=20, decimal_places=10, null=True, help_text="Anthropic's sum less ours."
    )
    notes = JSONTextField(help_text="What explains a difference: a list of sentences.")

    class Meta:
        indexes: ClassVar = [
            # The overview names these.
            models.Index(
                fields=["-day"],
                name="reconciliation_differs",
                condition=models.Q(verdict="differs"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.day)


class ReconciledLine(models.Model):
    """One model, kind of token and tier of a day: what the ledger says, and what Anthropic says."""

    class Kind(models.TextChoices):
        INPUT = "input_tokens", "Input, uncached"
        OUTPUT = "output_tokens", "Output"
        CACHE_READ = "cache_read_input_tokens", "Cache read"
        CACHE_WRITE_5M = "cache_write_5m_tokens", "Cache write, 5 minutes"
        CACHE_WRITE_1H = "cache_write_1h_tokens", "Cache write, 1 hour"
        OTHER = "other", "Other"

    class Tier(models.TextChoices):
        BATCH = "batch", "Batch"
        STANDARD = "standard", "Standard"

    reconciliation = models.ForeignKey(Reconciliation, models.CASCADE, related_name="lines")
    model = models.CharField(max_length=100)
    kind = models.CharField(max_length=23, choices=Kind.choices)
    tier = models.CharField(max_length=8, choices=Tier.choices)
    ours = models.BigIntegerField(help_text="Tokens.")
    theirs = models.BigIntegerField(null=True, help_text="Tokens; null where none were told.")
    ours_usd = models.DecimalField(max_digits=20, decimal_places=10)
    theirs_usd = models.DecimalField(
        max_digits=20, decimal_places=10, null=True, help_text="Null where no costs were told."
    )
    verdict = models.CharField(max_length=7, choices=Verdict.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reconciliation", "model", "kind", "tier"], name="reconciled_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}, {self.kind}, {self.tier}"
