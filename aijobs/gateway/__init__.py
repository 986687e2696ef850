"""The only door to Anthropic, and the only importer of its SDK.

Every call says in its exceptions what is known about the other side afterwards, because that is
what decides whether money may be spent again:

- NeverSent: nothing left this machine. Free to send again.
- Refused: Anthropic answered that it did not do it.
- InDoubt: it may have been done. Never send again blindly.
- Unavailable: a question went unanswered. Ask again later.

The SDK retries a POST twice on its own, which creates a batch two or three times; here it never
does (`max_retries=0`). It is imported when first used: it takes 0.9 s and 80 MB that a web
process need not spend.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote, urlencode

from django.conf import settings

from aijobs.gateway import limits
from aijobs.gateway.known import (
    TOO_LARGE,
    GatewayError,
    InDoubt,
    NeverSent,
    Refused,
    Unavailable,
)
from aijobs.gateway.streams import Assembly, Timed

if TYPE_CHECKING:
    from anthropic import Anthropic, APIResponse, APIStatusError, Timeout
    from anthropic.types.messages import MessageBatch
    from httpx2 import Response

__all__ = [
    "GatewayError",
    "InDoubt",
    "NeverSent",
    "Refused",
    "RemoteBatch",
    "Unavailable",
]

# Connecting is quick or fails; so is a question. A long answer may take minutes.
CONNECT_SECONDS = 10.0
QUESTION_SECONDS = 60.0

# Bytes that are read or written at a time.
PIECE = 1 << 18

# Answers of a 4xx kind that say nothing about whether the work was done.
AMBIGUOUS = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class RemoteBatch:
    """A batch as Anthropic describes it. Counts but `processing` are 0 until it has ended."""

    id: str
    status: str
    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int
    created_at: datetime
    ended_at: datetime | None
    expires_at: datetime

    @property
    def has_ended(self) -> bool:
        return self.status == "ended"

    @property
    def requests(self) -> int:
        return self.processing + self.succeeded + self.errored + self.canceled + self.expired

    @property
    def counts(self) -> dict[str, int]:
        """What became of its requests, by type of result."""
        return {
            "succeeded": self.succeeded,
            "errored": self.errored,
            "canceled": self.canceled,
            "expired": self.expired,
        }

    @classmethod
    def of(cls, batch: "MessageBatch") -> Self:
        """Raises AttributeError for what is none: the SDK checks no field of an answer, and hands
        out the page of a proxy, with status 200, as a string."""
        counts = batch.request_counts
        return cls(
            id=batch.id,
            status=batch.processing_status,
            processing=counts.processing,
            succeeded=counts.succeeded,
            errored=counts.errored,
            canceled=counts.canceled,
            expired=counts.expired,
            created_at=batch.created_at,
            ended_at=batch.ended_at,
            expires_at=batch.expires_at,
        )


class FileBody:
    """A request body that is read from a file in pieces: memory stays flat at any size."""

    def __init__(self, file: IO[bytes], before_piece: Callable[[], None]) -> None:
        self.file = file
        self.before_piece = before_piece
        self.length = file.seek(0, os.SEEK_END)

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(PIECE):
            self.before_piece()
            yield piece


def create_batch(body: IO[bytes], before_piece: Callable[[], None] = lambda: None) -> RemoteBatch:
    """Create a batch from a file that holds `{"requests": […]}`. One POST, never repeated.

    `before_piece` is called before each piece of the body is sent; if it raises NeverSent, the
    body stays incomplete. Raises NeverSent, Refused, or InDoubt.
    """
    from anthropic.types.messages import MessageBatch

    content = FileBody(body, before_piece)
    with _sending():
        batch = _client().post(
            "/v1/messages/batches",
            cast_to=MessageBatch,
            content=content,
            options={
                "headers": {
                    "Content-Type": "application/json",
                    "Content-Length": str(content.length),
                },
            },
        )
    try:
        return RemoteBatch.of(batch)
    except AttributeError:
        raise InDoubt("The answer is not a batch.") from None


def create_message(
    params: Mapping[str, Any],
    *,
    answered: Callable[[Mapping[str, str]], object] = lambda _: None,
    wrote: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """One request of the Messages API, at once and at full price; the message as JSON data.

    It is streamed, and `wrote` gets the text piece by piece. `answered` gets the headers of the
    answer as soon as they are there, of an error as well. Raises NeverSent, Refused, or InDoubt.

    Where pieces come, it ends after AIJOBS_ANSWER_SECONDS. Silence is waited out for as long again,
    since its timeout begins with the last piece: see `longest_message`.
    """
    from anthropic import APIStatusError, Stream

    assembly = Assembly()
    ends = time.monotonic() + settings.AIJOBS_ANSWER_SECONDS
    with _sending(errors_undo=True):
        try:
            response = _client().messages.with_raw_response.create(**params, stream=True)
        except APIStatusError as error:
            answered(error.response.headers)
            raise
        with closing(response.http_response):
            answered(response.headers)
            timed = cast("Response", Timed(response.http_response, ends))
            for event in Stream.raw_events(timed):
                if piece := assembly.take(event.event, event.data):
                    wrote(piece)
                if assembly.is_whole:
                    break
    return assembly.whole()


def longest_message() -> timedelta:
    """How long `create_message` takes at most from when its request is sent."""
    return timedelta(seconds=2 * settings.AIJOBS_ANSWER_SECONDS)


def retrieve_batch(remote_id: str) -> RemoteBatch:
    """How a batch stands. Raises Refused (404: unknown, or not known yet) or Unavailable."""
    with _asking():
        return RemoteBatch.of(_client().messages.batches.retrieve(remote_id, timeout=_question()))


def newest_batch_id() -> str:
    """The id of the newest batch there is, or "". Raises Refused or Unavailable."""
    with _asking():
        page = _client().messages.batches.list(limit=1, timeout=_question())
        return page.data[0].id if page.data else ""


def batches_since(watermark: str, earliest: datetime | None = None) -> list[RemoteBatch]:
    """Batches newer than the one with id `watermark`, newest first; "" stands for all.

    `earliest`: how far back to look where the watermark is gone from the list.
    Raises Refused or Unavailable.
    """
    found: list[RemoteBatch] = []
    with _asking():
        for batch in _client().messages.batches.list(limit=100, timeout=_question()):
            remote = RemoteBatch.of(batch)
            if remote.id == watermark or (earliest and remote.created_at < earliest):
                break
            found.append(remote)
    return found


def cancel_batch(remote_id: str) -> RemoteBatch:
    """Ask for its cancellation; what is finished keeps its result. Raises Refused, Unavailable."""
    with _asking():
        return RemoteBatch.of(_client().messages.batches.cancel(remote_id, timeout=_question()))


def delete_batch(remote_id: str) -> None:
    """Delete Anthropic's copy of an ended batch. Raises Refused or Unavailable."""
    with _asking():
        _client().messages.batches.delete(remote_id, timeout=_question())


