"""GET jobs/{job_id}/stream: the answer while it is written, as Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Literal
from uuid import UUID

from channels.db import database_sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework.request import Request

from aijobs.api import openapi, translate
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.problems import NotStreamed
from aijobs.api.shapes import Shape
from aijobs.drafts import TELL_SECONDS
from aijobs.live import drafts, handshake
from aijobs.models import AIJob
from aijobs.reading import jobs
from citizenapp.tenants.access import Access
from citizenapp.tenants.models import Tenant

EVENTS = "text/event-stream"
# A comment now and then keeps proxies from ending a stream that is silent.
BEAT_SECONDS = 15
RECHECK_SECONDS = 60


class StreamEvent(Shape):
    event: Literal["text", "done"]
    data: str = Field(description="JSON: of `done` the job, of `text` what is new of the answer.")


class JobStream(Endpoint):
    """GET jobs/{job_id}/stream."""

    @extend_schema(
        operation_id="stream_job",
        summary="The answer to a job while Claude writes it",
        tags=["jobs"],
        responses=openapi.responses({(200, EVENTS): StreamEvent}, 404, 501),
    )
    def get(self, request: Request, job_id: UUID) -> StreamingHttpResponse:
        """Server-Sent Events: `text` with what is new, then `done` with the job.

        The data of `text` is `{"attempt", "start", "text"}`: what Claude wrote from the character
        `start` on, for structured job types pieces of JSON. A later attempt begins anew at 0. The
        data of `done` is the job as `GET jobs/{job_id}` tells it; nothing comes after it. A job
        that goes by batch has no `text`, and one that has ended is `done` at once.
        """
        tenant = self.access.tenant
        with is_there("job"):
            job = jobs.job_of(tenant, job_id)
        if request.method == "HEAD":
            return _response(iter(()))
        if job.status in AIJob.FINAL:
            return _response(iter([_done(tenant, job_id)]))
        asked = request._request
        if not isinstance(asked, ASGIRequest):
            raise NotStreamed
        access = self.access
        return _response(
            _events(tenant, job_id, lambda: _still_holds(asked, access), RECHECK_SECONDS)
        )


async def _events(
    tenant: Tenant, job_id: UUID, holds: Callable[[], bool], recheck_seconds: float
) -> AsyncGenerator[bytes]:
    """Until the job has ended; or until `holds` no longer does, which ends it without `done`.

    Between two questions it keeps no connection to the database.
    """
    clock = asyncio.get_running_loop().time
    checked_at = clock()
    beat = min(BEAT_SECONDS, recheck_seconds)
    # The head of the answer leaves with its first piece: whoever asks shall know at once.
    yield b": connected\n\n"
    async with aclosing(drafts.follow(tenant.pk, job_id, beat)) as pieces:
        async for piece in pieces:
            if clock() - checked_at >= recheck_seconds:
                if not await database_sync_to_async(holds)():
                    return
                checked_at = clock()
            if piece is None:
                yield b": still at work\n\n"
            else:
                yield _event("text", piece._asdict())
                await asyncio.sleep(TELL_SECONDS)
    yield await database_sync_to_async(_done)(tenant, job_id)


def _done(tenant: Tenant, job_id: UUID) -> bytes:
    with is_there("job"):
        found = jobs.detail(tenant, job_id, now=timezone.now())
    return _event("done", translate.job(found).model_dump(mode="json"))


def _still_holds(request: ASGIRequest, access: Access) -> bool:
    try:
        found = handshake.find_access(request)
    except DatabaseError:
        return True  # Nobody can say.
    return found is not None and found.tenant.pk == access.tenant.pk


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps(data).encode())


def _response(chunks: Any) -> StreamingHttpResponse:
    # Nginx would hold pieces back until it has a page of them.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(chunks, content_type=EVENTS, headers=headers)
