"""POST bodies to endpoints, many side by side, and say how each ended. It asks no database.

What an endpoint answers with is not kept: only its status counts. A few kilobytes are read, so
that a short answer ends in peace; the connection is closed over the rest of a long one. Redirects
are not followed: a receiver says where it is, and a 3xx is a failure (Standard Webhooks).
"""

import asyncio
import contextlib
import queue
import ssl
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
from aiohttp.abc import AbstractResolver

from aijobs.webhooks.addresses import Allowed, Guard, Refused, problem_of

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
# For the rest of an answer whose status is known.
REST_SECONDS = 2.0
READ_BYTES = 4_096
# Endpoints that are sent to at the same time. Names are looked up by as many threads: a name
# server that does not answer holds one of them, and nobody else.
SIDE_BY_SIDE = 200
USER_AGENT = "CitizenApp-Webhooks/1.0"


class Answer(NamedTuple):
    """How a delivery ended: the HTTP status, if there was one, and "" or what was wrong."""

    http_status: int | None
    error: str

    @property
    def is_good(self) -> bool:
        return not self.error


@dataclass(frozen=True, slots=True)
class Letter:
    """One body for one endpoint. `delivery` is its key."""

    delivery: int
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Round:
    """Letters to one endpoint that are sent side by side; `answers` in their order, once they are.

    `lease`: until when nobody else sends to it.
    """

    webhook: UUID
    lease: datetime
    letters: Sequence[Letter]
    answers: Sequence[Answer] = ()

    @property
    def size(self) -> int:
        return sum(len(letter.body) for letter in self.letters)


async def post(
    session: aiohttp.ClientSession, letter: Letter, allowed: Allowed, proxy: str | None
) -> Answer:
    """Send one letter. Whatever happens is an answer; nothing is raised."""
    host = urlsplit(letter.url).hostname or ""
    # What was allowed when the endpoint was made need not be allowed today.
    if problem_of(letter.url, allowed):
        return Answer(None, "address_refused")
    # A proxy is the operator's, and looks names up itself.
    Guard.trust(proxy is not None or allowed.trusts(host))
    status: int | None = None
    try:
        async with session.post(
            letter.url, data=letter.body, headers=letter.headers, allow_redirects=False, proxy=proxy
        ) as response:
            status = response.status
            with contextlib.suppress(TimeoutError, aiohttp.ClientError):
                await asyncio.wait_for(_read_a_little(response), REST_SECONDS)
            response.close()
    except Exception as error:
        # What is known of the status stands, however the rest of the answer ended.
        if status is None:
            return Answer(None, _kind_of(error))
    return Answer(status, _judged(status))


async def _read_a_little(response: aiohttp.ClientResponse) -> None:
    left = READ_BYTES
    while left > 0 and (piece := await response.content.read(left)):
        left -= len(piece)


def _judged(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return "redirect" if 300 <= status < 400 else "http_error"


# What was wrong, as the log of deliveries says it: the first that fits.
_KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "unknown_host"),
    ((aiohttp.ClientSSLError, ssl.SSLError), "tls"),
    ((aiohttp.ClientHttpProxyError, aiohttp.ClientProxyConnectionError), "proxy"),
    (aiohttp.ClientConnectorError, "connection"),
    ((aiohttp.ClientError, OSError), "broken_answer"),
    (Exception, "unsendable"),
)


def _kind_of(error: Exception) -> str:
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and len(causes) < 10:
        causes.append(cause)
    if any(isinstance(one, Refused) for one in causes):
        return "address_refused"
    return next(kind for types, kind in _KINDS if isinstance(error, types))


class Sender:
    """A thread with an event loop that sends rounds; use it as a context manager.

    Whoever has it asks the database, and never waits for an endpoint.
    """

    def __init__(
        self,
        allowed: Allowed,
        *,
        proxy: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """`resolver` looks names up; by default the system does."""
        self._allowed, self._proxy, self._resolver = allowed, proxy, resolver
        self._done: queue.SimpleQueue[Round] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._names = ThreadPoolExecutor(SIDE_BY_SIDE, "webhook-name")
        self._thread = threading.Thread(target=self._live, name="webhooks", daemon=True)
        self.under_way = 0
        self.bytes_under_way = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._session = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        # A name server that does not answer is not waited for.
        self._names.shutdown(wait=False, cancel_futures=True)

    def send(self, round_: Round) -> None:
        """Begin to send it; it comes back from `finished`."""
        self.under_way += 1
        self.bytes_under_way += round_.size
        asyncio.run_coroutine_threadsafe(self._send(round_), self._loop)

    def finished(self, timeout: float) -> list[Round]:
        """Those that ended; waits so many seconds for the first of them."""
        found: list[Round] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._done.get(timeout=timeout))
            while True:
                found.append(self._done.get_nowait())
        self.under_way -= len(found)
        self.bytes_under_way -= sum(one.size for one in found)
        return found

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_default_executor(self._names)
        self._loop.run_forever()

    async def _open(self) -> aiohttp.ClientSession:
        guard = Guard(self._allowed, self._resolver or aiohttp.ThreadedResolver())
        connector = aiohttp.TCPConnector(
            limit=0,  # Whoever sends knows how many rounds are under way.
            force_close=True,
            use_dns_cache=False,
            resolver=guard,
            socket_factory=guard.open_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": USER_AGENT, "content-type": "application/json"},
            # What is compressed stays so: a few kilobytes cannot become many.
            auto_decompress=False,
            read_bufsize=READ_BYTES,
        )

    async def _close(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._session.close()

    async def _send(self, round_: Round) -> None:
        # A task each: what a task trusts is its own.
        answers = await asyncio.gather(
            *(
                asyncio.create_task(post(self._session, letter, self._allowed, self._proxy))
                for letter in round_.letters
            )
        )
        self._done.put(replace(round_, answers=answers))
