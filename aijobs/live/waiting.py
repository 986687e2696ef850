"""An answer that is held until it differs: `?wait=30`, for any address of the API that offers it.

The application answers as always, and its view says by `hold` what the client waits for. That
answer is kept back; once the row has changed, the whole request is answered anew. So credentials
hold or don't at the moment of the answer, status and headers are the real ones, and while it waits
nothing of a request is left but its coroutine.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from aijobs.live import handshake, hub, lookout, places
from aijobs.live.lookout import Subject
from citizenapp.tenants.access import Access

LONGEST_SECONDS = 60
WAITED = "CitizenApp-Waited"
NOT_HERE = "not-here"
# After so many seconds whoever cannot be held here asks again.
RETRY_SECONDS = 2
_KEY = "citizenapp.hold"


@dataclass(slots=True)
class Hold:
    """What one answer says of itself: what is waited for, for how long, and how it is by now."""

    subject: Subject | None = None
    seconds: int = 0
    state: object = None
    tag: str = ""
    is_again: bool = False
    names: frozenset[str] = frozenset()
    """Of the access of whoever waits."""


def hold(
    request: HttpRequest,
    access: Access,
    subject: Subject,
    seconds: int,
    *,
    state: object,
    tag: str,
) -> bool:
    """Ask that the answer to this request be held until the subject has another tag.

    Called by a view that has read the subject, and would answer with it as it is: not where it
    differs already from what the client knows, and not where it has ended. `access` is that of the
    request, `state` what the subject's kind would read of it now. False where this server cannot
    hold anything: then the answer goes out at once.
    """
    found: Hold | None = getattr(request, "scope", {}).get(_KEY)
    if found is None:
        return False
    found.subject, found.seconds, found.state, found.tag = subject, seconds, state, tag
    found.names = handshake.names_of(request, access)
    return True


def is_again(request: HttpRequest) -> bool:
    """Whether this is a request that was answered before, and is now answered anew."""
    found: Hold | None = getattr(request, "scope", {}).get(_KEY)
    return found is not None and found.is_again


@dataclass(slots=True)
class Answer:
    """What the application sends. Passed on at once, unless a view asks to hold it."""

    hold: Hold
    send: Any = None
    messages: list[Any] = field(default_factory=list)
    is_long: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, message: Any) -> None:
        if message.get("more_body"):
            self.is_long.set()
        if self.send is not None and self.hold.subject is None:
            await self.send(message)
        else:
            self.messages.append(message)

    def limits(self) -> dict[str, str]:
        """What its headers say of how many calls are left."""
        start = self.messages[0]["headers"]
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in start}
        return {name: value for name, value in told.items() if name.lower().startswith("ratelimit")}

    async def give(self, send: Any, said: Mapping[str, str]) -> None:
        """Send what was kept, with headers that say more, such as how long that took."""
        more = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        for message in self.messages:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *more]
                message = {**message, "headers": headers}  # noqa: PLW2901
            await send(message)


class Waiting:
    """The ASGI application around Django's that holds such answers."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; all but `GET …?wait=` is left to the application."""
        if scope.get("method") != "GET" or b"wait=" not in scope["query_string"]:
            await self._application(scope, receive, send)
            return
        clock = asyncio.get_running_loop().time
        began = clock()
        first = Answer(Hold(), send)
        await self._ask(scope, first, receive)
        subject = first.hold.subject
        if subject is None:
            return
        if not places.has_room(subject.tenant_id):
            await first.give(send, {WAITED: NOT_HERE, "Retry-After": str(RETRY_SECONDS)})
            return
        names = first.hold.names
        with places.held(subject.tenant_id), hub.here().looking(names) as may_have_ended:
            changing = self._changed(scope, first, began)
            refusing = self._refused(scope, may_have_ended)
            answer = await _unless_gone(changing, refusing, receive)
        if answer is not None:
            # It is counted once, when it comes: only the first answer knows what is left.
            await answer.give(send, {WAITED: f"{clock() - began:.1f}", **first.limits()})

    async def _changed(self, scope: Any, first: Answer, began: float) -> Answer:
        """The first answer that differs, or the one at the end of the wait."""
        subject = first.hold.subject
        assert subject is not None
        here = lookout.here()
        known, read_at = first.hold, began
        with contextlib.suppress(TimeoutError):
            async with (
                asyncio.timeout_at(began + first.hold.seconds),
                here.watching(subject, known.state) as watch,
            ):
                while True:
                    await here.until_changed(watch, known.state, read_at)
                    read_at = asyncio.get_running_loop().time()
                    # Many wait for the same with the same key: they get the same answer.
                    answer = await watch.once(_request(scope), lambda: self._again(scope))
                    if answer.hold.subject is None or answer.hold.tag != known.tag:
                        return answer
                    known = answer.hold
        return await self._again(scope)

    async def _refused(self, scope: Any, may_have_ended: asyncio.Event) -> Answer:
        """The answer once the access has ended, which is then a refusal."""
        while True:
            await may_have_ended.wait()
            may_have_ended.clear()
            answer = await self._again(scope)
            if answer.hold.subject is None:
                return answer

    async def _again(self, scope: Any) -> Answer:
        """The answer to the request as it is now."""
        answer = Answer(Hold(is_again=True))
        unread = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            return unread.pop() if unread else await asyncio.Future()

        await self._ask(scope, answer, receive)
        return answer

    async def _ask(self, scope: Any, answer: Answer, receive: Any) -> None:
        """Let the application answer. All who wait for one change may come at once: they queue."""
        async with asyncio.TaskGroup() as group:
            async with lookout.here().turns:
                answering = group.create_task(
                    self._application({**scope, _KEY: answer.hold}, receive, answer.take)
                )
                # What is streamed may take its time, and takes nobody's turn.
                streaming = group.create_task(answer.is_long.wait())
                await asyncio.wait({answering, streaming}, return_when=asyncio.FIRST_COMPLETED)
            await answering
            streaming.cancel()


def _request(scope: Any) -> tuple[object, ...]:
    """All that an answer can depend on."""
    headers = tuple((bytes(name), bytes(value)) for name, value in scope["headers"])
    return scope.get("scheme"), scope["path"], scope["query_string"], headers


async def _unless_gone(changing: Any, refusing: Any, receive: Any) -> Answer | None:
    """The answer that comes first; None where the client has gone away meanwhile."""
    going = asyncio.create_task(_until_gone(receive))
    answers = [asyncio.create_task(changing), asyncio.create_task(refusing)]
    try:
        await asyncio.wait({*answers, going}, return_when=asyncio.FIRST_COMPLETED)
        return next((one.result() for one in answers if one.done()), None)
    finally:
        for task in (*answers, going):
            task.cancel()


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
