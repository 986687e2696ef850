"""A message as the stream of events in which the Messages API sends it, and what may go wrong.

https://platform.claude.com/docs/en/build-with-claude/streaming names the events and their order.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from aijobs.wire.errors import TYPE_BY_STATUS, default_message

from .faults import Fault, drop

# About as much as comes in one delta.
_PIECE_CHARS = 24
# A reset overtakes what is still on its way to the client.
_CUT_AFTER_SECONDS = 0.05

Event = tuple[str, dict[str, Any]]


class EventStream(web.StreamResponse):
    """Sends the events once it is returned; until then faults may keep all of it back.

    `seconds`: how long the whole message takes. `under_way`: where the call is noted meanwhile.
    """

    def __init__(
        self,
        message: Mapping[str, Any],
        *,
        seconds: float,
        fault: Fault | None,
        under_way: set[asyncio.Task[object]],
    ) -> None:
        super().__init__(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        self._events = list(events(message))
        self._pause = seconds / len(self._events)
        self._fault = fault
        self._under_way = under_way

    async def write_eof(self, data: bytes = b"") -> None:
        """Called by the server, which has sent the headers."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            await self._write_events()
        finally:
            self._under_way.discard(task)
        await super().write_eof(data)

    async def _write_events(self) -> None:
        fault = self._fault
        for number, event in enumerate(self._events):
            if fault and number == fault.rows:
                if fault.fault == "silence":
                    await asyncio.sleep(fault.seconds)
                elif fault.fault == "error_event":
                    kind = TYPE_BY_STATUS.get(fault.status, "api_error")
                    error = {"type": kind, "message": fault.message or default_message(kind)}
                    await self.write(_line("error", {"type": "error", "error": error}))
                    return
                elif fault.fault == "cut":
                    await asyncio.sleep(_CUT_AFTER_SECONDS)
                    assert isinstance(self._req, web.Request)
                    drop(self._req, orderly=fault.orderly)
                    return
            await self.write(_line(*event))
            if self._pause:
                await asyncio.sleep(self._pause)


def events(message: Mapping[str, Any]) -> Iterator[Event]:
    """The events of a whole message, with their data."""
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    begun["stop_details"] = None
    usage = message.get("usage")
    if usage:
        begun["usage"] = {**usage, "output_tokens": 1}
    yield "message_start", {"type": "message_start", "message": begun}
    yield "ping", {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield from _block(index, block)
    ends = ("stop_reason", "stop_sequence", "stop_details", "container")
    ending: dict[str, Any] = {
        "type": "message_delta",
        "delta": {name: message[name] for name in ends},
    }
    if usage:
        told = ("input_tokens", "output_tokens", "cache_creation_input_tokens")
        names = (*told, "cache_read_input_tokens", "output_tokens_details", "server_tool_use")
        ending["usage"] = {name: usage[name] for name in names}
    yield "message_delta", ending
    yield "message_stop", {"type": "message_stop"}


def _block(index: int, block: Mapping[str, Any]) -> Iterator[Event]:
    kind = block["type"]
    empty = {**block, kind: ""}
    if kind == "thinking":
        empty["signature"] = ""
    yield _of_block("start", index, content_block=empty)
    text = block[kind]
    for start in range(0, len(text), _PIECE_CHARS):
        piece = text[start : start + _PIECE_CHARS]
        yield _of_block("delta", index, delta={"type": f"{kind}_delta", kind: piece})
    if kind == "thinking":
        signed = {"type": "signature_delta", "signature": block["signature"]}
        yield _of_block("delta", index, delta=signed)
    yield _of_block("stop", index)


def _of_block(what: str, index: int, **more: Any) -> Event:
    name = f"content_block_{what}"
    return name, {"type": name, "index": index, **more}


def _line(name: str, data: Mapping[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
