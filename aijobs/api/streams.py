"""GET jobs/{job_id}/stream: the answer while it is written, as Server-Sent Events."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Literal
from uuid import UUID

from channels.db import database_sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework.request import Request

from aijobs.api import openapi, server_sent, translate
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.problems import NotStreamed
from aijobs.api.shapes import Shape
from aijobs.drafts import TELL_SECONDS
from aijobs.live import drafts
from aijobs.models import AIJob
from aijobs.reading import jobs
from citizenapp.tenants.models import Tenant


class StreamEvent(Shape):
    event: Literal["text", "done"]
    data: str = Field(description="JSON: of `done` the job, of `text` what is new of the answer.")


class JobStream(Endpoint):
    """GET jobs/{job_id}/stream."""

    @extend_schema(
        operation_id="stream_job",
        summary="The answer to a job while Claude writes it",
        tags=["jobs"],
        responses=openapi.responses({(200, server_sent.EVENTS): StreamEvent}, 404, 501),
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
            return server_sent.response(iter(()))
        if job.status in AIJob.FINAL:
            return server_sent.response(iter([_done(tenant, job_id)]))
        asked = request._request
        if not isinstance(asked, ASGIRequest):
            raise NotStreamed
        access = self.access
        return server_sent.stream(
            asked,
            access,
            _events(
                tenant,
                job_id,
                lambda: server_sent.still_holds(asked, access),
                server_sent.RECHECK_SECONDS,
            ),
        )


async def _events(
    tenant: Tenant, job_id: UUID, holds: Callable[[], bool], recheck_seconds: float
) -> AsyncGenerator[bytes]:
    """Until the job has ended; or until `holds` no longer does, which ends it without `done`.

    Between two questions it keeps no connection to the database.
    """
    clock = asyncio.get_running_loop().time
    checked_at = clock()
    beat = min(server_sent.BEAT_SECONDS, recheck_seconds)
    yield server_sent.CONNECTED
    async with aclosing(drafts.follow(tenant.pk, job_id, beat)) as pieces:
        async for piece in pieces:
            if clock() - checked_at >= recheck_seconds:
                if not await database_sync_to_async(holds)():
                    return
                checked_at = clock()
            if piece is None:
                yield server_sent.STILL_AT_WORK
            else:
                yield server_sent.event("text", piece._asdict())
                await asyncio.sleep(TELL_SECONDS)
    yield await database_sync_to_async(_done)(tenant, job_id)


def _done(tenant: Tenant, job_id: UUID) -> bytes:
    with is_there("job"):
        found = jobs.detail(tenant, job_id, now=timezone.now())
    return server_sent.event("done", translate.job(found).model_dump(mode="json"))
