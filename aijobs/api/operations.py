"""Many jobs at once: POST jobs/retry, cancel, tag and untag, and the operations that do it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.db import transaction
from django.http import HttpResponseBase, QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import bodies, idempotency, openapi, states, translate
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.operation_shapes import MOST_IDS, Operation, OperationPage
from aijobs.api.parameters import Cancel, JobFilters, Paging, documented
from aijobs.api.selections import OperationListing, OperationRead
from aijobs.jobtypes import InvalidInput
from aijobs.live.lookout import Kind, Subject
from aijobs.models import Operation as Row
from aijobs.models import Tag
from aijobs.models.jobs import AIJobQuerySet
from aijobs.pipeline import apply
from aijobs.pipeline.tag import TooManyTags, name_of
from aijobs.reading import jobs, operations
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant

Post = TypeVar("Post", bound=Callable[..., Response])

WATCHED = Kind(operations.states, pause_seconds=1)
NARROWING = JobFilters.model_fields.keys() - Paging.model_fields.keys()
# Of ids that are no job, so many are named.
MOST_NAMED = 100
NO_JOB = "There is no job with this id."
ACTIONS = {
    Row.Kind.RETRY: Action.RETRIED,
    Row.Kind.CANCEL: Action.CANCELED,
    Row.Kind.DROP: Action.CANCELED,
    Row.Kind.TAG: Action.TAGGED,
    Row.Kind.UNTAG: Action.UNTAGGED,
}
TAG: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": Tag.LONGEST,
    "description": "The word. One that differs in capitals only from a tag that there is means that"
    f" tag. A job has {Tag.MOST_OF_A_JOB} at most, a workspace {Tag.MOST_OF_A_TENANT}.",
}


REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "ids": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "minItems": 1,
            "maxItems": MOST_IDS,
            "description": "One that is no job of yours refuses the whole request.",
        },
        "filter": {
            "type": "object",
            "properties": {
                one.name: {**cast(dict[str, Any], one.type), "description": one.description}
                for one in documented(JobFilters)
                if one.name in NARROWING
            },
            "minProperties": 1,
            "additionalProperties": False,
            "description": "As `GET jobs` takes it. The jobs that it finds now are those that"
            " the operation is about.",
        },
    },
    "additionalProperties": False,
}


def _request(**more: dict[str, Any]) -> dict[str, Any]:
    """The body: which jobs, and what else is needed."""
    properties = REQUEST["properties"] | more
    either = [{"required": [which, *more]} for which in ("ids", "filter")]
    return {bodies.JSON: {**REQUEST, "properties": properties, "oneOf": either}}


class UnknownJobs(NotFound):
    """Some ids are no jobs of the tenant: `errors` names the first of them by their places."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("Some of these ids are no jobs. Nothing was stored.")
        self.errors = errors


class BulkMove(Endpoint):
    """Asks for a move of many jobs."""

    kind: ClassVar[Row.Kind]

    def post(self, request: Request) -> Response:
        """202 with the operation. Raises InvalidInput, UnknownJobs, KeyReused."""
        now, kind = timezone.now(), self._kind(request)
        body = bodies.read(request)
        if body.is_form:
            raise UnsupportedMediaType(bodies.FORM, f"Send {bodies.JSON}.")
        access = self.access

        def ask() -> dict[str, Any]:
            fields = dict(body.fields)
            tag = _tag(fields.pop("tag", None)) if kind in (Row.Kind.TAG, Row.Kind.UNTAG) else ""
            wanted = _wanted(access.tenant, fields)
            if kind == Row.Kind.RETRY and access.job_types is not None:
                others = wanted.exclude(job_type__in=access.job_types)
                self.must_be_in_scope(others.values_list("job_type", flat=True)[:1])
            with _room_for_tags(), transaction.atomic():
                operation = apply.ask(
                    access.tenant, kind, wanted, by=access.actor, now=now, tag=tag
                )
                told = {"jobs": operation.total, **apply.in_audit(operation)}
                self.tell(ACTIONS[kind], f"operation {operation.pk}", told)
            return Operation.of(operation).model_dump(mode="json")

        return idempotency.once(request, access.tenant, body, ask, now=now)

    def _kind(self, request: Request) -> Row.Kind:  # noqa: ARG002
        return self.kind


def _documented(
    kind: Row.Kind,
    asked: Sequence[OpenApiParameter] = (),
    request: dict[str, Any] = _request(),  # noqa: B008 - read only
) -> Callable[[Post], Post]:
    documented_: Callable[[Post], Post] = extend_schema(
        operation_id=f"{kind.value}_jobs",
        summary=f"{kind.label} many jobs at once",
        tags=["operations"],
        parameters=[*asked, openapi.IDEMPOTENCY_KEY],
        request=request,
        responses=openapi.responses({202: Operation}, 400, 404, 409, 413, 415, 422),
    )
    return documented_


class JobRetries(BulkMove):
    """POST jobs/retry."""

    kind = Row.Kind.RETRY

    @_documented(kind)
    def post(self, request: Request) -> Response:
        """The failed and canceled ones among these jobs are queued again, page by page.

        What is beyond a limit, or cannot be retried, is counted in `skipped`.
        """
        return super().post(request)


