"""What is tried again, and when. Nothing here sleeps or sends."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# The request was not taken, or nobody knows whether it was. What is sent again is harmless: each
# POST has an Idempotency-Key that stays the same, and all other methods are idempotent by nature.
STATUSES = frozenset({429, 502, 503, 504})
# The same key is being worked on: the first try has arrived, and its answer is on its way.
KEY_IN_USE = "/problems/idempotency-in-progress"


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient the client is. Times are in seconds.

    Without `Retry-After`, the n-th pause is a random part of `first` · 2ⁿ⁻¹, and `longest` at most:
    clients that failed together do not come back together. What the server asks for in
    `Retry-After` is kept to the letter; where that is more than `patience`, the problem is raised.
    """

    most: int = 5
    first: float = 0.5
    longest: float = 20
    patience: float = 120
    random: Callable[[], float] = field(default=random.random, repr=False)

    def after_error(self, tries: int) -> float | None:
        """How long to wait after so many tries, the last without an answer. None: give up."""
        if tries > self.most:
            return None
        # At least half of it, so that pauses grow.
        most = min(self.first * 2.0 ** (tries - 1), self.longest)
        return most * (0.5 + self.random() / 2)

    def after_answer(
        self, tries: int, status: int, kind: str, headers: Mapping[str, str], *, now: datetime
    ) -> float | None:
        """The same after an error that the server told; `kind` is the type of the problem."""
        if status not in STATUSES and kind != KEY_IN_USE:
            return None
        pause = self.after_error(tries)
        if pause is None:
            return None
        asked = retry_after(headers, now)
        if asked is None:
            return pause
        return None if asked > self.patience else asked


NONE = Retries(most=0)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds for which the server asks; None where it asks for nothing that is understood."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:10])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
