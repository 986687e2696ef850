"""Faults to order: what a network, a proxy or an overloaded API does, at a chosen call."""

import asyncio
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Literal, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from aijobs.wire.errors import ApiError

Call = Literal[
    "create",
    "list",
    "retrieve",
    "results",
    "cancel",
    "delete",
    "message",
    "usage_report",
    "cost_report",
    "any",
]
Kind = Literal[
    "drop",
    "status",
    "slow",
    "html",
    "cut",
    "half_line",
    "missing",
    "duplicate",
    "foreign",
    "lag",
    "silence",
    "error_event",
]

# Faults of the connection or the status apply to any call, the others shape one answer.
_ANYWHERE = frozenset({"drop", "status", "slow", "html"})
_SHAPES = {
    "results": frozenset({"cut", "half_line", "missing", "duplicate", "foreign"}),
    "list": frozenset({"lag"}),
    "message": frozenset({"cut", "silence", "error_event"}),
}

_HTML = "<html><head><title>Proxy</title></head><body><h1>It works!</h1></body></html>"
# Closing with this set sends a reset instead of an orderly end.
_RESET = struct.pack("ii", 1, 0)


class Fault(BaseModel):
    """One order.

    `at`: the call. `when`: `early` (before the body is read), `before` (the body is read, nothing
    done) or `after` (it is done, then the answer fails). `times` it holds (0: until taken back),
    `after_calls` that it lets pass first. The other fields belong to single kinds of fault.
    """

    model_config = ConfigDict(extra="forbid")

    at: Call
    fault: Kind
    when: Literal["early", "before", "after"] = "before"
    times: int = Field(1, ge=0)
    after_calls: int = Field(0, ge=0)
    status: int = Field(500, ge=400, lt=600)
    error_code: str | None = None
    message: str = ""
    retry_after_seconds: float | None = None
    seconds: float = Field(0, ge=0)
    rows: int = Field(1, ge=0)
    orderly: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.fault not in _ANYWHERE | _SHAPES.get(self.at, frozenset()):
            raise ValueError(f"{self.fault} cannot happen at {self.at}")
        return self


FAULT = web.RequestKey("fault", Fault)


class Faults:
    """The orders that are open, oldest first; each call takes at most one."""

    def __init__(self) -> None:
        self._open: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._open.append(fault)

    def clear(self) -> None:
        self._open.clear()

    def view(self) -> list[dict[str, object]]:
        return [fault.model_dump() for fault in self._open]

    def take(self, call: str) -> Fault | None:
        """The fault that this call meets, if any."""
        for fault in self._open:
            if fault.at not in {call, "any"}:
                continue
            if fault.after_calls:
                fault.after_calls -= 1
                continue
            if fault.times:
                fault.times -= 1
                if not fault.times:
                    self._open.remove(fault)
            return fault
        return None


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def meet(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a call that meets a fault."""
    hesitates = fault.fault == "slow" and fault.when == "before" and request.can_read_body
    if fault.fault not in _ANYWHERE or hesitates:
        request[FAULT] = fault
        return await handler(request)
    response: web.StreamResponse | None = None
    # A GET leaves nothing behind: after it is as before it.
    if fault.when == "after" and request.method != "GET":
        response = await handler(request)
    elif fault.when != "early":
        await drain(request)
    if fault.fault == "slow":
        await asyncio.sleep(fault.seconds)
        return response or await handler(request)
    if fault.fault == "drop":
        drop(request, orderly=fault.orderly)
        return web.Response()
    if fault.fault == "html":
        return web.Response(text=_HTML, content_type="text/html")
    raise ApiError(
        fault.status,
        fault.message,
        error_code=fault.error_code,
        retry_after_seconds=fault.retry_after_seconds,
    )


async def hesitate(request: web.Request) -> None:
    """Be slow where that was ordered: all of the call has arrived and nothing is done yet."""
    fault = request.get(FAULT)
    if fault and fault.fault == "slow":
        await asyncio.sleep(fault.seconds)


async def drain(request: web.Request) -> None:
    """Read the rest of the body and forget it, so that the client can read the answer."""
    async for _ in request.content.iter_any():
        pass


def drop(request: web.Request, *, orderly: bool = False) -> None:
    """End the connection without an answer: by a reset, or in an orderly way."""
    transport = request.transport
    if transport is None:
        return
    if orderly:
        transport.close()
        return
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def is_connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def shaped(order: list[int], fault: Fault | None) -> list[int]:
    """The positions of result rows as the fault leaves them."""
    if fault is None:
        return order
    if fault.fault == "missing":
        return order[fault.rows :]
    if fault.fault == "duplicate":
        return order + order[: fault.rows]
    return order


def garbled(rows: Iterable[bytes], fault: Fault | None) -> Iterator[bytes]:
    """The rows as the fault leaves them; after a `cut` the connection is to be dropped."""
    end = fault.rows if fault and fault.fault in {"cut", "half_line"} else math.inf
    for position, row in enumerate(rows):
        if position == end:
            yield row[: len(row) // 2]
            return
        yield row
    if fault and fault.fault == "foreign":
        for position in range(fault.rows):
            yield b'{"custom_id":"foreign_%d","result":{"type":"expired"}}\n' % position
