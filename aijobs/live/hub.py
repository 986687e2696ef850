"""One subscription a process, and from there to every open socket of it.

A subscription for each socket would cost a thousand times the messages; this way the channel
layer sends everything once, and a socket costs one entry in a dictionary.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer

from aijobs.live.news import GROUP, RESYNC, News

logger = logging.getLogger(__name__)

# Several heartbeats of the relay.
SILENCE_SECONDS = 7.0
SUBSCRIBE_SECONDS = 2.0
MOST_WAITING = 32


class Mailbox:
    """What waits to be sent to one socket: a few texts, or one resync in place of them all.

    The hub puts texts in and never waits; the consumer takes them out at the pace of its socket.
    """

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._filled = asyncio.Event()

    def put(self, text: str) -> None:
        """Add a text; when it is a resync, or the mailbox is full, it replaces what waits."""
        if self._texts and self._texts[0] == RESYNC:
            return
        if text == RESYNC or len(self._texts) == MOST_WAITING:
            self._texts.clear()
            text = RESYNC
        self._texts.append(text)
        self._filled.set()

    async def take(self) -> str:
        """Wait for the oldest text, and remove it."""
        await self._filled.wait()
        text = self._texts.popleft()
        if not self._texts:
            self._filled.clear()
        return text


@dataclass(slots=True)
class Heard:
    """The last number of a session, and when it came, in the event loop's seconds."""

    number: int
    at: float


