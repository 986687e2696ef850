"""Errors as RFC 9457 has them: application/problem+json, for every address under /api/."""

from collections.abc import Collection, Mapping
from datetime import UTC
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    JsonResponse,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import is_valid_path
from django.views import defaults
from rest_framework import exceptions

from aijobs.api import problem_types
from aijobs.api.anthropic import errors as anthropic_errors
from aijobs.api.problem_types import ProblemType
from aijobs.budgets.room import ASK_AGAIN_SECONDS, QueueFull
from aijobs.budgets.standing import LimitReached
from aijobs.jobtypes import InvalidInput
from aijobs.pipeline.accept import RejectedCollection

MEDIA_TYPE = "application/problem+json"


class Conflict(exceptions.APIException):
    """What was asked for does not fit the state that the thing is in."""

    status_code = problem_types.CONFLICT.status


class Refusal(exceptions.APIException):
    """An error with a problem type of its own, and with members and headers that say more."""

    kind: ProblemType = problem_types.SERVER_ERROR

    def __init__(
        self, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.headers, self.members = headers, members


class InProgress(Refusal):
    """The first request with this Idempotency-Key has not ended yet."""

    kind = problem_types.IN_PROGRESS
    status_code = kind.status

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is under way. Send it again in a moment.",
            headers={"Retry-After": "2"},
        )


class TooLarge(exceptions.APIException):
    """More bytes than are read. `field` names the upload when it is one."""

    status_code = problem_types.TOO_LARGE.status

    def __init__(self, limit: int, field: str = "") -> None:
        what = "file" if field else "body"
        super().__init__(f"The {what} may have at most {limit / 1_000_000:,.0f} MB.")
        self.field = field


class NotInScope(Refusal):
    """The key was made for other job types."""

    kind = problem_types.FORBIDDEN
    status_code = kind.status

    def __init__(self, job_type: str, allowed: Collection[str]) -> None:
        may = ", ".join(sorted(allowed)) or "nothing"
        super().__init__(
            f"This key may not queue jobs of type {job_type}. It may queue {may}.",
            job_type=job_type,
        )


class NotStreamed(exceptions.APIException):
    """This server cannot hold a connection open for minutes."""

    status_code = problem_types.NOT_STREAMED.status
    default_detail = (
        "This server sends whole answers only: ask for the thing itself again and again."
    )


def problem(
    kind: ProblemType, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> HttpResponse:
    """A problem document; `members` extend it, `errors` (messages by field) among them."""
    return JsonResponse(
        {
            "type": kind.uri,
            "title": kind.title,
            "status": kind.status,
            "detail": detail,
            **members,
        },
        status=kind.status,
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def as_problem(
    error: Exception,
    context: Mapping[str, Any],  # noqa: ARG001
) -> HttpResponse | None:
    """REST framework's exception handler. None for a defect of ours, which is a 500 and a log."""
    match error:
        case InvalidInput():
            return problem(
                problem_types.INVALID_FIELDS, "Some fields have errors.", errors=error.errors
            )
        case RejectedCollection():
            return problem(
                problem_types.REJECTED_COLLECTION,
                str(error),
                errors={"items": [str(error)]},
                rejected=[{"row": bad.row, "errors": bad.errors} for bad in error.rejected],
                rejected_count=error.rejected_count,
            )
        case LimitReached():
            return problem(
                problem_types.LIMIT_REACHED,
                str(error),
                left_usd=f"{error.left:.10f}",
                limit_usd=f"{error.limit:.10f}",
                renews_at=error.renews.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            )
        case QueueFull():
            return problem(
                problem_types.QUEUE_FULL,
                str(error),
                headers={"Retry-After": str(ASK_AGAIN_SECONDS)},
                waiting=error.waiting,
                room=error.room,
            )
        case Refusal():
            return problem(error.kind, str(error.detail), headers=error.headers, **error.members)
        case exceptions.NotAuthenticated():
            # The error itself, since it carries the challenge.
            error.detail = exceptions.ErrorDetail(
                "Send an API key as `Authorization: Bearer <key>`, or sign in."
            )
        case RequestDataTooBig():
            error = TooLarge(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        case SuspiciousOperation() | MultiPartParserError() | UnreadablePostError():
            error = exceptions.ParseError("The body cannot be read.")
        case Http404():
            error = exceptions.NotFound("There is nothing here.")
        case PermissionDenied():
            error = exceptions.PermissionDenied("You may not do this.")
    return _of_framework(error) if isinstance(error, exceptions.APIException) else None


def _of_framework(error: exceptions.APIException) -> HttpResponse:
    headers = dict(getattr(error, "headers", {}))
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    detail = str(error.detail)
    field = getattr(error, "field", "")
    errors = {field: [detail]} if field else getattr(error, "errors", None)
    members = {"errors": errors} if errors else {}
    kind = problem_types.BY_STATUS[HTTPStatus(error.status_code)]
    return problem(kind, detail, headers=headers, **members)


def _in_api(request: HttpRequest) -> bool:
    return f"{request.path}/".startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Also where a body is too large: that Django knows before any view does."""
    if isinstance(exception, RequestDataTooBig):
        if _in_api(request):
            return _of_framework(TooLarge(settings.DATA_UPLOAD_MAX_MEMORY_SIZE))
        return render(request, "413.html", status=problem_types.TOO_LARGE.status)
    if _in_api(request):
        return problem(problem_types.UNREADABLE, "The request cannot be read.")
    # Not Django's own, which renders without the request.
    return render(request, "400.html", status=problem_types.UNREADABLE.status)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _in_api(request):
        return problem(problem_types.FORBIDDEN, "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if anthropic_errors.is_in(request):
        return anthropic_errors.unknown_address(request)
    if not _in_api(request):
        return defaults.page_not_found(request, exception)
    # Addresses have no slash at the end; who wrote one is sent on, body and method included.
    path = request.path.rstrip("/")
    if path != request.path and is_valid_path(path):
        query = request.META.get("QUERY_STRING", "")
        target = f"{path}?{query}" if query else path
        return HttpResponsePermanentRedirect(target, preserve_request=True)
    return problem(problem_types.NOT_FOUND, "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    if anthropic_errors.is_in(request):
        return anthropic_errors.server_error(request)
    if _in_api(request):
        detail = "Something went wrong on our side. Nothing was stored."
        return problem(problem_types.SERVER_ERROR, detail)
    return defaults.server_error(request)
