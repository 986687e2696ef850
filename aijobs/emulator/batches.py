"""The life of a batch: created, perhaps canceled, ended by time, archived, deleted."""

import asyncio
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aijobs.wire.errors import invalid, not_found

from .answers import Answering, billed, tally
from .limits import Limits
from .outcomes import CANCELED, EXPIRED
from .store import Batch, Store

EXPIRES_AFTER_SECONDS = 24 * 3_600
ARCHIVED_AFTER_SECONDS = 29 * 24 * 3_600


class Settings(BaseModel):
    """How the emulator behaves; latencies are in seconds.

    A batch takes `latency_base` and `latency_per_request` for each of its requests; an infinite
    latency holds it until it is told to end. Where its answers are not written by then, a call
    waits for them, `answers_wait` at most. The limits are of the Messages API, for each workspace
    and model; 0 is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency_base: float = Field(6, ge=0)
    latency_per_request: float = Field(0, ge=0)
    latency_cancel: float = Field(1, ge=0)
    latency_message: float = Field(0, ge=0)
    answers_wait: float = Field(0.3, ge=0)
    requests_per_minute: int = Field(0, ge=0)
    input_tokens_per_minute: int = Field(0, ge=0)
    output_tokens_per_minute: int = Field(0, ge=0)
    max_requests: int = Field(100_000, ge=1)
    max_bytes: int = Field(256_000_000, ge=1)
    bad_keys: frozenset[str] = frozenset({"bad-key"})


class Batches:
    """All batches there are, and the clock they live by."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.store = Store(folder)
        self.answering = Answering(self.store)
        self.settings = settings
        self._initial = settings
        self.limits = Limits()
        self.calls_under_way: set[asyncio.Task[object]] = set()
        self._ahead = self.store.counters().get("clock_ahead_seconds", 0.0)
        for batch in self.store.unanswered():
            self.answering.start(batch)
        for batch in self.store.all():
            if self.archived(batch):
                self._remove_files(batch)

    def close(self) -> None:
        self.answering.stop()
        self.store.close()

    def now(self) -> float:
        """Seconds since the epoch, ahead of the real ones by as much as was advanced."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds
        self.store.count("clock_ahead_seconds", seconds)

    def reset(self) -> None:
        """Begin anew. What is under way ends without an answer: it belongs to what was before."""
        for call in self.calls_under_way:
            call.cancel()
        self.answering.abandon()
        self.store.clear()
        self.limits.clear()
        self.settings = self._initial
        self._ahead = 0.0

    def create(self, workspace: str, spool: Path, total: int, size: int) -> Batch:
        now = self.now()
        duration = self.settings.latency_base + self.settings.latency_per_request * total
        held = duration == float("inf")
        due_at = None if held else now + duration
        batch = Batch(
            id=f"msgbatch_{secrets.token_hex(12)}",
            workspace=workspace,
            total=total,
            size=size,
            created_at=now,
            expires_at=now + EXPIRES_AFTER_SECONDS,
            due_at=due_at,
            ends_at=min(due_at or float("inf"), now + EXPIRES_AFTER_SECONDS),
            finished=total,
            rest=EXPIRED,
        )
        batch = replace(batch, finished=_progress(batch, batch.ends_at))
        self.store.add(batch, spool)
        self.answering.start(batch)
        return batch

    def find(self, batch_id: str, workspace: str | None = None) -> Batch:
        """The batch as of now; ApiError 404."""
        self.end_due()
        batch = self.store.find(batch_id, workspace)
        if batch is None:
            raise not_found(f"No message batch with id {batch_id[:64]!r}")
        return batch

    def end_due(self) -> None:
        """Record the end of every batch whose time has come and whose answers are ready."""
        for batch in self.store.due(self.now()):
            answers = self.store.answers(batch.id)
            result = tally(answers, batch)
            self.store.end(
                batch.id,
                billed(answers, batch, self.store.model_names()),
                ended_at=batch.ends_at,
                input_tokens=result.input_tokens,
                output_tokens=result.output_tokens,
                **result.counts,
            )

    def cancel(self, batch: Batch) -> Batch:
        """Begin to cancel: what is finished keeps its result. ApiError 400 once it has ended."""
        if batch.ended_at is not None:
            raise invalid(f"Batch {batch.id} has ended and cannot be canceled")
        if batch.cancel_initiated_at is None:
            now = self.now()
            self.store.change(batch.id, cancel_initiated_at=now)
            ends_at = now + self.settings.latency_cancel
            if ends_at < batch.ends_at:
                self.finish(batch, _progress(batch, now), CANCELED, ends_at)
        return self.store.find(batch.id) or batch

    def finish(self, batch: Batch, finished: int, rest: str, ends_at: float) -> None:
        """Let a batch end at this moment with so many of its requests finished."""
        self.store.change(batch.id, finished=finished, rest=rest, ends_at=ends_at)

    def delete(self, batch: Batch) -> None:
        """ApiError 400 while it has not ended."""
        if batch.ended_at is None:
            raise invalid(f"Batch {batch.id} has not ended: cancel it before deleting it")
        self.store.change(batch.id, deleted_at=self.now())
        self._remove_files(batch)

    def _remove_files(self, batch: Batch) -> None:
        answers = self.store.answers(batch.id)
        answers.unlink(missing_ok=True)
        answers.with_suffix(".index").unlink(missing_ok=True)
        answers.with_suffix(".bill").unlink(missing_ok=True)

    def archived(self, batch: Batch) -> bool:
        """Whether its results are gone."""
        return self.now() >= batch.created_at + ARCHIVED_AFTER_SECONDS

    def view(self, batch: Batch, base_url: str) -> dict[str, object]:
        """The batch as the API shows it: counts stay 0 until all of it has ended."""
        ended, archived = batch.ended_at is not None, self.archived(batch)
        url = f"{base_url}/v1/messages/batches/{batch.id}/results"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": batch.status,
            "request_counts": {
                "processing": 0 if ended else batch.total,
                "succeeded": batch.succeeded,
                "errored": batch.errored,
                "canceled": batch.canceled,
                "expired": batch.expired,
            },
            "created_at": _moment(batch.created_at),
            "expires_at": _moment(batch.expires_at),
            "cancel_initiated_at": _moment(batch.cancel_initiated_at),
            "ended_at": _moment(batch.ended_at),
            "archived_at": _moment(batch.created_at + ARCHIVED_AFTER_SECONDS if archived else None),
            "results_url": url if ended and not archived else None,
        }

    def stats(self) -> dict[str, object]:
        """What was asked for, created and billed since the last reset."""
        self.end_due()
        every = self.store.all()
        counters = {name: int(value) for name, value in self.store.counters().items()}
        calls = {n.removeprefix("calls_"): v for n, v in counters.items() if n[:6] == "calls_"}
        cached = self.store.cached_tokens().values()
        statuses = ["deleted" if batch.deleted_at else batch.status for batch in every]
        return {
            "creates_seen": calls.get("create", 0),
            "batches_created": len(every),
            "requests_received": sum(batch.total for batch in every),
            "rows_billed": sum(batch.succeeded for batch in every),
            "batch_tokens_billed": {
                "input": sum(batch.input_tokens for batch in every),
                "output": sum(batch.output_tokens for batch in every),
            },
            "batch_cache_tokens": {
                "read": sum(read for read, _ in cached),
                "written": sum(written for _, written in cached),
            },
            "messages_billed": counters.get("messages_billed", 0),
            "message_tokens_billed": {
                "input": counters.get("message_input_tokens", 0),
                "output": counters.get("message_output_tokens", 0),
            },
            "batches": {status: statuses.count(status) for status in sorted(set(statuses))},
            "calls": calls,
            "calls_under_way": len(self.calls_under_way),
        }


def _progress(batch: Batch, moment: float) -> int:
    """How many of its requests a batch has finished by then, going at an even pace."""
    if batch.due_at is None:
        return 0
    if moment >= batch.due_at:
        return batch.total
    share = (moment - batch.created_at) / (batch.due_at - batch.created_at)
    return int(max(0.0, share) * batch.total)


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
