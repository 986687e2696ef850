"""The circuit breaker: nothing is sent while Anthropic would refuse it all."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least

# Pauses before a probe: doubled each time, from the first to the second.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)
MOST_DOUBLINGS = 10


class BlockReason(models.TextChoices):
    """Why Anthropic would refuse everything that is sent."""

    SPEND_LIMIT = "spend_limit", "The spending limit of the Anthropic account is reached."
    ON_HOLD = "on_hold", "Anthropic has put the account on hold."
    LOW_CREDIT = "low_credit", "The credit of the Anthropic account is used up."
    BILLING = "billing", "Anthropic reports a problem with the billing of the account."
    BAD_KEY = "bad_key", "Anthropic does not accept the API key."
    NO_PERMISSION = "no_permission", "The API key may not do what is asked of Anthropic."


class CircuitBreakerQuerySet(models.QuerySet["CircuitBreaker"]):
    def open(self) -> Self:
        """The one that is open, if any."""
        return self.filter(closed_at=None)

    def holding(self, now: datetime) -> Self:
        """Open, and not even a probe may go out yet."""
        return self.open().filter(probe_at__gt=now)


class CircuitBreaker(models.Model):
    """One time during which nothing was sent: from the refusal until sending worked again.

    At most one is open. When `probe_at` has come, one batch or one call goes out to see whether
    Anthropic takes it; everything else waits.
    """

    reason = models.CharField(max_length=20, choices=BlockReason.choices)
    message = models.CharField(max_length=300, help_text="What Anthropic said.")
    needs_answer = models.BooleanField(
        default=False,
        help_text="It showed in answers: that a batch is accepted does not prove it is over.",
    )
    opened_at = models.DateTimeField()
    probe_at = models.DateTimeField(help_text="When the next batch or call goes out to see.")
    probes = models.PositiveSmallIntegerField(default=0, help_text="Probes so far.")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(
        max_length=150, blank=True, help_text="Who resumed by hand; empty: a probe succeeded."
    )

    objects = CircuitBreakerQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["closed_at"],
                condition=Q(closed_at=None),
                nulls_distinct=False,
                name="breaker_one_open",
            ),
        ]

    def __str__(self) -> str:
        return self.get_reason_display()

    @classmethod
    def reason_of(cls, error_type: str, error_code: str, message: str) -> "BlockReason | None":
        """Why Anthropic would refuse everything else too; None where one request is at fault.

        The one definition of what stops everything: https://docs.claude.com/en/api/errors names
        the types; codes and the sentence about credit are as the API answers.
        """
        if error_code in ("enforced_spend_limit_reached", "contract_spend_limit_reached"):
            return BlockReason.SPEND_LIMIT
        if error_code == "organization_on_hold":
            return BlockReason.ON_HOLD
        by_type = {
            "authentication_error": BlockReason.BAD_KEY,
            "billing_error": BlockReason.BILLING,
            "permission_error": BlockReason.NO_PERMISSION,
        }
        if error_type in by_type:
            return by_type[error_type]
        # The type of this one is invalid_request_error.
        return BlockReason.LOW_CREDIT if "credit balance is too low" in message else None

    def claim_probe(self, now: datetime) -> bool:
        """The right to send one thing; False while it is not time, or when another took it.

        The next pause begins with the claim: a worker that dies with it blocks nothing.
        """
        pause = min(FIRST_PAUSE * 2.0 ** min(self.probes + 1, MOST_DOUBLINGS), LONGEST_PAUSE)
        claimed = CircuitBreaker.objects.filter(
            pk=self.pk, closed_at=None, probes=self.probes, probe_at__lte=now
        )
        return bool(claimed.update(probe_at=now + pause, probes=Least(F("probes") + 1, 1_000)))

    def mark_closed(self, now: datetime, by: str = "") -> bool:
        """Sending works again, or a person wants to see. False: it was closed before."""
        closed = CircuitBreaker.objects.filter(pk=self.pk, closed_at=None)
        return bool(closed.update(closed_at=now, closed_by=by))
