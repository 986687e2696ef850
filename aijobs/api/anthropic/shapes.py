"""Batches and results in the shapes of Anthropic's API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from rest_framework.request import Request

from aijobs.reading.message_batches import EXPIRED, MessageBatch, Result
from aijobs.reading.pages import Page
from aijobs.wire.errors import TYPE_BY_STATUS

ROOT = "/v1/messages/batches"
PREFIX = "msgbatch_"
EXPIRES_AFTER = timedelta(days=1)
# What may stand in an errored result; errors of our own are those of the API as a whole.
ERRORS = frozenset(TYPE_BY_STATUS.values())


def id_of(collection_id: UUID) -> str:
    """What a program calls a collection."""
    return f"{PREFIX}{collection_id.hex}"


def collection_id_of(batch_id: str) -> UUID | None:
    """None where no batch of ours is called so."""
    digits = batch_id.removeprefix(PREFIX)
    try:
        found = UUID(hex=digits)
    except ValueError:
        return None
    return found if id_of(found) == batch_id else None


def batch(request: Request, found: MessageBatch) -> dict[str, Any]:
    """As Anthropic tells it: until all has ended, all counts but `processing` are 0."""
    collection, has_ended = found.collection, found.status == "ended"
    name = id_of(collection.pk)
    results = request.build_absolute_uri(f"{ROOT}/{name}/results")
    return {
        "id": name,
        "type": "message_batch",
        "processing_status": found.status,
        "request_counts": {
            "processing": 0 if has_ended else collection.total,
            "succeeded": found.succeeded if has_ended else 0,
            "errored": found.errored if has_ended else 0,
            "canceled": found.canceled if has_ended else 0,
            "expired": found.expired if has_ended else 0,
        },
        "created_at": _moment(collection.created_at),
        "expires_at": _moment(collection.created_at + EXPIRES_AFTER),
        "cancel_initiated_at": _moment(found.cancel_initiated_at),
        "ended_at": _moment(found.ended_at),
        "archived_at": None if found.is_kept else _moment(found.ended_at),
        "results_url": results if has_ended and found.is_kept else None,
    }


def page(request: Request, found: Page[MessageBatch], *, has_more: bool) -> dict[str, Any]:
    data = [batch(request, one) for one in found.rows]
    return {
        "data": data,
        "has_more": has_more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def result_line(found: Result) -> bytes:
    """A line of the results. A message goes out as it was stored."""
    if found.status == "completed" and found.message is not None:
        message = found.message.encode()
        name = orjson.dumps(found.custom_id)
        return b'{"custom_id":%s,"result":{"type":"succeeded","message":%s}}\n' % (name, message)
    row = {"custom_id": found.custom_id, "result": _without_message(found)}
    return orjson.dumps(row) + b"\n"


def _without_message(found: Result) -> dict[str, Any]:
    error = found.error
    if found.status == "canceled":
        return {"type": "canceled"}
    if error is not None and error.error_type == EXPIRED:
        return {"type": "expired"}
    kind, said = "api_error", "Its result is not known."
    if error is not None:
        kind = error.error_type if error.error_type in ERRORS else kind
        said = error.message
    told = {"type": "error", "error": {"type": kind, "message": said}, "request_id": None}
    return {"type": "errored", "error": told}


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat().replace("+00:00", "Z")
