"""The answers of a batch: written in the background, read in any order without being held."""

import asyncio
import hashlib
import logging
import os
import random
import struct
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from aijobs.wire.errors import ApiError

from .caches import Found, Reader, Use
from .outcomes import CANCELED, ERRORED, EXPIRED, SUCCEEDED, RequestOutcome, decide, errored, loads
from .prices import Used, step
from .store import MINUTE, Batch, Bill, Line, Store
from .validation import validate

_logger = logging.getLogger(__name__)

_KINDS = (SUCCEEDED, ERRORED, CANCELED, EXPIRED)
# Beside the answers lies one entry a row: where it begins, its kind, tokens in, tokens out.
_ENTRY = struct.Struct("<QBII")
# And one of what it is billed with: the number of its model, or 0, and tokens by kind.
_BILL = struct.Struct("<IIIIII")
_CUSTOM_ID_START = len(b'{"custom_id":"')
_CUSTOM_ID_ROOM = 64


@dataclass(frozen=True, slots=True)
class Tally:
    """How the rows of an ended batch came out, and what they are billed with."""

    counts: Counter[str]
    input_tokens: int
    output_tokens: int


class Answering:
    """Answers batches in background threads, from the requests' file to the answers' file."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="answering")
        self._stopped = threading.Event()
        self._running: dict[str, Future[None]] = {}

    def start(self, batch: Batch) -> None:
        """Have a batch answered; `Store.unanswered` no longer names it once it is."""
        future = self._pool.submit(self._answer, batch, self._stopped)
        self._running[batch.id] = future
        future.add_done_callback(lambda done: self._forget(batch, done))

    async def wait(self, batch_id: str, timeout_seconds: float | None = None) -> None:
        """Return when a batch's answers are written, or after the time given."""
        running = self._running.get(batch_id)
        if running:
            await asyncio.wait([asyncio.wrap_future(running)], timeout=timeout_seconds)

    def stop(self) -> None:
        """Leave unfinished batches as they are; they are answered anew after the next start."""
        self._stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def abandon(self) -> None:
        """Leave unfinished batches, and be ready for new ones."""
        self._stopped.set()
        for future in list(self._running.values()):
            future.cancel()
        self._stopped = threading.Event()

    def _forget(self, batch: Batch, done: Future[None]) -> None:
        self._running.pop(batch.id, None)
        error = None if done.cancelled() else done.exception()
        if error:
            _logger.error("Batch %s could not be answered: %s", batch.id, type(error).__name__)

    def _answer(self, batch: Batch, stopped: threading.Event) -> None:
        answers = self._store.answers(batch.id)
        partial = answers.with_suffix(".part")
        entries, bill = bytearray(), bytearray()
        uses: list[tuple[int, Use]] = []
        position = 0

        # What is there when a batch begins is there for all of it, and nothing else.
        @lru_cache(maxsize=1_000)
        def find(digest: str) -> Found:
            return self._store.find_cached(batch.workspace, digest, batch.created_at)

        reader = Reader(find, in_batch=True)
        try:
            with self._store.requests(batch.id).open("rb") as requests, partial.open("wb") as rows:
                for number, line in enumerate(requests):
                    if stopped.is_set():
                        return
                    request = loads(line)
                    outcome = self._outcome(batch.id, request, reader)
                    if outcome.cache.digests:
                        uses.append((number, outcome.cache))
                    row = orjson.dumps(
                        {"custom_id": request["custom_id"], "result": outcome.result}
                    )
                    entries += _ENTRY.pack(
                        position,
                        _KINDS.index(outcome.type),
                        outcome.input_tokens,
                        outcome.output_tokens,
                    )
                    model = self._store.model_number(outcome.model) if outcome.model else 0
                    bill += _BILL.pack(model, *outcome.used)
                    position += rows.write(row + b"\n")
            answers.with_suffix(".index").write_bytes(entries)
            answers.with_suffix(".bill").write_bytes(bill)
            partial.rename(answers)
            if uses:
                self._store.use_cache(batch.workspace, batch.id, batch.created_at, uses)
            self._store.change(batch.id, answered=1)
            self._store.requests(batch.id).unlink(missing_ok=True)
        except FileNotFoundError:
            # A reset took the files away.
            if not stopped.is_set():
                raise

    def _outcome(self, batch_id: str, request: dict[str, Any], cache: Reader) -> RequestOutcome:
        key = f"{batch_id}/{request['custom_id']}"
        try:
            return answer(request["params"], key, self._store, cache)
        except ApiError as error:
            return errored(error.type, error.message)
        except Exception as error:  # One bad row must not keep its batch from ending.
            _logger.error("A request could not be answered: %s", type(error).__name__)  # noqa: TRY400 - a traceback could quote the document
            return errored("api_error")


