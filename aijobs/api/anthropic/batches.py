"""/v1/messages/batches: create, list, look at, cancel, delete, and read the results."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import idempotency
from aijobs.api.anthropic import bodies, shapes
from aijobs.api.anthropic.endpoint import ProgramEndpoint
from aijobs.api.anthropic.parameters import Listing
from aijobs.api.bodies import Body
from aijobs.api.idempotency import Answer
from aijobs.models import Collection
from aijobs.pipeline import accept, erase, withdraw
from aijobs.reading import message_batches
from aijobs.reading.message_batches import MessageBatch
from aijobs.wire.errors import invalid, not_found
from citizenapp.downloads import streamed
from citizenapp.tenants.models import Tenant

JSON_LINES = "application/x-jsonl"
# Headers for what every request may have by now. Another would hold for all requests of a batch,
# and those of several tenants share one.
KNOWN_BETAS = frozenset(
    {
        "message-batches-2024-09-24",
        "prompt-caching-2024-07-31",
        "pdfs-2024-09-25",
        "extended-cache-ttl-2025-04-11",
    }
)


class BatchList(ProgramEndpoint):
    """GET and POST /v1/messages/batches."""

    parameters: ClassVar = Listing

    def get(self, request: Request) -> Response:
        tenant = self.access.tenant
        wanted = Listing.read(request.query_params)
        found = message_batches.page(tenant, wanted.position(tenant), size=wanted.limit)
        has_more = (found.newer if wanted.before_id else found.older) is not None
        return Response(shapes.page(request, found, has_more=has_more))

    def post(self, request: Request) -> Response:
        """All of it is queued, or nothing."""
        _refuse_betas(request.headers.get("anthropic-beta", ""))
        with bodies.received(request) as body:
            now = timezone.now()  # The body may have taken minutes.
            return idempotency.once(
                *(request, self.access.tenant, body),
                lambda: self._queue(request, body, now),
                now=now,
                status=200,
            )

    def _queue(self, request: Request, body: bodies.ReceivedBody, now: datetime) -> Answer:
        tenant = self.access.tenant
        queued = accept.accept_collection(
            tenant,
            f"Message batch of {now.astimezone(UTC):%-d %b %Y, %H:%M} UTC",
            message_batches.JOB_TYPE,
            body.rows(),
            now=now,
            created_by=self.access.actor,
        )
        collection_id = queued.collection.pk
        told = shapes.batch(request, message_batches.batch_of(tenant, collection_id))
        return Answer(told, 200, about=collection_id)


class BatchDetail(ProgramEndpoint):
    """GET and DELETE /v1/messages/batches/{batch_id}."""

    def get(self, request: Request, batch_id: str) -> Response:
        return Response(shapes.batch(request, _batch_of(self.access.tenant, batch_id)))

    def delete(self, request: Request, batch_id: str) -> Response:
        """Once it has ended: requests and results are erased, here and at Anthropic."""
        access, now = self.access, timezone.now()

        def delete() -> dict[str, Any]:
            found = _batch_of(access.tenant, batch_id)
            if found.status != "ended":
                raise invalid(f"Batch {batch_id} has not ended: cancel it, and wait for its end")
            erase.erase_collection(found.collection, by=access.actor, now=now)
            return {"id": batch_id, "type": "message_batch_deleted"}

        return idempotency.once(request, access.tenant, Body({}), delete, now=now, status=200)


class BatchCancellation(ProgramEndpoint):
    """POST /v1/messages/batches/{batch_id}/cancel."""

    def post(self, request: Request, batch_id: str) -> Response:
        """What waits is canceled at once, and what comes back later. What is at Anthropic, among
        requests of others, keeps its result.
        """
        tenant, now = self.access.tenant, timezone.now()

        def cancel() -> Answer:
            found = _batch_of(tenant, batch_id)
            if found.status == "ended":
                raise invalid(f"Batch {batch_id} has ended and cannot be canceled")
            withdraw.cancel_for_good(found.collection, now=now)
            told = shapes.batch(request, _batch_of(tenant, batch_id))
            return Answer(told, 200, about=found.collection.pk)

        return idempotency.once(request, tenant, Body({}), cancel, now=now)


class BatchResults(ProgramEndpoint):
    """GET /v1/messages/batches/{batch_id}/results."""

    def get(self, request: Request, batch_id: str) -> HttpResponseBase:
        """A line for each request, once all have ended."""
        tenant = self.access.tenant
        found = _batch_of(tenant, batch_id)
        if found.status != "ended":
            raise not_found(f"Batch {batch_id} has no results: it is still {found.status}")
        if not found.is_kept:
            raise not_found(f"The results of batch {batch_id} are no longer available")
        return streamed(request._request, _lines(tenant, found), JSON_LINES, f"{batch_id}.jsonl")


def _lines(tenant: Tenant, batch: MessageBatch) -> Iterator[bytes]:
    for results in message_batches.results(tenant, batch):
        yield b"".join(map(shapes.result_line, results))


def _batch_of(tenant: Tenant, batch_id: str) -> MessageBatch:
    """Raises ApiError 404, also for a batch of somebody else."""
    collection_id = shapes.collection_id_of(batch_id)
    if collection_id is not None:
        try:
            return message_batches.batch_of(tenant, collection_id)
        except Collection.DoesNotExist:
            pass
    raise not_found(f"No message batch with id {batch_id[:64]!r}")


def _refuse_betas(header: str) -> None:
    asked = {one.strip() for one in header.split(",")} - KNOWN_BETAS - {""}
    if asked:
        raise invalid(
            f"anthropic-beta: {min(asked)[:64]} is not passed on. A beta holds for a whole batch, "
            "and requests of several senders share one here"
        )
