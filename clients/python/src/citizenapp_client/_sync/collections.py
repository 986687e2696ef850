"""client.collections: many jobs under one name."""

# Written by generate.py: `make schema` does it anew.

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Unpack
from uuid import UUID

import httpx2

from citizenapp_client import _wishes
from citizenapp_client._calls import (
    Call,
    File,
    Id,
    at,
    cursor_of,
    delete,
    get,
    name_of,
    operation,
    parsed_text,
    post,
    waiting,
)
from citizenapp_client._sync.transport import Transport
from citizenapp_client._wishes import Answers, CollectionWishes, UploadWishes
from citizenapp_client.errors import Problem, UnexpectedAnswer, Unreachable
from citizenapp_client.models import (
    Collection,
    CollectionCanceled,
    CollectionContinued,
    CollectionPage,
    CollectionRetried,
    CollectionSummary,
    Operation,
    QueuedCollection,
    ResultRow,
)

Table = Literal["ndjson", "csv", "xlsx"]
RowStatus = Literal[
    "queued", "submitted", "processing", "completed", "failed", "canceled", "underway"
]
Risk = Literal["high", "medium", "low", "none"]


class Collections:
    """Collections of your workspace."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("queue_collection")
    def create(
        self,
        name: str,
        *,
        job_type: str,
        items: Sequence[Mapping[str, Any]],
        **wishes: Unpack[CollectionWishes],
    ) -> "Followed":
        """Queue each item: what the job type takes, with `reference` and `metadata` if you like."""
        call = _wishes.items(name, job_type, items, wishes)
        return self._followed(self._transport.ask(QueuedCollection, call))

    @operation("queue_collection")
    def upload(
        self,
        file: File,
        *,
        job_type: str,
        name: str | None = None,
        **wishes: Unpack[UploadWishes],
    ) -> "Followed":
        """Queue the rows of a csv, xlsx, xls, ods or ndjson file, or the documents in a zip."""
        call = _wishes.table(name or name_of(file), job_type, file, wishes)
        return self._followed(self._transport.ask(QueuedCollection, call))

    @operation("get_collection")
    def get(self, collection_id: Id, *, wait: int | None = None) -> Collection:
        """One of them. With `wait`, at most so many seconds until it is different from now."""
        return self._transport.ask(Collection, _question(collection_id, wait, ""))

    @operation("list_collections")
    def page(self, *, cursor: str | None = None, page_size: int | None = None) -> CollectionPage:
        """One page of them, newest first. `cursor` is from `next` or `previous` of another."""
        call = get("collections", cursor=cursor, page_size=page_size)
        return self._transport.ask(CollectionPage, call)

    def list(self, *, page_size: int | None = 100) -> Generator[CollectionSummary]:
        """All of them, newest first; a page is asked for when the one before is used up."""
        cursor: str | None = None
        while True:
            page = self.page(cursor=cursor, page_size=page_size)
            for collection in page.results:
                yield collection
            cursor = cursor_of(page.next)
            if cursor is None:
                return

    def watch(self, collection_id: Id, *, timeout: float | None = None) -> Generator[Collection]:
        """Its state, then whatever is new, until all jobs have ended.

        The server tells what is new. Where it cannot, or the connection breaks, it is asked again
        and again. Raises StillRunning after `timeout` seconds; the work goes on.
        """
        if timeout is None:
            events = self._events(collection_id)
            with closing(events):
                for state in events:
                    yield state
                    if state.has_ended:
                        return
        states = self._transport.follow(
            Collection,
            lambda wait, tag: _question(collection_id, wait, tag),
            lambda collection: collection.has_ended,
            timeout,
        )
        with closing(states):
            for state in states:
                yield state

    def wait(self, collection_id: Id, *, timeout: float | None = None) -> Collection:
        """The collection once all its jobs have ended."""
        states = self.watch(collection_id, timeout=timeout)
        with closing(states):
            for state in states:
                last = state
        return last

    @operation("follow_collection")
    def _events(self, collection_id: Id) -> Generator[Collection]:
        """What the server tells by itself; ends early where it does not, or cannot any more."""
        call = get(at("collections/{}/events", collection_id))
        try:
            with self._transport.opened(call) as response:
                for event in httpx2.EventSource(response):
                    if event.event in ("collection", "done"):
                        yield parsed_text(Collection, event.data)
        except (Problem, Unreachable, UnexpectedAnswer):
            return  # Whoever asks instead is told the reason, where it is one that stays.

    @operation("download_results")
    def results(
        self,
        collection_id: Id,
        path: str | PathLike[str],
        *,
        as_: Table | None = None,
        bom: bool | None = None,
        status: RowStatus | None = None,
        category: str | None = None,
        risk: Risk | None = None,
        reason: str | None = None,
        search: str | None = None,
    ) -> Path:
        """Write the results of all jobs to a file, in the order of their rows.

        The format is what the file's name ends with, unless `as_` says it. `bom` begins a csv with
        the mark by which Excel knows it as UTF-8. The others let through only the rows that have
        this status, category, highest risk or reason of failure, or hold this text. The file is
        there once all of it is.
        """
        only = {
            "status": status,
            "category": category,
            "risk": risk,
            "reason": reason,
            "search": search,
        }
        form = as_ or Path(path).suffix.lstrip(".").lower() or "ndjson"
        call = get(at("collections/{}/results", collection_id), as_=form, bom=bom, **only)
        return self._transport.save(call, path)

    @operation("download_results")
    def rows(self, collection_id: Id) -> Generator[ResultRow]:
        """The results one after another; memory stays flat at any size.

        They are kept in a temporary file, so that you may take your time with each: a server would
        not wait for who reads slowly.
        """
        call = get(at("collections/{}/results", collection_id), as_="ndjson")
        with TemporaryDirectory() as folder:
            kept = self._transport.save(call, Path(folder) / "results.ndjson")
            with kept.open("rb") as lines:
                for line in lines:
                    yield parsed_text(ResultRow, line)

    @operation("cancel_collection")
    def cancel(
        self,
        collection_id: Id,
        *,
        answers: Answers | None = None,
        idempotency_key: str | None = None,
    ) -> int:
        """Cancel the jobs that still wait; says how many these were.

        With `answers="drop"` also those on their way to Claude, which are counted as well: they go
        on and are charged, and their answers are not kept.
        """
        call = post(
            at("collections/{}/cancel", collection_id), key=idempotency_key, answers=answers
        )
        done = self._transport.ask(CollectionCanceled, call)
        return done.canceled + done.dropped

    @operation("continue_collection")
    def continue_(self, collection_id: Id, *, idempotency_key: str | None = None) -> int:
        """Let those go that wait for the jobs that went first; says how many these are."""
        call = post(at("collections/{}/continue", collection_id), key=idempotency_key)
        return (self._transport.ask(CollectionContinued, call)).continued

    @operation("retry_collection")
    def retry(
        self,
        collection_id: Id,
        *,
        status: Literal["failed", "canceled"] | None = None,
        idempotency_key: str | None = None,
    ) -> int:
        """Queue the failed (or the canceled) jobs again; says how many these are."""
        call = post(at("collections/{}/retry", collection_id), key=idempotency_key, status=status)
        return (self._transport.ask(CollectionRetried, call)).queued

    @operation("erase_collection")
    def erase(self, collection_id: Id, *, idempotency_key: str | None = None) -> Operation | None:
        """Erase all of it but what it cost. None: done; or the operation that is at it."""
        call = delete(at("collections/{}", collection_id), key=idempotency_key)
        return self._transport.ask_if_any(Operation, call)

    def _followed(self, queued: QueuedCollection) -> "Followed":
        return Followed(self, queued)


class Followed:
    """A collection that was queued just now: what the server said of it, and what comes next."""

    def __init__(self, collections: Collections, queued: QueuedCollection) -> None:
        self._collections = collections
        self.queued = queued

    @property
    def collection_id(self) -> UUID:
        return self.queued.collection_id

    def get(self) -> Collection:
        """How it stands."""
        return self._collections.get(self.collection_id)

    def watch(self, *, timeout: float | None = None) -> Generator[Collection]:
        """Its state, then whatever is new, until all jobs have ended."""
        return self._collections.watch(self.collection_id, timeout=timeout)

    def wait(self, *, timeout: float | None = None) -> Collection:
        """The collection once all its jobs have ended."""
        return self._collections.wait(self.collection_id, timeout=timeout)

    def results(self, path: str | PathLike[str], *, as_: Table | None = None) -> Path:
        """Write the results of all jobs to a file."""
        return self._collections.results(self.collection_id, path, as_=as_)

    def rows(self) -> Generator[ResultRow]:
        """The results one after another."""
        return self._collections.rows(self.collection_id)


def _question(collection_id: Id, wait: int | None, tag: str) -> Call:
    return waiting(at("collections/{}", collection_id), wait, tag)
