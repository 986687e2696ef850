"""Errors as Anthropic's API words them, for every address under /v1/."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from rest_framework import exceptions

from aijobs.budgets.room import ASK_AGAIN_SECONDS, QueueFull
from aijobs.budgets.standing import LimitReached
from aijobs.jobtypes import InvalidInput
from aijobs.pipeline.accept import RejectedCollection
from aijobs.wire.errors import ApiError, invalid, not_found

REQUEST_ID = "request-id"


def new_request_id() -> str:
    return f"req_{secrets.token_hex(12)}"


def is_in(request: HttpRequest) -> bool:
    """Whether the address is one of Anthropic's."""
    return f"{request.path}/".startswith("/v1/")


def answer(error: ApiError, request_id: str) -> HttpResponse:
    headers = {REQUEST_ID: request_id, **error.headers}
    return JsonResponse(error.envelope(request_id), status=error.status, headers=headers)


def as_error(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler. None for a defect of ours, which is a 500 and a log."""
    found = _of(error)
    return answer(found, context["view"].request_id) if found else None


def unknown_address(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return answer(not_found("Not found"), new_request_id())


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return answer(ApiError(500), new_request_id())


def _of(error: Exception) -> ApiError | None:  # noqa: PLR0911 - one for each kind
    match error:
        case ApiError():
            return error
        case LimitReached():
            return ApiError(402, str(error))
        case QueueFull():
            return ApiError(429, str(error), headers={"retry-after": str(ASK_AGAIN_SECONDS)})
        case RejectedCollection() if error.rejected:
            bad = error.rejected[0]
            return _invalid_fields(f"requests.{bad.row - 1}", bad.errors)
        case InvalidInput():
            return _invalid_fields("", error.errors)
        case exceptions.NotAuthenticated():
            return ApiError(401, "x-api-key header is required")
        case exceptions.AuthenticationFailed():
            return ApiError(401)
        case UnreadablePostError():
            return invalid("The request body cannot be read")
        case Http404():
            return not_found("Not found")
        case exceptions.APIException():
            return _of_framework(error)
    return None


def _of_framework(error: exceptions.APIException) -> ApiError:
    """Ours and the framework's: the status says the type, where Anthropic has one of it."""
    status = 400 if error.status_code == 422 else error.status_code
    kind = "invalid_request_error" if status in (405, 411, 415) else ""
    # Some say when to come again.
    headers = dict(getattr(error, "headers", None) or {})
    return ApiError(status, str(error.detail), kind, headers=headers)


def _invalid_fields(where: str, errors: Mapping[str, list[str]]) -> ApiError:
    field, messages = next(iter(errors.items()))
    return invalid(f"{where or field}: {' '.join(messages)}")
