"""Collections: queue many jobs at once, follow them, download what came of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import jobtypes
from aijobs.api import (
    bodies,
    collection_bodies,
    exports,
    idempotency,
    openapi,
    quotes,
    shapes,
    states,
    translate,
)
from aijobs.api.bodies import Body
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.erasing import ErasableCollection
from aijobs.api.idempotency import Answer
from aijobs.api.parameters import Cancel, Download, Queueing, Retry, documented
from aijobs.api.quote_shapes import Quote as Quoted
from aijobs.api.selections import CollectionListing, CollectionRead
from aijobs.documents import (
    TableLimits,
    UnreadableTable,
)
from aijobs.jobtypes import InvalidInput
from aijobs.live.lookout import Kind, Subject
from aijobs.models import Collection
from aijobs.pipeline import accept, seed, withdraw
from aijobs.pipeline.accept import RejectedCollection
from aijobs.quotes.terms import Terms
from aijobs.reading import collections
from citizenapp.tenants.access import Access
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant

# However quickly its jobs end: who waits for it is told so often at most.
WATCHED = Kind(collections.states, pause_seconds=1)


class CollectionList(Endpoint):
    """GET and POST collections."""

    largest_upload = TableLimits().size

    @extend_schema(
        operation_id="list_collections",
        summary="Collections, newest first",
        tags=["collections"],
        parameters=[*documented(CollectionListing), openapi.IF_NONE_MATCH],
        responses=openapi.responses({200: shapes.CollectionPage, 304: openapi.NOT_MODIFIED}, 400),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """A page of at most `page_size` collections, and the addresses of the pages beside it."""
        wanted = CollectionListing.read(request.query_params)
        found = collections.page(self.access.tenant, wanted.position, size=wanted.page_size)
        return states.answer(request, translate.collection_page(request, found), wanted.fields)

    @extend_schema(
        operation_id="queue_collection",
        summary="Queue many jobs under one name",
        tags=["collections"],
        parameters=[*documented(Queueing), openapi.IDEMPOTENCY_KEY],
        request=openapi.COLLECTION_REQUEST,
        responses=openapi.responses(
            {200: Quoted, 202: shapes.QueuedCollection}, 400, 402, 413, 415, 422
        ),
    )
    def post(self, request: Request) -> Response:
        """All jobs of a collection are of one type. `defaults` fills in what an item leaves out.

        With `on_error: reject` nothing is queued when one item is bad; `skip` leaves bad ones out.
        """
        now = timezone.now()
        wanted = Queueing.read(request.query_params)
        body = bodies.read(request)
        if (
            isinstance(job_type := body.fields.get("job_type"), str)
            and job_type in jobtypes.names()
        ):
            self.must_be_in_scope([job_type])
        if wanted.quote:
            return idempotency.once(
                *(request, self.access.tenant, body),
                lambda: _quoted(self.access, body, now),
                now=now,
            )
        return idempotency.once(
            request,
            self.access.tenant,
            body,
            lambda: _told(queue(self.access, body, now=now)),
            now=now,
        )


def queue(access: Access, body: Body, *, now: datetime) -> dict[str, Any]:
    """Queue what the body asks for. Raises InvalidInput, RejectedCollection, LimitReached."""
    fields, items = collection_bodies.read(body)
    with _table_errors():
        queued = accept.accept_collection(
            access.tenant,
            fields.pop("name", None),
            fields.pop("job_type"),
            items.rows,
            now=now,
            created_by=access.actor,
            lenient=body.is_form,
            fields=items.fields,
            **fields,
        )
    return shapes.QueuedCollection(
        collection_id=queued.collection.pk,
        accepted=queued.accepted,
        rejected=[shapes.RejectedRow(row=bad.row, errors=bad.errors) for bad in queued.rejected],
        rejected_count=queued.rejected_count,
        repeated=queued.repeated,
        warnings=list(items.warnings),
        message=_said(queued.accepted, fields.get("trial", 0)),
    ).model_dump(mode="json")


def _told(queued: dict[str, Any]) -> Answer:
    # The errors of rejected rows may quote them: they go when the collection is erased.
    return Answer(queued, 202, UUID(queued["collection_id"]))


def _said(jobs: int, trial: int) -> str:
    if not trial:
        return f"{jobs:,} jobs are queued."
    first = min(trial, jobs)
    return (
        f"{first:,} of {jobs:,} jobs run at once. The others wait until you let them continue, or"
        " cancel them."
    )


def _quoted(access: Access, body: Body, now: datetime) -> Answer:
    """What the good rows would cost. Refused where queueing would be."""
    fields, items = collection_bodies.read(body)
    on_error = fields.get("on_error", "reject")
    accept.check_collection(access.tenant, fields.get("name"), on_error, fields.get("trial", 0))
    fresh = accept.check_fresh(fields.get("fresh", False), lenient=body.is_form)
    terms = Terms(access.tenant, jobtypes.get(fields["job_type"]), now)
    rejections = accept.Rejections()
    rows = accept.examine(
        terms,
        items.rows,
        defaults=fields.get("defaults", {}),
        needed_within=fields.get("needed_within"),
        fields=items.fields,
        lenient=body.is_form,
        refused=rejections.add,
    )
    with _table_errors():
        bill = accept.bill_of(
            terms,
            (one.asked for one in rows),
            fresh=fresh,
            trial=fields.get("trial", 0),
            is_collection=True,
        )
    if (rejections.count and on_error == "reject") or not bill.jobs:
        message = "Some rows have errors." if bill.jobs else "There is no valid row."
        raise RejectedCollection(message, rejections.told, rejections.count)
    return quotes.told(
        access, body, bill, now=now, warnings=items.warnings, rejections=rejections, is_many=True
    )


@contextmanager
def _table_errors() -> Iterator[None]:
    """A table may turn out to be unreadable at any row."""
    try:
        yield
    except UnreadableTable as error:
        raise InvalidInput({"file": [str(error)]}) from None


class CollectionDetail(ErasableCollection):
    """GET and DELETE collections/{collection_id}."""

    @extend_schema(
        operation_id="get_collection",
        summary="One collection",
        tags=["collections"],
        parameters=[*documented(CollectionRead), openapi.IF_NONE_MATCH],
        responses=openapi.responses({200: shapes.Collection, 304: openapi.NOT_MODIFIED}, 400, 404),
    )
    def get(self, request: Request, collection_id: UUID) -> HttpResponseBase:
        """With its jobs counted by status, and what they cost in USD so far.

        The ETag is that of the state: without `eta`, `eta_from` and `late_reason`, which change by
        the clock alone.
        """
        wanted, tenant = CollectionRead.read(request.query_params), self.access.tenant
        with is_there("collection"):
            found = collections.detail(tenant, collection_id, now=timezone.now())
        return states.answer(
            request,
            translate.collection(found),
            wanted.fields,
            seconds=wanted.wait,
            subject=None if found.is_over else Subject(WATCHED, tenant.pk, collection_id),
            state=found.progress,
        )


class CollectionResults(Endpoint):
    """GET collections/{collection_id}/results."""

    @extend_schema(
        operation_id="download_results",
        summary="The results of a collection, in the order of its rows",
        tags=["collections"],
        parameters=documented(Download),
        responses=openapi.responses(
            {
                (200, exports.NDJSON): shapes.ResultRow,
                (200, exports.CSV): str,
                (200, exports.XLSX): bytes,
            },
            *(400, 404),
        ),
    )
    def get(self, request: Request, collection_id: UUID) -> HttpResponseBase:
        """One line for each job, finished or not; or for those that the parameters let through.

        The first columns are `row`, `reference` and the metadata under its own names. In csv, a
        result's lists are JSON, and a cell that a spreadsheet would take for a formula begins with
        an apostrophe. In xlsx, each list has a sheet of its own, with row and reference.
        """
        wanted = Download.read(request.query_params)
        collection = _collection_of(self.access.tenant, collection_id)
        if request.method == "GET":
            self.tell(Action.DOWNLOADED, f"collection {collection_id}", {"as": wanted.form})
        return exports.download(
            *(request._request, self.access.tenant, collection, wanted.form),
            only=wanted.only,
            bom=wanted.bom,
        )


class CollectionCancellation(Endpoint):
    """POST collections/{collection_id}/cancel."""

    @extend_schema(
        operation_id="cancel_collection",
        summary="Cancel the jobs of a collection that still wait",
        tags=["collections"],
        parameters=[*documented(Cancel), openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.CollectionCanceled}, 400, 404, 422),
    )
    def post(self, request: Request, collection_id: UUID) -> Response:
        """Those on their way to Claude bring their results, unless `answers=drop`.

        Then they go on and are charged, and their answers are not kept; and what comes back from
        Claude to be sent again is canceled too.
        """
        now = timezone.now()
        wanted = Cancel.read(request.query_params)
        collection = _collection_of(self.access.tenant, collection_id)

        def cancel() -> dict[str, Any]:
            with transaction.atomic():
                if wanted.drops:
                    done = withdraw.withdraw_collection(collection, drops=True, now=now)
                else:
                    done = withdraw.Withdrawn(withdraw.cancel_collection(collection, now=now), 0)
                dropped = {"answers dropped": done.dropped} if wanted.drops else {}
                told = {"jobs": done.canceled, **dropped}
                self.tell(Action.CANCELED, f"collection {collection_id}", told)
            return shapes.CollectionCanceled(
                canceled=done.canceled, dropped=done.dropped
            ).model_dump(mode="json")

        return idempotency.once(request, self.access.tenant, Body({}), cancel, now=now, status=200)


class CollectionContinuation(Endpoint):
    """POST collections/{collection_id}/continue."""

    @extend_schema(
        operation_id="continue_collection",
        summary="Let the jobs of a collection go that wait for those that went first",
        tags=["collections"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.CollectionContinued}, 400, 404, 422),
    )
    def post(self, request: Request, collection_id: UUID) -> Response:
        """After a trial; and without the cache, where they wait for the job that fills it."""
        now = timezone.now()
        collection = _collection_of(self.access.tenant, collection_id)
        self.must_be_in_scope([collection.job_type])

        def let_go_on() -> dict[str, Any]:
            with transaction.atomic():
                continued = seed.end_trial(collection, now) or seed.let_go_on(collection)
                self.tell(Action.CONTINUED, f"collection {collection_id}", {"jobs": continued})
            return shapes.CollectionContinued(continued=continued).model_dump(mode="json")

        return idempotency.once(
            request, self.access.tenant, Body({}), let_go_on, now=now, status=200
        )


class CollectionRetry(Endpoint):
    """POST collections/{collection_id}/retry."""

    @extend_schema(
        operation_id="retry_collection",
        summary="Queue the failed or the canceled jobs of a collection again",
        tags=["collections"],
        parameters=[*documented(Retry), openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.CollectionRetried}, 400, 402, 404, 422),
    )
    def post(self, request: Request, collection_id: UUID) -> Response:
        """Those with the status that is asked for; completed jobs never run again."""
        now = timezone.now()
        status = Retry.read(request.query_params).status
        collection = _collection_of(self.access.tenant, collection_id)
        self.must_be_in_scope([collection.job_type])

        def queue_again() -> dict[str, Any]:
            with transaction.atomic():
                queued = accept.retry_collection(collection, status, now=now)
                self.tell(Action.RETRIED, f"collection {collection_id}", {"jobs": queued})
            return shapes.CollectionRetried(queued=queued).model_dump(mode="json")

        return idempotency.once(
            request, self.access.tenant, Body({"status": status}), queue_again, now=now, status=200
        )


def _collection_of(tenant: Tenant, collection_id: UUID) -> Collection:
    with is_there("collection"):
        return collections.collection_of(tenant, collection_id)
