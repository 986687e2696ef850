"""Anthropic's rate limits as far as they are known: what of each model's may be called now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, models

MINUTE_SECONDS = 60.0

# Limits are counted by the minute. A bucket that would be full later than this is a mistake in a
# header, by which nothing of the model would start for as long.
LONGEST_FILL_SECONDS = 300.0

# What is left of a bucket now: it fills evenly from when it was looked at.
LEVEL_NOW = """LEAST(size, level + per_second *
    GREATEST(0, EXTRACT(epoch FROM %(now)s::timestamptz - level_at)::float8))"""

TOLD = """
INSERT INTO aijobs_ratebucket (model, kind, size, level, per_second, level_at)
VALUES (%(model)s, %(kind)s, %(size)s, %(level)s, %(per_second)s, %(now)s)
ON CONFLICT (model, kind) DO UPDATE
SET size = EXCLUDED.size, level = EXCLUDED.level, per_second = EXCLUDED.per_second,
    level_at = EXCLUDED.level_at
WHERE aijobs_ratebucket.level_at <= EXCLUDED.level_at
"""

# A prompt that is larger than its bucket takes all of it: Anthropic, if it lets such a prompt pass,
# has no more to take either. Nothing would start until what lacked beyond that was filled in.
TAKEN = f"""
UPDATE aijobs_ratebucket SET level = {LEVEL_NOW} - LEAST(%(amount)s, size), level_at = %(now)s
WHERE model = %(model)s AND kind = %(kind)s
"""

# Calls that were under way together are refused together: that halves once.
REFUSED = """
INSERT INTO aijobs_ratelimit (model, at_once, halved_at, paused_until)
VALUES (%(model)s, GREATEST(1, %(most)s / 2.0), %(now)s, %(until)s)
ON CONFLICT (model) DO UPDATE
SET paused_until = GREATEST(aijobs_ratelimit.paused_until, EXCLUDED.paused_until),
    at_once = CASE WHEN aijobs_ratelimit.halved_at <= %(sent_at)s
        THEN GREATEST(1, LEAST(aijobs_ratelimit.at_once, %(most)s) / 2) ELSE
        aijobs_ratelimit.at_once END,
    halved_at = CASE WHEN aijobs_ratelimit.halved_at <= %(sent_at)s
        THEN EXCLUDED.halved_at ELSE aijobs_ratelimit.halved_at END
"""

ANSWERED = """
UPDATE aijobs_ratelimit SET at_once = LEAST(%(most)s, at_once + 1 / at_once)
WHERE model = %(model)s AND at_once < %(most)s
"""


class RateLimit(models.Model):
    """How many direct calls of a model run side by side, since Anthropic refused one as too many.

    A model without a row was never refused. Additive increase, multiplicative decrease: one more
    after as many answers as run side by side, half as many after a refusal. By this rule those who
    share something they cannot see come to equal and full use of it (Chiu and Jain, 1989, "Analysis
    of the Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks").
    """

    model = models.CharField(max_length=100, primary_key=True)
    at_once = models.FloatField(help_text="Direct calls side by side; its whole part counts.")
    halved_at = models.DateTimeField()
    paused_until = models.DateTimeField(help_text="No direct call starts before.")

    def __str__(self) -> str:
        return self.model

    @classmethod
    def mark_refused(
        cls, model: str, *, sent_at: datetime, until: datetime, most: int, now: datetime
    ) -> None:
        """Anthropic had no room for a call sent at `sent_at`: wait until then, with half as many.

        `most`: as many calls as run side by side where nothing was refused.
        """
        _execute(REFUSED, model=model, sent_at=sent_at, until=until, most=most, now=now)

    @classmethod
    def mark_answered(cls, model: str, *, most: int) -> None:
        """A call was answered: there may be room for more."""
        _execute(ANSWERED, model=model, most=most)


class RateBucket(models.Model):
    """One of a model's limits, as the headers of its last answer told it, less what was sent since.

    Anthropic's are token buckets, which fill all the time:
    https://platform.claude.com/docs/en/api/rate-limits.
    """

    pk = models.CompositePrimaryKey("model", "kind")
    model = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, help_text="requests, input-tokens or output-tokens.")
    size = models.FloatField(help_text="How much fits.")
    level = models.FloatField(help_text="What was left.")
    per_second = models.FloatField(help_text="How much is filled in.")
    level_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} of {self.model}"

    def level_now(self, now: datetime) -> float:
        """What is left of it."""
        passed = max(0.0, (now - self.level_at).total_seconds())
        return min(self.size, self.level + self.per_second * passed)

    @classmethod
    def mark_told(
        cls, model: str, kind: str, *, size: int, left: int, full_at: datetime, now: datetime
    ) -> None:
        """What an answer said; not where a later one has spoken."""
        lacks = size - left
        seconds = min((full_at - now).total_seconds(), LONGEST_FILL_SECONDS)
        # It fills by its size in a minute; what Anthropic says about this bucket goes before.
        pace = lacks / seconds if lacks > 0 and seconds >= 1 else size / MINUTE_SECONDS
        _execute(TOLD, model=model, kind=kind, size=size, level=left, per_second=pace, now=now)

    @classmethod
    def mark_taken(cls, model: str, amounts: Mapping[str, float], now: datetime) -> None:
        """So much of each kind is about to be used."""
        for kind, amount in amounts.items():
            _execute(TAKEN, model=model, kind=kind, amount=amount, now=now)


def _execute(statement: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
