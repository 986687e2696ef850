"""What the headers of an answer say about rate limits.

https://platform.claude.com/docs/en/api/rate-limits names them. What cannot be read is not there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

KINDS = ("requests", "input-tokens", "output-tokens")
WHAT = ("limit", "remaining", "reset")

# More than this is a mistake: limits are counted by the minute.
LONGEST_WAIT = timedelta(hours=1)


class Bucket(NamedTuple):
    """One limit: how much fits, what is left of it, and when it will be full again."""

    size: int
    left: int
    full_at: datetime


def buckets(headers: Mapping[str, str]) -> dict[str, Bucket]:
    """The limits that are told, by kind."""
    told = {}
    for kind in KINDS:
        name = f"anthropic-ratelimit-{kind}"
        size, left, reset = (headers.get(f"{name}-{what}", "") for what in WHAT)
        try:
            full_at = datetime.fromisoformat(reset)
            bucket = Bucket(int(size), int(left), full_at.astimezone(UTC))
        except (ValueError, OverflowError):
            continue
        if bucket.left >= 0 and 0 < bucket.size < 2**62 and full_at.tzinfo:
            told[kind] = bucket
    return told


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """For how long Anthropic asks to be left alone."""
    try:
        wait = timedelta(seconds=float(headers.get("retry-after", "")))
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)
