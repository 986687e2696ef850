"""Which direct calls bear a breakpoint: where another begins like it within five minutes.

Unlike the requests of a batch, direct calls read what another has written as soon as that has begun
to be answered: https://platform.claude.com/docs/en/build-with-claude/prompt-caching. So of calls
that start together one writes, and the others start when its answer has begun.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from aijobs import caching
from aijobs.jobtypes import prefixes

# From its last use.
KEPT = timedelta(minutes=5)
# The first words of an answer take a second or two. Who has waited for so long goes without.
LONGEST_WAIT_SECONDS = 10.0


@dataclass(slots=True)
class Beginning:
    """What is known of one beginning: until when it is worth a breakpoint, or in the cache."""

    seen_until: datetime
    is_written: bool = False
    warm: threading.Event | None = None
    """There while one call writes it, or has; set when that is over, however it ended."""


@dataclass(slots=True)
class Call:
    """A request as it is to be sent. `began` is called when its answer has begun."""

    params: dict[str, Any]
    began: Callable[[], None] = field(default=lambda: None)


class Warmth:
    """What this round of calls knows of the cache. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._beginnings: dict[bytes, Beginning] = {}

    @contextmanager
    def call(
        self, params: dict[str, Any], *, shares_document: bool, has_company: bool, now: datetime
    ) -> Iterator[Call]:
        """The request as it is to be sent, with a breakpoint or without, once it may start.

        `has_company`: another job of its collection is called now.
        """
        prefix = caching.prefix_of(params, shares_document=shares_document)
        if (
            prefix is None
            or not settings.AIJOBS_CACHE
            or not caching.pays_at_once(params["model"], prefix.tokens, on=now.date())
        ):
            yield Call(params)
            return
        marked = prefixes.with_breakpoint(
            params, shares_document=shares_document, kept=prefixes.KEPT_FOR_FIVE_MINUTES
        )
        with self._lock:
            known = self._recent(prefix.sha256, now)
            writes = (has_company or known is not None) and (known is None or known.warm is None)
            if known is None:
                known = self._beginnings[prefix.sha256] = Beginning(now + KEPT)
            known.seen_until = now + KEPT
            if writes:
                known.warm = threading.Event()
            warm = known.warm
        if warm is None:
            yield Call(params)
        elif writes:
            yield from self._written(known, warm, marked)
        else:
            warm.wait(LONGEST_WAIT_SECONDS)
            yield Call(marked if known.is_written else params)

    def _written(
        self, known: Beginning, warm: threading.Event, marked: dict[str, Any]
    ) -> Iterator[Call]:
        def began() -> None:
            known.is_written = True
            warm.set()

        try:
            yield Call(marked, began)
        finally:
            if not known.is_written:
                known.warm = None  # The next one may write it.
            warm.set()

    def _recent(self, sha256: bytes, now: datetime) -> Beginning | None:
        """What is known of it; what was last seen too long ago is forgotten."""
        self._beginnings = {
            key: one for key, one in self._beginnings.items() if one.seen_until >= now
        }
        return self._beginnings.get(sha256)


@contextmanager
def without_cache(params: dict[str, Any]) -> Iterator[Call]:
    """A request without a breakpoint, at once."""
    yield Call(params)
