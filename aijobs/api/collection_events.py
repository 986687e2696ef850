"""GET collections/{collection_id}/events: the collection whenever it changes, until it has ended.

All streams of one collection in a process share one watch and one reading after each change.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from channels.db import database_sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import Field
from rest_framework.request import Request

from aijobs.api import openapi, server_sent, states, translate
from aijobs.api.collections import WATCHED
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.problems import NotStreamed
from aijobs.api.shapes import Shape
from aijobs.live import lookout
from aijobs.live.lookout import Subject
from aijobs.models import Collection
from aijobs.reading import collections
from citizenapp.tenants.models import Tenant

HEADER = "Last-Event-ID"


class CollectionEvent(Shape):
    event: Literal["collection", "done"]
    id: str = Field(description="The ETag of that state.")
    data: str = Field(description="JSON: the collection as `GET collections/{collection_id}`.")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The collection as it was at a moment; `state` is what the lookout compares."""

    body: dict[str, Any]
    tag: str
    state: object
    is_over: bool

    def event(self) -> bytes:
        return server_sent.event("done" if self.is_over else "collection", self.body, self.tag)


class CollectionEvents(Endpoint):
    """GET collections/{collection_id}/events."""

    @extend_schema(
        operation_id="follow_collection",
        summary="A collection as it changes",
        tags=["collections"],
        parameters=[
            OpenApiParameter(
                HEADER,
                {"type": "string"},
                OpenApiParameter.HEADER,
                description="The id of the last event that was seen, or an ETag of the collection:"
                " nothing is sent until the state is another.",
            )
        ],
        responses=openapi.responses(
            {
                (200, server_sent.EVENTS): CollectionEvent,
                204: openapi.nothing("It has ended, and the client has seen that."),
            },
            *(404, 501),
        ),
    )
    def get(self, request: Request, collection_id: UUID) -> HttpResponseBase:
        """Server-Sent Events: `collection` whenever it has changed, then `done` with the same.

        The first comes at once, the others at most about once a second. `done` comes once all jobs
        have ended, and nothing after it. A client that comes back with that id gets 204, after
        which browsers ask no more.
        """
        tenant, access = self.access.tenant, self.access
        with is_there("collection"):
            first = _read(tenant, collection_id)
        told = request.headers.get(HEADER, "")
        if first.is_over:
            if first.tag == told:
                return HttpResponse(status=204)
            return server_sent.response(iter([first.event()]))
        asked = request._request
        if not isinstance(asked, ASGIRequest):
            raise NotStreamed
        if request.method == "HEAD":
            return server_sent.response(iter(()))
        return server_sent.stream(
            asked,
            access,
            _events(
                Subject(WATCHED, tenant.pk, collection_id),
                lambda: _read(tenant, collection_id),
                told,
                lambda: server_sent.still_holds(asked, access),
                server_sent.RECHECK_SECONDS,
            ),
        )


async def _events(
    subject: Subject,
    read: Callable[[], Snapshot],
    told: str,
    holds: Callable[[], bool],
    recheck_seconds: float,
) -> AsyncGenerator[bytes]:
    """Until it has ended or is gone; or until `holds` no longer does, which ends it without `done`.

    `told` is the tag that the client has. While it waits it keeps no connection to the database.
    """
    clock = asyncio.get_running_loop().time
    checked_at = clock()
    beat = min(server_sent.BEAT_SECONDS, recheck_seconds)
    here = lookout.here()
    yield server_sent.CONNECTED
    read_at = clock()
    try:
        found = await database_sync_to_async(read)()
        async with here.watching(subject, found.state) as watch:
            while True:
                if found.is_over or found.tag != told:
                    yield found.event()
                    told = found.tag
                if found.is_over:
                    return
                is_news = await _changes(here, watch, found, read_at, beat)
                is_due = clock() - checked_at >= recheck_seconds
                if is_due:
                    if not await database_sync_to_async(holds)():
                        return
                    checked_at = clock()
                if is_news:
                    read_at = clock()
                    found = await watch.once(server_sent.EVENTS, database_sync_to_async(read))
                    continue
                yield server_sent.STILL_AT_WORK
                if is_due:
                    # What no notice tells of, such as the end of a trial, is seen now.
                    read_at = clock()
                    found = await database_sync_to_async(read)()
    except Collection.DoesNotExist:
        return


async def _changes(
    here: lookout.Lookout, watch: lookout.Watch, found: Snapshot, read_at: float, seconds: float
) -> bool:
    """Whether there is news within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await here.until_changed(watch, found.state, read_at)
    except TimeoutError:
        return False
    return True


def _read(tenant: Tenant, collection_id: UUID) -> Snapshot:
    """Raises Collection.DoesNotExist."""
    found = collections.detail(tenant, collection_id, now=timezone.now())
    body = translate.collection(found).model_dump(mode="json")
    return Snapshot(body, states.tag_of(body), found.progress, found.is_over)
