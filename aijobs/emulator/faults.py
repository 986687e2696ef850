"""Faults to order: what a network, a proxy or an overloaded API does, at a chosen call."""

import asyncio
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from .errors import ApiError, invalid

CALLS = frozenset({"create", "list", "retrieve", "results", "cancel", "delete", "message"})

# Faults of the connection or the status apply to any call, the others shape one answer.
_ANYWHERE = frozenset({"drop", "status", "slow", "html"})
_SHAPES = {
    "results": frozenset({"cut", "half_line", "missing", "duplicate", "foreign"}),
    "list": frozenset({"lag"}),
}
_ERROR_STATUSES = range(400, 600)
_MOMENTS = frozenset({"early", "before", "after"})

_HTML = "<html><head><title>Proxy</title></head><body><h1>It works!</h1></body></html>"
# Closing with this set sends a reset instead of an orderly end.
_RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Fault:
    """One order.

    `at`: the call, or `any`. `when`: `early` (before the body is read), `before` (the body is
    read, nothing done) or `after` (it is done, then the answer fails). `times` it holds (0: until
    taken back), `after_calls` that it lets pass first.
    """

    at: str
    fault: str
    when: str = "before"
    times: int = 1
    after_calls: int = 0
    status: int = 500
    error_code: str | None = None
    message: str = ""
    retry_after_seconds: float | None = None
    seconds: float = 0.0
    rows: int = 1
    orderly: bool = False

    @classmethod
    def ordered(cls, order: dict[str, Any]) -> "Fault":
        """The fault an order names; ApiError 400 says what is wrong with it."""
        unknown = order.keys() - cls.__slots__
        if unknown:
            raise invalid(f"{min(unknown)}: no such field of a fault")
        for name in ("at", "fault"):
            if not isinstance(order.get(name), str):
                raise invalid(f"{name}: Field required")
        fault = cls(**order)
        if fault.at not in CALLS | {"any"}:
            raise invalid(f"at: one of any, {', '.join(sorted(CALLS))}")
        known = _ANYWHERE | _SHAPES.get(fault.at, frozenset())
        if fault.fault not in known:
            raise invalid(f"fault: at {fault.at} one of {', '.join(sorted(known))}")
        if fault.when not in _MOMENTS:
            raise invalid(f"when: one of {', '.join(sorted(_MOMENTS))}")
        if fault.status not in _ERROR_STATUSES:
            raise invalid("status: an HTTP status from 400 to 599")
        return fault


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
        return [asdict(fault) for fault in self._open]

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
    if fault.fault not in _ANYWHERE:
        request[FAULT] = fault
        return await handler(request)
    response: web.StreamResponse | None = None
    if fault.when == "after":
        response = await handler(request)
    elif fault.when == "before" and fault.fault != "slow":
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