def answer(params: dict[str, Any], key: str, store: Store, cache: Reader) -> RequestOutcome:
    """Validate and answer one request; `key` names it among all requests ever sent.

    Raises ApiError 400.
    """
    validate(params, batch=cache.in_batch)
    return decide(
        params,
        f"msg_emulated_{hashlib.blake2b(key.encode(), digest_size=12).hexdigest()}",
        batch=cache.in_batch,
        count_attempt=lambda digest: store.attempt(digest, key),
        cache=cache,
    )


def tally(answers: Path, batch: Batch) -> Tally:
    """Count the rows of a batch as of its end."""
    counts: Counter[str] = Counter()
    input_tokens = output_tokens = 0
    entries = answers.with_suffix(".index").read_bytes()[: batch.finished * _ENTRY.size]
    for _, kind, tokens_in, tokens_out in _ENTRY.iter_unpack(entries):
        counts[_KINDS[kind]] += 1
        input_tokens += tokens_in
        output_tokens += tokens_out
    counts[batch.rest] += batch.total - batch.finished
    return Tally(counts, input_tokens, output_tokens)


def billed(answers: Path, batch: Batch, model_names: Mapping[int, str]) -> Bill:
    """What the rows of an ended batch are billed with, by when they were worked on.

    A batch goes at an even pace. One that was answered before there were books has no bill.
    """
    try:
        bill = answers.with_suffix(".bill").read_bytes()[: batch.finished * _BILL.size]
    except FileNotFoundError:
        return {}
    due_at = batch.ends_at if batch.due_at is None else batch.due_at
    pace = (due_at - batch.created_at) / batch.total
    rows: dict[tuple[int, int, int], list[list[int]]] = defaultdict(list)
    for number, (model, *tokens) in enumerate(_BILL.iter_unpack(bill), 1):
        if model:
            # One that was held until it was told to end was worked on then.
            moment = batch.created_at + pace * number if batch.due_at else batch.ends_at
            minute = int(min(moment, batch.ends_at)) // MINUTE
            rows[minute, model, step(sum(tokens) - tokens[1])].append(tokens)
    return {
        Line(minute, batch.workspace, model_names[model], "batch", prompt): Used(
            *map(sum, zip(*used, strict=True))
        )
        for (minute, model, prompt), used in rows.items()
    }


def order_of(batch: Batch) -> list[int]:
    """The positions of a batch's rows in the order of its results: shuffled, always the same."""
    order = list(range(batch.total))
    random.Random(batch.id).shuffle(order)  # noqa: S311 - no secret
    return order


def rows(answers: Path, batch: Batch, order: Sequence[int]) -> Iterator[bytes]:
    """The rows at these positions, each one line of JSON with its newline."""
    index = answers.with_suffix(".index").read_bytes()
    with answers.open("rb") as source:
        descriptor = source.fileno()
        size = os.fstat(descriptor).st_size
        starts = [start for start, *_ in _ENTRY.iter_unpack(index)]
        starts.append(size)
        for position in order:
            start = starts[position]
            if position < batch.finished:
                yield os.pread(descriptor, starts[position + 1] - start, start)
            else:
                head = os.pread(descriptor, _CUSTOM_ID_ROOM + 1, start + _CUSTOM_ID_START)
                custom_id = head.partition(b'"')[0]
                yield b'{"custom_id":"%s","result":{"type":"%s"}}\n' % (
                    custom_id,
                    batch.rest.encode(),
                )