def download_results(remote_id: str, into: IO[bytes]) -> None:
    """Write the result rows of an ended batch into a file, as they come.

    A stream may end early without an error: whoever reads the file counts its rows.
    Raises Refused or Unavailable.
    """
    with _results(remote_id) as pieces:
        for piece in pieces:
            into.write(piece)


def first_result(remote_id: str) -> bytes:
    """The first row of an ended batch's results, however far it came.

    Raises Refused or Unavailable.
    """
    row = b""
    with _results(remote_id) as pieces:
        for piece in pieces:
            row += piece
            if b"\n" in piece:
                break
    return row.partition(b"\n")[0]


@contextmanager
def _results(remote_id: str) -> Iterator[Iterator[bytes]]:
    """Asks our own base URL: `results_url` could name any host, and would get the key."""
    path = f"/v1/messages/batches/{quote(remote_id, safe='')}/results"
    with _asking():
        response = _client().get(
            path,
            cast_to=object,
            options={
                "headers": {"Accept": "application/binary", "X-Stainless-Raw-Response": "stream"},
            },
        )
        with closing(cast("APIResponse[object]", response)) as rows:
            yield rows.iter_bytes(PIECE)


def organization_report(name: str, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A page of a report of the Usage and Cost API, which wants an admin key; as JSON data.

    `name`: "usage_report/messages" or "cost_report". Raises Refused or Unavailable.
    """
    key, url = settings.ANTHROPIC_ADMIN_KEY, settings.ANTHROPIC_BASE_URL
    path = f"/v1/organizations/{name}?{urlencode(query)}"
    with _asking():
        client = _client_for(key, url, settings.AIJOBS_ANSWER_SECONDS)
        page = client.get(path, cast_to=object, options={"timeout": _question()})
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise Unavailable("The answer is not a report.")
    return page


def preload() -> None:
    """Import the SDK now: processes that fork share the memory it takes."""
    import anthropic.types.messages  # noqa: F401


def _client() -> "Anthropic":
    return _client_for(
        settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.AIJOBS_ANSWER_SECONDS
    )


@lru_cache(maxsize=2)
def _client_for(api_key: str, base_url: str, answer_seconds: float) -> "Anthropic":
    """One client a process and key: a fork makes its own."""
    from anthropic import Anthropic, Timeout

    return Anthropic(
        api_key=api_key,
        base_url=base_url,
        max_retries=0,
        timeout=Timeout(answer_seconds, connect=CONNECT_SECONDS),
        open_telemetry=False,  # A trace would be one more place that knows of documents.
    )


# Two processes on one connection would read each other's answers.
os.register_at_fork(after_in_child=_client_for.cache_clear)


def _question() -> "Timeout":
    """How long to wait for the answer to a question, which is quick to give."""
    from anthropic import Timeout

    return Timeout(min(QUESTION_SECONDS, settings.AIJOBS_ANSWER_SECONDS), connect=CONNECT_SECONDS)


@contextmanager
def _sending(*, errors_undo: bool = False) -> Iterator[None]:
    """Sort what can go wrong with a POST by what is known afterwards.

    `errors_undo`: an error answer means that nothing was done and nothing is billed, as with
    single messages. A batch may exist whatever a proxy or an overloaded server answers.
    """
    from anthropic import AnthropicError, APIConnectionError, APIStatusError
    from httpx2 import ConnectError, ConnectTimeout, HTTPError, PoolTimeout

    try:
        yield
    except APIStatusError as error:
        refused = _refused(error)
        certain = 400 <= refused.status < 500 and refused.status not in AMBIGUOUS
        said_so = errors_undo or certain or refused.passes or refused.account_block
        if said_so and _can_be_trusted(error):
            raise refused from None
        raise InDoubt(f"Anthropic answered {refused.status}: {refused}") from None
    except APIConnectionError as error:
        if isinstance(error.__cause__, NeverSent):
            raise error.__cause__ from None  # Whoever writes the body broke it off.
        if isinstance(error.__cause__, ConnectError | ConnectTimeout | PoolTimeout):
            raise NeverSent("No connection to Anthropic.") from None
        raise InDoubt("The connection broke before the answer came.") from None
    except (AnthropicError, HTTPError) as error:
        raise InDoubt(f"No usable answer ({type(error).__name__}).") from None


@contextmanager
def _asking() -> Iterator[None]:
    """Sort what can go wrong with a question: an answer that says no, or none."""
    from anthropic import AnthropicError, APIStatusError
    from httpx2 import HTTPError

    try:
        yield
    except APIStatusError as error:
        refused = _refused(error)
        certain = 400 <= refused.status < 500 and refused.status not in AMBIGUOUS
        if certain and _can_be_trusted(error):
            raise refused from None
        raise Unavailable(f"Anthropic answered {refused.status}: {refused}") from None
    except (AnthropicError, HTTPError) as error:
        raise Unavailable(f"No answer from Anthropic ({type(error).__name__}).") from None
    except AttributeError:
        # The SDK itself stumbles over a page of a proxy where it expects a list.
        raise Unavailable("The answer is not what was asked for.") from None


def _can_be_trusted(error: "APIStatusError") -> bool:
    """Whether an error is Anthropic's own, and not the page of a proxy, which knows nothing of it.

    Whoever finds a body too large has passed nothing on.
    """
    return error.type is not None or error.status_code == TOO_LARGE


def _refused(error: "APIStatusError") -> Refused:
    return Refused(
        (error.api_message or f"HTTP status {error.status_code}")[:300],
        status=error.status_code,
        error_type=error.type or "unknown_error",
        error_code=error.error_code or "",
        retry_after=limits.retry_after(error.response.headers),
    )
