"""Token buckets in Valkey, which all processes share: what is taken by one is gone for the others.

They are a courtesy among tenants, and nothing depends on them: while Valkey is away or slow, nobody
is limited, and nobody waits for it.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("take.lua").read_text("utf-8")
# On the way of every call: who does not answer by then is as good as away.
PATIENCE_SECONDS = 0.1
# So long nobody asks one that was away; then a single call does.
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """Gets `rate` tokens a second, and holds `burst` of them. `key` is its name in Valkey."""

    key: str
    rate: float
    burst: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a token was taken of each bucket; if not, none was, of any.

    `left` has the whole tokens in each, `wait` the seconds until there is one in all of them.
    """

    is_taken: bool
    wait: float
    left: Sequence[int]


class Buckets:
    """The buckets of one Valkey. Threads share it."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._valkey: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            # Its own way would be to try three times.
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._valkey.register_script(SCRIPT)
        self._clock = clock
        self._lock = threading.Lock()
        self._is_away = False
        self._ask_again_at = 0.0

    def take(self, buckets: Sequence[Bucket], now: float | None = None) -> Taken | None:
        """Take a token of each; None where Valkey does not answer.

        `now` is in seconds since 1970; without it, Valkey's own clock counts.
        """
        if self._is_away and not self._may_ask():
            return None
        terms = [term for one in buckets for term in (one.rate, one.burst)]
        moment = "" if now is None else repr(now)
        try:
            is_taken, wait, *left = self._script([one.key for one in buckets], [moment, *terms])
        except (redis.RedisError, OSError) as error:
            self._lose(error)
            return None
        if self._is_away:
            self._find()
        return Taken(bool(is_taken), float(wait), left)

    def _may_ask(self) -> bool:
        """Whether this call is the one that asks whether Valkey is back."""
        with self._lock:
            if self._clock() < self._ask_again_at:
                return False
            self._ask_again_at = self._clock() + PAUSE_SECONDS
            return True

    def _lose(self, error: Exception) -> None:
        with self._lock:
            if not self._is_away:
                logger.warning("Calls are not limited: Valkey is away (%s).", type(error).__name__)
            self._is_away = True
            self._ask_again_at = self._clock() + PAUSE_SECONDS
        # Connections to a server that has gone would each fail once more.
        self._valkey.connection_pool.disconnect(inuse_connections=False)

    def _find(self) -> None:
        with self._lock:
            if self._is_away:
                logger.info("Calls are limited again: Valkey is back.")
            self._is_away = False


@cache
def _buckets_at(url: str) -> Buckets:
    return Buckets(url)


def here() -> Buckets:
    """Those of this installation."""
    return _buckets_at(settings.REDIS_URL)
