"""What is sent again: which error, how often, and after which pause. One table."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from django.conf import settings

from aijobs.models import BlockReason

AT_ONCE = timedelta(0)
FIRST_PAUSE = timedelta(seconds=30)

# Anthropic's word on when to come again is followed to the second so often. A job that is refused
# more often waits by the table where that is longer: its limit of refusals then takes hours.
TIMES_TOLD = 10
MOST_REFUSALS = 100

# Whatever happens. It takes weeks without a network, and the column of attempts holds three times
# as many.
MOST_ATTEMPTS = 10_000


class Limit(Enum):
    """How often an error lets a job be sent again."""

    ALWAYS = "nothing is wrong with the job: what happened is not one of its attempts"
    REFUSALS = "likewise, until it has happened a hundred times: then it does not pass by waiting"
    MAX_ATTEMPTS = "until AIJOBS_MAX_ATTEMPTS of its attempts have failed"
    ONCE = "one more time after the first error of this kind, within AIJOBS_MAX_ATTEMPTS"
    NEVER = "not at all"


class Retry(NamedTuple):
    limit: Limit
    longest_pause: timedelta = AT_ONCE
    """The pause doubles with each attempt, from 30 seconds up to this."""
    max_tokens_factor: int | None = None
    """Multiplies max_tokens from the next attempt on; None leaves the factor as it is."""
    last_words: str = ""
    """Said with the last error, where the limit ends the job."""


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
    # A direct call for which Anthropic had no room (429, 529): it may say when to come again. A
    # prompt that limits never let through must not pause all calls of its model for ever.
    "busy": Retry(
        Limit.REFUSALS,
        timedelta(minutes=3),
        last_words=f"Anthropic had no room for it {MOST_REFUSALS} times. Its prompt may be larger"
        " than the rate limits of the account let through. Anthropic said:",
    ),
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
    error_type
    for error_type, retry in RETRIES.items()
    if retry.limit in (Limit.ALWAYS, Limit.REFUSALS)
)


# Nobody knows what the answer was, or would have been.
UNKNOWN = frozenset({"in_doubt", "results_expired"})


def is_passing(error_type: str) -> bool:
    """Whether a job failed for no fault of its own: another like it may well succeed."""
    limit = RETRIES.get(error_type, NEVER).limit
    passing = (Limit.ALWAYS, Limit.REFUSALS, Limit.MAX_ATTEMPTS)
    return error_type in UNKNOWN or limit in passing


def is_sent_again(error_type: str, attempts: int, earlier: Mapping[str, int]) -> bool:
    """Whether a job that failed with this error is queued again.

    `attempts`: how often it was sent since a person last asked for it, this time included.
    `earlier`: how many of those ended before with which error.
    """
    limit = RETRIES.get(error_type, NEVER).limit
    if attempts >= MOST_ATTEMPTS:
        return False
    if limit is Limit.ALWAYS:
        return True
    if limit is Limit.REFUSALS:
        return earlier.get(error_type, 0) + 1 < MOST_REFUSALS
    if limit is Limit.NEVER or (limit is Limit.ONCE and earlier.get(error_type)):
        return False
    counted = attempts - sum(earlier.get(kind, 0) for kind in NOT_AN_ATTEMPT)
    return counted < settings.AIJOBS_MAX_ATTEMPTS


def pause(error_type: str, attempts: int, told: timedelta | None = None) -> timedelta:
    """How long it waits in the queue first; `attempts` as above.

    `told`: for how long Anthropic asks to be left alone, where it does.
    """
    longest = RETRIES.get(error_type, NEVER).longest_pause
    doubled = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 10), longest)
    if told is None:
        return doubled
    return told if attempts <= TIMES_TOLD else max(told, doubled)


def message(error_type: str, said: str, *, is_last: bool) -> str:
    """What is stored with an attempt that failed; `is_last`: none follows by itself."""
    words = RETRIES.get(error_type, NEVER).last_words
    return f"{words} {said}" if is_last and words else said


def max_tokens_factor(error_type: str, now: int) -> int:
    """The factor of its next attempt, where this one had the factor `now`."""
    return RETRIES.get(error_type, NEVER).max_tokens_factor or now
