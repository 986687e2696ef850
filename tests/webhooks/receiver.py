"""A receiver of webhooks: a real HTTP server on this machine, which behaves as it is told to."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_runner import GracefulExit
from standardwebhooks import Webhook as Verifier

# How it behaves at a path: the first part of the path is the name.
SENT = web.AppKey("sent", list[int])
MANNERS: dict[str, Callable[[web.Request], Any]] = {}


@dataclass
class Got:
    """A request that came in. `at` is of the monotonic clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = orjson.loads(self.body)
        return event

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> None:
        """Raises where the reference library does not take it for genuine."""
        Verifier(secret).verify(self.body, self.headers)


def manner(call: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
    MANNERS[call.__name__] = call
    return call


@manner
async def takes(request: web.Request) -> web.StreamResponse:
    return web.Response(text="ok")


@manner
async def fails(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text="no")


@manner
async def is_gone(request: web.Request) -> web.StreamResponse:
    return web.Response(status=410)


@manner
async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3_600)
    raise AssertionError


@manner
async def drops(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


@manner
async def redirects(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(request.query["to"])


@manner
async def is_slow(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(1)
    return web.Response(text="at last")


@manner
async def goes_on_for_ever(request: web.Request) -> web.StreamResponse:
    """Bytes without end, as fast as they are taken; `sent` counts them."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b"x" * 65_536)
            request.app[SENT][0] += 65_536
    return response


@manner
async def trickles(request: web.Request) -> web.StreamResponse:
    """A byte now and then, without end."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.2)
    return response


@dataclass
class Receiver:
    """`answers` overrides the status of /takes by the number of the request, from 0 on."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    choose: Callable[[Got], int] | None = None
    sent: list[int] = field(default_factory=lambda: [0])
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def at(self, path: str) -> list[Got]:
        return [one for one in self.got if one.path.startswith(f"/{path}")]

    def wait_for(self, count: int, seconds: float = 10) -> list[Got]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, seconds), self.got
        return self.got

    async def handle(self, request: web.Request) -> web.StreamResponse:
        got = Got(request.path, dict(request.headers), await request.read(), time.monotonic())
        got.headers = {name.lower(): value for name, value in got.headers.items()}
        with self.arrived:
            self.got.append(got)
            self.arrived.notify_all()
        if self.choose and (status := self.choose(got)):
            return web.Response(status=status)
        response: web.StreamResponse = await MANNERS[request.path.split("/")[1]](request)
        return response


@contextmanager
def receiving() -> Iterator[Receiver]:
    """The receiver, listening on a free port of this machine."""
    receiver = Receiver()
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application(client_max_size=64_000_000)
        app[SENT] = receiver.sent
        app.router.add_route("*", "/{path:.*}", receiver.handle)
        runner.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runner[0].setup()
        site = web.TCPSite(runner[0], "127.0.0.1", 0)
        await site.start()
        port = runner[0].addresses[0][1]
        receiver.url = f"http://127.0.0.1:{port}"
        ready.set()

    async def end() -> None:
        await runner[0].cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def live() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        with contextlib.suppress(GracefulExit):
            loop.run_forever()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
