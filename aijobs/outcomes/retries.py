"""What is sent again: which error, how often, and after which pause. One table."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from django.conf import settings

from aijobs.models import BlockReason

AT_ONCE = timedelta(0)
FIRST_PAUSE = timedelta(seconds=30)


class Limit(Enum):
    """How often an error lets a job be sent again."""

    ALWAYS = "nothing is wrong with the job: what happened is not one of its attempts"
    MAX_ATTEMPTS = "until AIJOBS_MAX_ATTEMPTS of its attempts have failed"
    ONCE = "one more time after the first error of this kind, within AIJOBS_MAX_ATTEMPTS"
    NEVER = "not at all"


class Retry(NamedTuple):
    limit: Limit
    longest_pause: timedelta = AT_ONCE
    """The pause doubles with each attempt, from 30 seconds up to this."""
    max_tokens_factor: int | None = None
    """Multiplies max_tokens from the next attempt on; None leaves the factor as it is."""


# Anthropic was busy or had trouble of its own: each attempt gives it more time.
TRANSIENT = Retry(Limit.MAX_ATTEMPTS, timedelta(hours=1))
# The circuit breaker holds the job in the queue until the account works again.
ACCOUNT_BLOCKED = Retry(Limit.ALWAYS)

# By error type: those of https://docs.claude.com/en/api/errors, of a batch's rows, and our own.
# What is not in the table is never sent again: Anthropic, or we, would refuse it the same way.
RETRIES: Mapping[str, Retry] = {
    "api_error": TRANSIENT,
    "overloaded_error": TRANSIENT,
    "rate_limit_error": TRANSIENT,
    "timeout_error": TRANSIENT,
    "batch_refused": TRANSIENT,
    "expired": Retry(Limit.MAX_ATTEMPTS),
    # The network may be back at any moment, and trying costs nothing.
    "never_sent": Retry(Limit.ALWAYS, timedelta(minutes=3)),
    # A direct call for which Anthropic had no room (429, 529): it may say when to come again.
    "busy": Retry(Limit.ALWAYS, timedelta(minutes=3)),
    # Canceled by us, or in Anthropic's console, together with its batch.
    "canceled": Retry(Limit.ALWAYS),
    "max_tokens": Retry(Limit.ONCE, max_tokens_factor=2),
    "invalid_output": Retry(Limit.ONCE),
    BlockReason.SPEND_LIMIT: ACCOUNT_BLOCKED,
    BlockReason.ON_HOLD: ACCOUNT_BLOCKED,
    BlockReason.LOW_CREDIT: ACCOUNT_BLOCKED,
    BlockReason.BILLING: ACCOUNT_BLOCKED,
    BlockReason.BAD_KEY: ACCOUNT_BLOCKED,
}
NEVER = Retry(Limit.NEVER)

NOT_AN_ATTEMPT = frozenset(
    error_type for error_type, retry in RETRIES.items() if retry.limit is Limit.ALWAYS
)


# Nobody knows what the answer was, or would have been.
UNKNOWN = frozenset({"in_doubt", "results_expired"})


def is_passing(error_type: str) -> bool:
    """Whether a job failed for no fault of its own: another like it may well succeed."""
    limit = RETRIES.get(error_type, NEVER).limit
    return error_type in UNKNOWN or limit in (Limit.ALWAYS, Limit.MAX_ATTEMPTS)


def is_sent_again(error_type: str, attempts: int, earlier: Mapping[str, int]) -> bool:
    """Whether a job that failed with this error is queued again.

    `attempts`: how often it was sent since a person last asked for it, this time included.
    `earlier`: how many of those ended before with which error.
    """
    limit = RETRIES.get(error_type, NEVER).limit
    if limit is Limit.ALWAYS:
        return True
    if limit is Limit.NEVER or (limit is Limit.ONCE and earlier.get(error_type)):
        return False
    counted = attempts - sum(earlier.get(kind, 0) for kind in NOT_AN_ATTEMPT)
    return counted < settings.AIJOBS_MAX_ATTEMPTS


def pause(error_type: str, attempts: int) -> timedelta:
    """How long it waits in the queue first; `attempts` as above."""
    longest = RETRIES.get(error_type, NEVER).longest_pause
    return min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 10), longest)


def max_tokens_factor(error_type: str, now: int) -> int:
    """The factor of its next attempt, where this one had the factor `now`."""
    return RETRIES.get(error_type, NEVER).max_tokens_factor or now
