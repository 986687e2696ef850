"""Rate limits of the Messages API: a bucket for each model and kind, filled again all the time.

https://platform.claude.com/docs/en/api/rate-limits names the kinds and the headers. A call is let
in while each bucket has at least one in it, and takes what it really used.
"""

import math
from datetime import UTC, datetime

from aijobs.wire.errors import ApiError

MINUTE = 60.0
KINDS = ("requests", "input-tokens", "output-tokens")

Sizes = dict[str, int]
"""What may be used in a minute, by kind; 0 is no limit."""


class Limits:
    """The buckets of all workspaces; moments are seconds."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str, str], tuple[float, float]] = {}

    def clear(self) -> None:
        self._levels.clear()

    def admit(self, workspace: str, model: str, sizes: Sizes, now: float) -> None:
        """Let a call in. Raises ApiError 429, which says when to come again."""
        waits = [
            (1 - level) * MINUTE / size
            for kind, size in sizes.items()
            if size and (level := self._level(workspace, model, kind, size, now)) < 1
        ]
        if waits:
            headers = self.headers(workspace, model, sizes, now)
            raise ApiError(429, retry_after_seconds=math.ceil(max(waits)), headers=headers)

    def take(self, workspace: str, model: str, sizes: Sizes, used: Sizes, now: float) -> None:
        """Take what a call used out of the buckets."""
        for kind, size in sizes.items():
            if size:
                level = self._level(workspace, model, kind, size, now)
                self._levels[workspace, model, kind] = (level - used[kind], now)

    def headers(self, workspace: str, model: str, sizes: Sizes, now: float) -> dict[str, str]:
        """What every answer says about the buckets."""
        told = {}
        for kind, size in sizes.items():
            if size:
                level = self._level(workspace, model, kind, size, now)
                full_at = datetime.fromtimestamp(now + (size - level) * MINUTE / size, UTC)
                name = f"anthropic-ratelimit-{kind}"
                told[f"{name}-limit"] = str(size)
                told[f"{name}-remaining"] = str(max(0, int(level)))
                told[f"{name}-reset"] = full_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        return told

    def _level(self, workspace: str, model: str, kind: str, size: int, now: float) -> float:
        level, at = self._levels.get((workspace, model, kind), (float(size), now))
        return min(float(size), level + size * (now - at) / MINUTE)
