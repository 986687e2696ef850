"""Collections: queue many jobs at once, follow them, download what came of them."""

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import jobtypes
from aijobs.api import bodies, exports, idempotency, openapi, shapes, translate
from aijobs.api.bodies import Body
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.parameters import Download, Paging, documented
from aijobs.documents import TableLimits, UnreadableTable, read_table
from aijobs.jobtypes import InvalidInput
from aijobs.models import Collection
from aijobs.pipeline import accept, withdraw
from aijobs.reading import collections
from citizenapp.tenants.models import Tenant

FIELDS = {"name", "job_type", "defaults", "on_error", "needed_within"}

# The row's number for whoever sent it, and what is in it.
Row = tuple[int, Mapping[str, object]]


class CollectionList(Endpoint):
    """GET and POST collections."""

    largest_upload = TableLimits().size

    @extend_schema(
        operation_id="list_collections",
        summary="Collections, newest first",
        tags=["collections"],
        parameters=documented(Paging),
        responses=openapi.responses({200: shapes.CollectionPage}, 400),
    )
    def get(self, request: Request) -> Response:
        """A page of at most `page_size` collections, and the addresses of the pages beside it."""
        wanted = Paging.read(request.query_params)
        found = collections.page(self.access.tenant, wanted.position, size=wanted.page_size)
        return Response(translate.collection_page(request, found).model_dump(mode="json"))

    @extend_schema(
        operation_id="queue_collection",
        summary="Queue many jobs under one name",
        tags=["collections"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=openapi.COLLECTION_REQUEST,
        responses=openapi.responses({202: shapes.QueuedCollection}, 400, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """All jobs of a collection are of one type. `defaults` fills in what an item leaves out.

        With `on_error: reject` nothing is queued when one item is bad; `skip` leaves bad ones out.
        """
        now = timezone.now()
        body = bodies.read(request)
        fields, rows = _read(body)

        def queue() -> dict[str, Any]:
            try:
                queued = accept.accept_collection(
                    self.access.tenant,
                    fields.pop("name", None),
                    fields.pop("job_type"),
                    rows,
                    now=now,
                    created_by=self.access.actor,
                    lenient=body.is_form,
                    **fields,
                )
            except UnreadableTable as error:
                raise InvalidInput({"file": [str(error)]}) from None
            return shapes.QueuedCollection(
                collection_id=queued.collection.pk,
                accepted=queued.accepted,
                rejected=[
                    shapes.RejectedRow(row=bad.row, errors=bad.errors) for bad in queued.rejected
                ],
                rejected_count=queued.rejected_count,
                message=f"{queued.accepted:,} jobs are queued.",
            ).model_dump(mode="json")

        return idempotency.once(request, self.access.tenant, body, queue, now=now)


class CollectionDetail(Endpoint):
    """GET collections/{collection_id}."""

    @extend_schema(
        operation_id="get_collection",
        summary="One collection",
        tags=["collections"],
        responses=openapi.responses({200: shapes.Collection}, 404),
    )
    def get(self, request: Request, collection_id: UUID) -> Response:  # noqa: ARG002
        """With its jobs counted by status, and what they cost in USD so far."""
        with is_there("collection"):
            found = collections.detail(self.access.tenant, collection_id, now=timezone.now())
        return Response(translate.collection(found).model_dump(mode="json"))


class CollectionResults(Endpoint):
    """GET collections/{collection_id}/results."""

    @extend_schema(
        operation_id="download_results",
        summary="The results of a collection, in the order of its rows",
        tags=["collections"],
        parameters=documented(Download),
        responses=openapi.responses(
            {(200, exports.NDJSON): shapes.ResultRow, (200, exports.CSV): str}, 400, 404
        ),
    )
    def get(self, request: Request, collection_id: UUID) -> HttpResponseBase:
        """One line for each job, finished or not.

        In csv, a result's lists are JSON, and a cell that a spreadsheet would take for a formula
        begins with an apostrophe.
        """
        wanted = Download.read(request.query_params)
        collection = _collection_of(self.access.tenant, collection_id)
        return exports.download(request._request, self.access.tenant, collection, wanted.form)


class CollectionCancellation(Endpoint):
    """POST collections/{collection_id}/cancel."""

    @extend_schema(
        operation_id="cancel_collection",
        summary="Cancel the jobs of a collection that still wait",
        tags=["collections"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.CollectionCanceled}, 400, 404, 422),
    )
    def post(self, request: Request, collection_id: UUID) -> Response:
        """Those on their way to Claude bring their results."""
        now = timezone.now()
        collection = _collection_of(self.access.tenant, collection_id)

        def cancel() -> dict[str, Any]:
            canceled = withdraw.cancel_collection(collection, now=now)
            return shapes.CollectionCanceled(canceled=canceled).model_dump(mode="json")

        return idempotency.once(request, self.access.tenant, Body({}), cancel, now=now, status=200)


class CollectionRetry(Endpoint):
    """POST collections/{collection_id}/retry."""

    @extend_schema(
        operation_id="retry_collection",
        summary="Queue the failed jobs of a collection again",
        tags=["collections"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.CollectionRetried}, 400, 404, 422),
    )
    def post(self, request: Request, collection_id: UUID) -> Response:
        """Those that were canceled stay canceled; each can be retried on its own."""
        now = timezone.now()
        collection = _collection_of(self.access.tenant, collection_id)

        def queue_again() -> dict[str, Any]:
            queued = accept.retry_collection(collection, now=now)
            return shapes.CollectionRetried(queued=queued).model_dump(mode="json")

        return idempotency.once(
            request, self.access.tenant, Body({}), queue_again, now=now, status=200
        )


def _collection_of(tenant: Tenant, collection_id: UUID) -> Collection:
    with is_there("collection"):
        return collections.collection_of(tenant, collection_id)


def _read(body: Body) -> tuple[dict[str, Any], Iterable[Row]]:
    """What `accept.accept_collection` is to be called with, and the rows. Raises InvalidInput."""
    fields = dict(body.fields)
    errors: dict[str, list[str]] = {}
    rows: Iterable[Row] = ()
    if body.is_form:
        if len(body.files) == 1:
            (file,) = body.files.values()
            rows = _table(file, errors)
        else:
            errors["file"] = ["Send one file: .csv, .xlsx or .ndjson."]
        if "defaults" in fields:
            fields["defaults"] = _defaults(fields["defaults"], errors)
    else:
        items = fields.pop("items", None)
        if isinstance(items, list):
            rows = enumerate(items, 1)
        else:
            errors["items"] = ["Must be a list of objects."]
    if not isinstance(fields.get("defaults", {}), dict):
        errors["defaults"] = ["Must be an object."]
    if fields.get("job_type") not in jobtypes.names():
        errors["job_type"] = [f"Must be one of {', '.join(jobtypes.names())}."]
    for name in sorted(fields.keys() - FIELDS):
        errors[name[:100]] = ["There is no such field."]
    if errors:
        raise InvalidInput(errors)
    return fields, rows


def _table(file: "UploadedFile[Any]", errors: dict[str, list[str]]) -> Iterable[Row]:
    try:
        return read_table(cast(BinaryIO, file), file.name or "")
    except UnreadableTable as error:
        errors["file"] = [str(error)]
    return ()


def _defaults(text: object, errors: dict[str, list[str]]) -> object:
    try:
        return bodies.json_object(text.encode() if isinstance(text, str) else b"")
    except ParseError as error:
        errors["defaults"] = [str(error.detail)]
    return {}
