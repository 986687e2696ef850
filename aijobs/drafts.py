"""What Claude has written so far of the answers to direct calls, told to those who watch.

Web processes say which jobs somebody watches, again and again (`WATCH`); a worker that has the call
of one under way sends what is written to their channels (`TEXT`). Nobody watches: nothing is sent.
Nothing is kept, and nothing depends on it: where the channel layer is away, or a message is lost,
the result still comes by the rows. What a watcher has is part of what it says, so a gap is filled.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

# The group of workers that have calls under way.
WRITERS = "writers"
WATCH, TEXT = "drafts.watch", "drafts.text"

# How often what is new of a draft is sent: ten messages a second read like a flow.
TELL_SECONDS = 0.1
# How often a watcher says that it still watches, and when it counts as gone.
WATCH_SECONDS = 1.0
GONE_SECONDS = 3.5
# How long the channel layer is left alone after an error.
AGAIN_SECONDS = 1.0
# How long a worker that ends waits for the teller.
STOP_SECONDS = 2.0


class Draft:
    """The text of one call so far. The thread of the call writes, that of the teller reads."""

    def __init__(self, job_id: str, attempt: int) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self.is_over = False
        self._pieces: list[str] = []
        self._text = ""

    def write(self, piece: str) -> None:
        """Add to it. Half a character, which cannot be sent, becomes a question mark."""
        self._pieces.append(piece.encode("utf-8", "replace").decode())

    def text(self) -> str:
        """All of it. For one reader."""
        # What is written meanwhile stands behind these, and stays.
        count = len(self._pieces)
        self._text += "".join(self._pieces[:count])
        del self._pieces[:count]
        return self._text


class Drafts(Protocol):
    """Where calls write."""

    def begin(self, job_id: str, attempt: int) -> Draft:
        """A draft of the call that begins."""

    def end(self, draft: Draft) -> None:
        """The call has ended, however it did."""


class Untold:
    """Drafts that nobody is told of."""

    def begin(self, job_id: str, attempt: int) -> Draft:
        return Draft(job_id, attempt)

    def end(self, draft: Draft) -> None:
        pass


@dataclass(slots=True)
class Watcher:
    """A web process that shows a draft: how many characters it has, and until when it counts."""

    has: int
    until: float


class Teller:
    """Tells drafts to their watchers, from a thread with an event loop of its own."""

    def __init__(self) -> None:
        self._drafts: dict[str, Draft] = {}
        self._watchers: dict[str, dict[str, Watcher]] = {}
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_stopped.set()
        self._thread.join(STOP_SECONDS)

    def begin(self, job_id: str, attempt: int) -> Draft:
        draft = Draft(job_id, attempt)
        self._drafts[job_id] = draft
        return draft

    def end(self, draft: Draft) -> None:
        # Its last words are told before it is forgotten.
        draft.is_over = True

    async def _run(self) -> None:
        layer, is_warned = get_channel_layer(), False
        while not self._is_stopped.is_set():
            try:
                await self._tell(layer)
            except Exception as error:  # Whatever it is, the layer may work again the next time.
                if not is_warned:
                    logger.warning("Drafts are not told (%s).", type(error).__name__)
                is_warned = True
                await asyncio.sleep(AGAIN_SECONDS)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_SECONDS / 2):
                await layer.flush()

    async def _tell(self, layer: Any) -> None:
        """Until it is stopped. Raises whatever the layer raises."""
        channel = await layer.new_channel()
        await layer.group_add(WRITERS, channel)
        hearing = asyncio.create_task(self._hear(layer, channel))
        try:
            while not self._is_stopped.is_set():
                await asyncio.wait({hearing}, timeout=TELL_SECONDS)
                if hearing.done():
                    hearing.result()
                for draft in list(self._drafts.values()):
                    await self._tell_of(draft, layer)
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, layer: Any, channel: str) -> NoReturn:
        while True:
            self._watch(await layer.receive(channel))

    def _watch(self, message: Mapping[str, Any]) -> None:
        until = asyncio.get_running_loop().time() + GONE_SECONDS
        for job_id, (attempt, has) in message["jobs"].items():
            draft = self._drafts.get(job_id)
            if draft is not None:
                known = has if attempt == draft.attempt else 0
                self._watchers.setdefault(job_id, {})[message["reply"]] = Watcher(known, until)

    async def _tell_of(self, draft: Draft, layer: Any) -> None:
        is_over = draft.is_over
        now = asyncio.get_running_loop().time()
        watchers = self._watchers.get(draft.job_id, {})
        text = draft.text() if watchers else ""
        for reply, watcher in list(watchers.items()):
            if watcher.until < now:
                del watchers[reply]
            elif len(text) > watcher.has:
                message = {
                    "type": TEXT,
                    "job_id": draft.job_id,
                    "attempt": draft.attempt,
                    "start": watcher.has,
                    "text": text[watcher.has :],
                }
                watcher.has = len(text)
                await layer.send(reply, message)
        if is_over and self._drafts.get(draft.job_id) is draft:
            del self._drafts[draft.job_id]
            self._watchers.pop(draft.job_id, None)
