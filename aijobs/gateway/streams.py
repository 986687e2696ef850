"""A message put together from the events in which it is streamed.

https://platform.claude.com/docs/en/build-with-claude/streaming names the events. What is not named
there is passed over, as it asks.
"""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aijobs.gateway.known import InDoubt, Refused

if TYPE_CHECKING:
    from httpx2 import Response

# What a delta adds to, and the field of the block that grows by it.
GROWING = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
STATUS_BY_TYPE = {"overloaded_error": 529, "rate_limit_error": 429}


class Assembly:
    """One message as far as it has come. `is_whole` once Anthropic said that it is."""

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self.is_whole = False
        self._pieces: dict[tuple[int, str], list[str]] = {}

    def take(self, kind: str | None, data: str) -> str:
        """Take an event in; returns what it adds to the text of the answer.

        Raises Refused for an error before anything was begun, and InDoubt for one after that: what
        was written until then may be billed, and the documentation does not say. InDoubt also for
        an event that is none.
        """
        try:
            return self._take(kind, json.loads(data) if data else {})
        except (ValueError, LookupError, TypeError, AttributeError):
            raise InDoubt("The stream of the answer cannot be read.") from None

    def whole(self) -> dict[str, Any]:
        """The message. Raises InDoubt where its end has not come."""
        if not self.is_whole:
            begun = "broke off" if self.message else "held no message"
            raise InDoubt(f"The stream of the answer {begun}.")
        for (index, field), pieces in self._pieces.items():
            self.message["content"][index][field] = "".join(pieces)
        return self.message

    def _take(self, kind: str | None, event: dict[str, Any]) -> str:
        match kind:
            case "message_start":
                self.message = {**event["message"], "content": []}
            case "content_block_start":
                self.message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                return self._grow(event["index"], event["delta"])
            case "message_delta":
                self.message.update(event["delta"])
                # Totals, not additions; what is left out stays as it was at the start.
                told = {k: v for k, v in (event.get("usage") or {}).items() if v is not None}
                if told:
                    self.message["usage"] = (self.message.get("usage") or {}) | told
            case "message_stop":
                self.is_whole = bool(self.message)
            case "error":
                self._fail(event.get("error") or {})
        return ""

    def _grow(self, index: int, delta: dict[str, Any]) -> str:
        field = GROWING.get(delta["type"])
        if field is None:
            return ""
        piece: str = delta[field]
        block = self.message["content"][index]
        self._pieces.setdefault((index, field), [block.get(field) or ""]).append(piece)
        return piece if field == "text" else ""

    def _fail(self, error: dict[str, Any]) -> None:
        kind = str(error.get("type") or "api_error")
        said = f"Anthropic broke its answer off with {kind[:60]}."
        if self.message:
            raise InDoubt(said)
        raise Refused(said, status=STATUS_BY_TYPE.get(kind, 500), error_type=kind)


class Timed:
    """A response whose pieces come until its time is up, by the monotonic clock.

    Pieces are counted, not events: a proxy may keep a connection open by comments, without end.
    """

    def __init__(self, response: "Response", ends: float) -> None:
        self.response = response
        self.ends = ends

    def iter_bytes(self) -> Iterator[bytes]:
        for piece in self.response.iter_bytes():
            yield piece
            if time.monotonic() > self.ends:
                raise InDoubt("The answer took too long.")
