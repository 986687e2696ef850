"""`Prefer: return=minimal` (RFC 7240): a client that wants to know little is told little."""

from http import HTTPStatus
from typing import Any
from urllib.request import parse_http_list

from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

HEADER = "Prefer"
APPLIED = "Preference-Applied"
MINIMAL = "return=minimal"
# What remains of an answer to what was queued: what to ask for later, and whether all is well.
TOLD = ("job_id", "collection_id", "operation_id", "status", "accepted", "rejected_count")


def wants_little(request: Request) -> bool:
    """Whether the first `return` among the client's preferences is `minimal`."""
    for preference in parse_http_list(request.headers.get(HEADER, "")):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "return":
            return value.strip().strip('"').lower() == "minimal"
    return False


def apply(request: Request, response: Response, *, is_known: bool) -> Response:
    """The answer to a POST as the client prefers it.

    202 keeps ids, status and counts. `is_known`: what was asked for is done, and 200 would tell
    it as GET does: that becomes 204.
    """
    is_queued = response.status_code == HTTPStatus.ACCEPTED and isinstance(response.data, dict)
    is_done = response.status_code == HTTPStatus.OK and is_known
    if not (is_queued or is_done):
        return response
    patch_vary_headers(response, (HEADER,))
    if not wants_little(request):
        return response
    if is_queued:
        response.data = minimal(response.data)
    else:
        response.data, response.status_code = None, HTTPStatus.NO_CONTENT
    response.headers[APPLIED] = MINIMAL
    return response


def minimal(body: dict[str, Any]) -> dict[str, Any]:
    """What remains of the body of a 202."""
    return {name: body[name] for name in TOLD if body.get(name) is not None}
