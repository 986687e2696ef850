"""Listens to PostgreSQL and passes what changed on to the channel layer.

Nothing is kept, since a notice is a hint. The relay numbers what it sends. After a message that
it could not send, or a lost connection to PostgreSQL, it begins a new session of numbers; by
that the hubs know that something is missing, and tell the pages to look at the rows.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NoReturn

import psycopg
from channels.layers import get_channel_layer
from psycopg import AsyncConnection, sql

from aijobs import events
from aijobs.events import Notice
from aijobs.live.news import GROUP, Digest, News
from aijobs.models.heartbeats import BEAT, Process
from aijobs.models.heartbeats import BEAT_SECONDS as SIGN_SECONDS

logger = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
# A change that comes alone goes at once; in a rush, those of one moment become one message.
GATHER_SECONDS = 0.005
# After a notice with `again`: the jobs that were added in the 250 ms after it without a notice of
# their own are committed by then (aijobs/sql/may_tell_of_additions.sql).
AGAIN_SECONDS = 0.7
PATIENCE_SECONDS = 2.0  # for an answer of PostgreSQL or of the channel layer
LONGEST_WAIT_SECONDS = 2.0


def connection_parameters(django_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of `psycopg.connect` out of Django's.

    Left out are those for synchronous connections, and Django's type adapters.
    """
    own = {"cursor_factory", "context", "prepare_threshold", "application_name"}
    parameters = {name: value for name, value in django_parameters.items() if name not in own}
    return parameters | {"application_name": "citizenapp relay"}


@dataclass(frozen=True, slots=True)
class Signature:
    """Who writes the relay's heartbeat row, and by which clock."""

    process: Process
    clock: Callable[[], datetime]

    def statement(self, note: str) -> tuple[LiteralString, dict[str, Any]]:
        """The SQL statement that writes the row, and its parameters; staff see the note."""
        return BEAT, self.process.parameters(self.clock(), note)


async def run(
    parameters: Mapping[str, Any],
    *,
    beat_seconds: float = BEAT_SECONDS,
    signature: Signature | None = None,
) -> NoReturn:
    """Pass notices on until canceled, through restarts of PostgreSQL and of the channel layer.

    `parameters` are those of `psycopg.connect`. After `beat_seconds` without a notice the
    connection is tried and a heartbeat sent. With a `signature` it also signs in the database.
    """
    wait = 0.1
    is_away = False
    while True:
        try:
            connection = await AsyncConnection.connect(**parameters, autocommit=True)
            try:
                for channel in (events.CHANNEL, events.ENDS_CHANNEL):
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                wait = 0.1
                is_away = False
                await Session(connection, beat_seconds, signature).run()
            finally:
                await connection.close()
        except (psycopg.Error, OSError) as error:
            if not is_away:
                logger.warning("PostgreSQL is lost (%s): connecting anew.", type(error).__name__)
            is_away = True
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)


class Session:
    """One unbroken LISTEN. Its news are one session of numbers until one could not be sent."""

    def __init__(
        self,
        connection: AsyncConnection[Any],
        beat_seconds: float,
        signature: Signature | None = None,
    ) -> None:
        self._connection = connection
        self._beat_seconds = beat_seconds
        self._signature = signature
        self._signed_at = -SIGN_SECONDS
        self._gathered_at = -GATHER_SECONDS
        # By tenant: when its pages have to look at the rows, in the event loop's seconds.
        self._again: dict[int, float] = {}
        self._begin()
        self._is_heard = True

    def _begin(self) -> None:
        self._name = secrets.token_hex(8)
        self._number = 0

    async def run(self) -> NoReturn:
        """Pass notices on. Raises psycopg.OperationalError when PostgreSQL is lost or silent."""
        await self._publish([])
        logger.info("Listening to PostgreSQL as session %s.", self._name)
        while True:
            await self._sign()
            digest = await self._gather()
            if not digest:
                await self._ask("SELECT 1")
            await self._publish(digest.texts(), digest.ends())

    async def _sign(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._signature is not None and now - self._signed_at >= SIGN_SECONDS:
            self._signed_at = now
            heard = "heard" if self._is_heard else "not heard: the channel layer is away"
            await self._ask(
                *self._signature.statement(f"{self._number} messages since it connected, {heard}.")
            )

    async def _gather(self) -> Digest:
        """The notices of GATHER_SECONDS; empty after `beat_seconds` without any."""
        digest = Digest()
        clock = asyncio.get_running_loop().time
        await self._read(digest)
        if not digest:
            wait = min([self._beat_seconds, *(at - clock() for at in self._again.values())])
            await self._until_readable(max(wait, 0))
            await self._read(digest)
        if digest:
            await asyncio.sleep(max(0, self._gathered_at + GATHER_SECONDS - clock()))
            await self._read(digest)
            self._gathered_at = clock()
        for tenant_id in [tenant_id for tenant_id, at in self._again.items() if at <= clock()]:
            del self._again[tenant_id]
            digest.add(Notice(tenant_id))
        return digest

    async def _read(self, digest: Digest) -> None:
        async for notify in self._connection.notifies(timeout=0):
            if notify.channel == events.ENDS_CHANNEL:
                digest.add_end(notify.payload)
            else:
                self._add(digest, notify.payload)

    async def _until_readable(self, timeout: float) -> None:
        """Wait until the server sends something, at most `timeout` seconds.

        psycopg's own waiting would wake the process ten times a second.
        """
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        socket = self._connection.fileno()
        loop.add_reader(socket, readable.set)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await readable.wait()
        finally:
            loop.remove_reader(socket)

    def _add(self, digest: Digest, payload: str) -> None:
        try:
            notice = events.read_notice(payload)
        except (ValueError, KeyError, TypeError):
            logger.error("Ignored a notice of %d characters that cannot be read.", len(payload))  # noqa: TRY400
            return
        digest.add(notice)
        if notice.again:
            self._again[notice.tenant_id] = asyncio.get_running_loop().time() + AGAIN_SECONDS

    async def _ask(
        self, statement: LiteralString, parameters: Mapping[str, Any] | None = None
    ) -> None:
        """Run a statement. Raises psycopg.OperationalError after PATIENCE_SECONDS.

        A half-open connection reports no error and only stays silent, so the relay asks.
        """
        answer = asyncio.create_task(self._connection.execute(statement, parameters))
        try:
            await asyncio.wait({answer}, timeout=PATIENCE_SECONDS)
            if not answer.done():
                raise psycopg.OperationalError("no answer")
            answer.result()
        finally:
            if not answer.done():
                # psycopg answers a cancelation by asking the server to cancel the query, and
                # waits for it. On a closed connection it does not.
                self._connection.pgconn.finish()
                answer.cancel()

    async def _publish(self, texts: list[tuple[int, str]], ends: Sequence[str] = ()) -> None:
        self._number += 1
        news = News(type="jobs.news", session=self._name, number=self._number, texts=texts)
        if ends:
            news["ends"] = [*ends]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await get_channel_layer().group_send(GROUP, news)
        except Exception as error:  # Whatever it is, the layer may work again the next time.
            if self._is_heard:
                logger.warning("The channel layer is lost (%s).", type(error).__name__)
            self._is_heard = False
            # A hub that subscribes after this message has no number to compare with the next one.
            # A new session, which begins with number 1, tells it that something is missing.
            self._begin()
        else:
            if not self._is_heard:
                logger.info("The channel layer is back.")
            self._is_heard = True