class Hub:
    """The sockets of one event loop, by tenant. Listens from the first one on."""

    def __init__(self, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._silence_seconds = silence_seconds
        self._mailboxes: dict[int, set[Mailbox]] = {}
        self._sessions: dict[str, Heard] = {}
        # In the event loop's seconds: when all sockets were told to look at the rows, and when
        # something was told to a tenant since.
        self._all_told_at = 0.0
        self._told_at: dict[int, float] = {}
        # Who is to look again whether an access holds, by its names; and what was told lately.
        self._looks: dict[str, set[asyncio.Event]] = {}
        self._ended_at: dict[str, float] = {}
        self._subscribed = asyncio.Event()
        self._listening: asyncio.Task[NoReturn] | None = None
        self._is_warned = False
        # Whether nobody tells of changes now: then sockets are told to look every few seconds.
        self.is_silent = False

    @contextlib.asynccontextmanager
    async def mailbox(self, tenant_id: int) -> AsyncIterator[Mailbox]:
        """A mailbox that gets what the tenant is told, for as long as the block lasts.

        Waits up to SUBSCRIBE_SECONDS until the hub has subscribed. Without a channel layer the
        mailbox stays empty; once the layer is back, it gets a resync.
        """
        if self._listening is None or self._listening.done():
            # Not earlier: daphne has no start-up event.
            self._listening = asyncio.create_task(self._listen())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                await self._subscribed.wait()
        mailbox = Mailbox()
        self._mailboxes.setdefault(tenant_id, set()).add(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes[tenant_id].discard(mailbox)
            if not self._mailboxes[tenant_id]:
                del self._mailboxes[tenant_id]

    @contextlib.contextmanager
    def looking(self, names: Collection[str]) -> Iterator[asyncio.Event]:
        """An event that is set when an access with one of these names may have ended.

        Also at once, where that was told a moment ago: the access was found before. Whoever waits
        for it clears it, asks the database, and has a mailbox open, by which the hub listens.
        """
        event = asyncio.Event()
        since = asyncio.get_running_loop().time() - self._silence_seconds
        if any(self._ended_at.get(name, 0.0) > since for name in names):
            event.set()
        for name in names:
            self._looks.setdefault(name, set()).add(event)
        try:
            yield event
        finally:
            for name in names:
                self._looks[name].discard(event)
                if not self._looks[name]:
                    del self._looks[name]

    def look_again(self, names: Collection[str]) -> None:
        """Tell all who hold an answer or a socket open for an access with one of these names."""
        now = asyncio.get_running_loop().time()
        since = now - self._silence_seconds
        self._ended_at = {name: at for name, at in self._ended_at.items() if at > since}
        for name in names:
            self._ended_at[name] = now
            for event in self._looks.get(name, ()):
                event.set()

    def quiet_seconds(self, tenant_id: int) -> float:
        """For how long no change of the tenant was heard of; 0 where the hub cannot know.

        Rows that were read within this time hold every change that the hub has heard of. Later
        ones, and those on their way, come to the mailboxes that are open now.
        """
        if not self._subscribed.is_set():
            return 0.0
        now = asyncio.get_running_loop().time()
        return now - self._told_at.get(tenant_id, self._all_told_at)

    def tell(self, tenant_id: int, text: str) -> None:
        """Put the text into every mailbox of the tenant."""
        self._told_at[tenant_id] = asyncio.get_running_loop().time()
        for mailbox in self._mailboxes.get(tenant_id, ()):
            mailbox.put(text)

    async def _listen(self) -> NoReturn:
        layer = get_channel_layer()
        while True:
            try:
                await self._subscription(layer)
            except TimeoutError:
                self.is_silent = True
                self._warn(f"No news for {self._silence_seconds:g} s: subscribing anew.")
            except Exception as error:  # Whatever it is, subscribing anew may mend it.
                self.is_silent = True
                self._warn(f"The channel layer is lost ({type(error).__name__}).")
            self._subscribed.clear()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(SUBSCRIBE_SECONDS):
                    # The connections of this process may be half-open. The publish-subscribe
                    # layer keeps nothing, so all that `flush` does is to close them.
                    await layer.flush()
            await asyncio.sleep(1)

    async def _subscription(self, layer: Any) -> NoReturn:
        """Subscribe, and pass on what is heard.

        Raises TimeoutError after `silence_seconds` without news, else whatever the layer raises.
        """
        async with asyncio.timeout(self._silence_seconds):
            channel = await layer.new_channel()
            await layer.group_add(GROUP, channel)
        self._subscribed.set()
        self._sessions.clear()
        # What was sent before the subscription is in the rows. While no relay runs, each silence
        # ends in a new subscription, so that pages look at the rows every few seconds.
        self._resync_everyone()
        while True:
            async with asyncio.timeout(self._silence_seconds):
                news = await layer.receive(channel)
            self._pass_on(news)

    def _warn(self, text: str) -> None:
        """Log the text, but once only until there is news again."""
        if not self._is_warned:
            logger.warning(text)
        self._is_warned = True

    def _pass_on(self, news: News) -> None:
        self._is_warned = False
        was_silent, self.is_silent = self.is_silent, False
        self.look_again(news.get("ends", ()))
        # Also after a silence: sockets are told that it is over.
        if not self._follows(news["session"], news["number"]) or was_silent:
            self._resync_everyone()
            return
        for tenant_id, text in news["texts"]:
            self.tell(tenant_id, text)

    def _follows(self, session: str, number: int) -> bool:
        """Whether nothing is missing between this news and the one before it.

        The first news after the subscription has none before it. A relay that was at work by
        then sends a number above 1: nothing is missing, since pages are told to look at the rows
        when the hub subscribes. Number 1 is a relay that has just started: before it nobody
        listened to PostgreSQL, and what changed then was not told.
        """
        now = asyncio.get_running_loop().time()
        last = self._sessions.get(session)
        began_before = last is None and not self._sessions and number > 1
        follows = began_before or (last is not None and number == last.number + 1)
        self._sessions = {
            name: heard
            for name, heard in self._sessions.items()
            if now - heard.at < self._silence_seconds
        } | {session: Heard(number, now)}
        return follows

    def _resync_everyone(self) -> None:
        # What was missed may have been the end of an access as well.
        for events in self._looks.values():
            for event in events:
                event.set()
        self._all_told_at = asyncio.get_running_loop().time()
        self._told_at.clear()
        for mailboxes in self._mailboxes.values():
            for mailbox in mailboxes:
                mailbox.put(RESYNC)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