class JobCancellations(BulkMove):
    """POST jobs/cancel."""

    kind = Row.Kind.CANCEL

    @_documented(kind, documented(Cancel))
    def post(self, request: Request) -> Response:
        """Those among these jobs that wait are canceled, page by page.

        The others are counted in `skipped`: on their way to Claude, or over. With `answers=drop`
        the answers of those on their way are not kept; the operation is then a `drop`.
        """
        return super().post(request)

    def _kind(self, request: Request) -> Row.Kind:
        return Row.Kind.DROP if Cancel.read(request.query_params).drops else self.kind


class JobTags(BulkMove):
    """POST jobs/tag."""

    kind = Row.Kind.TAG

    @_documented(kind, request=_request(tag=TAG))
    def post(self, request: Request) -> Response:
        """These jobs get a tag, page by page; it is made where there is none of this name.

        Those that have it, or have no room for it, are counted in `skipped`.
        """
        return super().post(request)


class JobUntags(BulkMove):
    """POST jobs/untag."""

    kind = Row.Kind.UNTAG

    @_documented(kind, request=_request(tag=TAG))
    def post(self, request: Request) -> Response:
        """These jobs lose a tag, page by page. With the last of its jobs the tag itself goes."""
        return super().post(request)


class OperationList(Endpoint):
    """GET operations."""

    @extend_schema(
        operation_id="list_operations",
        summary="Operations, newest first",
        tags=["operations"],
        parameters=[*documented(OperationListing), openapi.IF_NONE_MATCH],
        responses=openapi.responses({200: OperationPage, 304: openapi.NOT_MODIFIED}, 400),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """A page of at most `page_size` of them. They are kept for 30 days after their end."""
        wanted = OperationListing.read(request.query_params)
        found = operations.page(self.access.tenant, wanted.position, size=wanted.page_size)
        return states.answer(request, translate.operation_page(request, found), wanted.fields)


class OperationDetail(Endpoint):
    """GET operations/{operation_id}."""

    @extend_schema(
        operation_id="get_operation",
        summary="How far an operation has come",
        tags=["operations"],
        parameters=[*documented(OperationRead), openapi.IF_NONE_MATCH],
        responses=openapi.responses({200: Operation, 304: openapi.NOT_MODIFIED}, 400, 404),
    )
    def get(self, request: Request, operation_id: UUID) -> HttpResponseBase:
        """With the jobs that it has changed so far, and why it has skipped others."""
        wanted, tenant = OperationRead.read(request.query_params), self.access.tenant
        with is_there("operation"):
            found = operations.operation_of(tenant, operation_id)
        is_over = found.status != Row.Status.RUNNING
        return states.answer(
            request,
            Operation.of(found),
            wanted.fields,
            seconds=wanted.wait,
            subject=None if is_over else Subject(WATCHED, tenant.pk, operation_id),
            state=operations.state_of(found),
        )


def _wanted(tenant: Tenant, fields: dict[str, Any]) -> AIJobQuerySet:
    """The jobs that a body asks for. Raises InvalidInput or UnknownJobs."""
    errors = {
        name[:100]: ["There is no such field."]
        for name in sorted(fields.keys() - {"ids", "filter"})
    }
    if len(fields.keys() & {"ids", "filter"}) != 1:
        errors["ids"] = ["Send either ids or a filter."]
    if errors:
        raise InvalidInput(errors)
    if "ids" in fields:
        return _named(tenant, fields["ids"])
    return jobs.filtered(tenant, _filter(fields["filter"]).only)


def _tag(given: object) -> str:
    """The name of a tag as it is kept. Raises InvalidInput."""
    if not isinstance(given, str):
        raise InvalidInput({"tag": ["Must be text."]})
    name, wrong = name_of(given)
    if wrong:
        raise InvalidInput({"tag": [wrong]})
    return name


@contextmanager
def _room_for_tags() -> Iterator[None]:
    try:
        yield
    except TooManyTags as refusal:
        raise InvalidInput({"tag": [str(refusal)]}) from None


def _filter(given: object) -> JobFilters:
    if not isinstance(given, dict) or not given:
        raise InvalidInput({"filter": ["Must be an object with one condition at least."]})
    errors: dict[str, list[str]] = {}
    for name, value in given.items():
        if name not in NARROWING:
            errors[f"filter.{name[:100]}"] = ["There is no such condition."]
        elif not isinstance(value, str) or not value:
            # Nobody shall cancel everything because a variable was empty.
            errors[f"filter.{name}"] = ["Must be text, and not empty."]
    if not errors:
        try:
            return JobFilters.read(cast(QueryDict, given))
        except InvalidInput as error:
            errors = {f"filter.{name}": messages for name, messages in error.errors.items()}
    raise InvalidInput(errors)


def _named(tenant: Tenant, given: object) -> AIJobQuerySet:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_IDS:
        raise InvalidInput({"ids": [f"Must be a list of 1 to {MOST_IDS:,} ids."]})
    places: dict[UUID, int] = {}
    errors: dict[str, list[str]] = {}
    for place, text in enumerate(given):
        try:
            places.setdefault(UUID(text), place)
        except (ValueError, AttributeError, TypeError):
            errors[f"ids.{place}"] = ["Must be an id."]
    if errors:
        raise InvalidInput(dict(islice(errors.items(), MOST_NAMED)))
    found, missing = jobs.named(tenant, places.keys())
    if missing:
        first = sorted(places[one] for one in missing)[:MOST_NAMED]
        raise UnknownJobs({f"ids.{place}": [NO_JOB] for place in first})
    return found
