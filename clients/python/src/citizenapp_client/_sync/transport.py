"""Sends calls, and sends again what may be sent again."""

# Written by generate.py: `make schema` does it anew.

import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx2
from pydantic import BaseModel

from citizenapp_client._calls import IDEMPOTENCY_KEY, Call, parsed
from citizenapp_client.errors import StillRunning, Unreachable, problem_of
from citizenapp_client.retrying import Retries

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
NOT_MODIFIED = 304
# A server holds a question for a minute at most.
HELD_SECONDS = 30
# An answer that came sooner and has nothing new comes from a server that holds no questions.
AT_ONCE_SECONDS = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class Transport:
    """The way to one server with one key."""

    def __init__(self, http: httpx2.Client, retries: Retries) -> None:
        self._http = http
        self._retries = retries

    def close(self) -> None:
        self._http.close()

    def ask(self, kind: type[M], call: Call) -> M:
        """The answer. Raises Problem, Unreachable and UnexpectedAnswer."""
        return parsed(kind, self.send(call))

    def send(self, call: Call) -> httpx2.Response:
        """The answer, read whole."""

        def read(response: httpx2.Response) -> httpx2.Response:
            try:
                response.read()
            finally:
                response.close()
            return response

        return self._tried(call, read)

    def ask_if_any(self, kind: type[M], call: Call) -> M | None:
        """The same, or None where there is nothing to tell: the work was done at once."""
        response = self.send(call)
        return parsed(kind, response) if response.content else None

    def save(self, call: Call, path: str | PathLike[str]) -> Path:
        """Write the answer to a file. Nothing is there until all of it is."""
        target = Path(path)
        part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")

        def write(response: httpx2.Response) -> None:
            try:
                with part.open("wb") as output:
                    for piece in response.iter_bytes():
                        output.write(piece)
            finally:
                response.close()

        try:
            self._tried(call, write)
            part.replace(target)
        except OSError as error:
            if error.filename == str(part):
                error.filename = str(target)  # The one that the caller knows.
            raise
        finally:
            part.unlink(missing_ok=True)
        return target

    @contextmanager
    def opened(self, call: Call) -> Generator[httpx2.Response]:
        """The answer while it comes. Once it has begun, nothing is tried again."""

        def keep(response: httpx2.Response) -> httpx2.Response:
            return response

        response = self._tried(call, keep)
        try:
            yield response
        except httpx2.TransportError as error:
            raise Unreachable(f"The answer broke off: {_said(error)}") from error
        finally:
            response.close()

    def follow(
        self,
        kind: type[M],
        question: Callable[[int | None, str], Call],
        has_ended: Callable[[M], bool],
        timeout: float | None = None,
    ) -> Generator[M]:
        """What is new, until it has ended. Raises StillRunning when the time is over.

        `question` makes the call from the seconds that the server shall hold it, and the ETag of
        what is known already.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        known, tag, pause = b"", "", FIRST_PAUSE
        wait: int | None = None  # What is so now is told at once.
        while True:
            begun = time.monotonic()
            response = self.send(question(wait, tag))
            tag = response.headers.get("etag", "")
            is_new = response.status_code != NOT_MODIFIED and response.content != known
            if is_new:
                known, pause = response.content, FIRST_PAUSE
                state = parsed(kind, response)
                yield state
                if has_ended(state):
                    return
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                raise StillRunning(f"It has not ended within {timeout:,.0f} seconds.")
            if wait is not None and not is_new and now - begun < AT_ONCE_SECONDS:
                time.sleep(pause if deadline is None else min(pause, deadline - now))
                pause = min(pause * 1.5, LONGEST_PAUSE)
            left = HELD_SECONDS if deadline is None else max(deadline - time.monotonic(), 0)
            wait = min(int(left), HELD_SECONDS)

    def _tried(self, call: Call, use: Callable[[httpx2.Response], T]) -> T:
        """What `use` makes of the answer; it closes it. Errors while it reads count as none."""
        tries = 0
        while True:
            tries += 1
            try:
                with ExitStack() as files:
                    request = call.request(self._http, files)
                    response = self._http.send(request, stream=True)
                if response.is_success or response.status_code == NOT_MODIFIED:
                    return use(response)
                try:
                    response.read()
                finally:
                    response.close()
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                pause = self._retries.after_error(tries)
                if pause is None:
                    raise Unreachable(_said(error), call.headers.get(IDEMPOTENCY_KEY)) from error
            else:
                problem = problem_of(response)
                again = self._retries.after_answer(
                    tries, problem.status, problem.type, problem.headers, now=datetime.now(UTC)
                )
                if again is None:
                    raise problem
                pause = again
            time.sleep(pause)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
