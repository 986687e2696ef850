"""Answers that tell a state: with an ETag, without what was not asked for, held where asked to."""

import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.shapes import Shape
from aijobs.live import waiting
from aijobs.live.lookout import Subject
from aijobs.models import dump_json
from citizenapp.tenants.access import Access

# What may be another although nothing has happened: it is told with each answer, but an answer
# that differs in nothing else is the same state.
BY_THE_CLOCK = {"eta_from", "eta", "late_reason", "route_reason"}


def tag_of(body: Mapping[str, Any]) -> str:
    """The weak ETag of what is told, whichever of its fields were asked for."""
    told = {name: value for name, value in body.items() if name not in BY_THE_CLOCK}
    return f'W/"{hashlib.blake2b(dump_json(told).encode(), digest_size=16).hexdigest()}"'


def answer(
    request: Request,
    shown: Shape,
    fields: Sequence[str] | None,
    *,
    seconds: int = 0,
    subject: Subject | None = None,
    state: object = None,
) -> HttpResponseBase:
    """200 with what is shown, or 304 where the client has it already.

    `fields`: the names to tell, of a list those of each row; all where it is None. With a
    `subject`, the answer is held for so many seconds until that differs; without, where it has
    ended, it is not. `state` is what the subject's kind would read of it (`live.lookout`).
    """
    body = shown.model_dump(mode="json")
    tag = tag_of(body)
    whole = Response(
        body if fields is None else _told(body, fields),
        headers={"ETag": tag, "Cache-Control": "private, no-cache"},
    )
    patch_vary_headers(whole, ["Authorization", "Cookie"])
    # The other conditions are for who writes: none of them can hold for a weak ETag.
    others = {"If-Match", "If-Unmodified-Since"} & request.headers.keys()
    is_conditional = "If-None-Match" in request.headers and not others
    found: HttpResponseBase = whole
    if is_conditional:
        found = get_conditional_response(request._request, tag, None, whole) or whole
    # Who knows another state than this one wants this one now.
    is_news = is_conditional and found.status_code != HTTPStatus.NOT_MODIFIED
    if not seconds or subject is None or is_news or request.method == "HEAD":
        return found
    asked, access = request._request, cast(Access, request.auth)
    if not waiting.hold(asked, access, subject, seconds, state=state, tag=tag):
        found.headers[waiting.WAITED] = waiting.NOT_HERE
        found.headers["Retry-After"] = str(waiting.RETRY_SECONDS)
    return found


def _told(body: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    if "results" not in body:
        return {name: body[name] for name in fields}
    rows = [{name: row[name] for name in fields} for row in body["results"]]
    return {**body, "results": rows}
