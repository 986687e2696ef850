"""The documentation of the API in our own frame: for everybody, signed in or not."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.exceptions import MethodNotAllowed

from aijobs.api.guides import GUIDES, guide
from aijobs.api.manual import manual
from aijobs.api.problems import as_problem

Page = Callable[..., HttpResponse]


def only_read(page: Page) -> Page:
    """GET and HEAD; anything else is refused as it is everywhere under /api/."""

    @wraps(page)
    def answered(request: HttpRequest, **named: Any) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return page(request, **named)
        refusal = as_problem(MethodNotAllowed(str(request.method)), {})
        assert refusal is not None
        refusal["Allow"] = "GET, HEAD"
        return refusal

    return answered


@only_read
def overview(request: HttpRequest) -> HttpResponse:
    """The guides, and every call."""
    return _page(request, "overview", is_overview=True)


@only_read
def subject(request: HttpRequest, subject: str) -> HttpResponse:
    """The calls about one thing, with their fields, answers and examples."""
    found = manual().subject(subject)
    if found is None:
        raise Http404
    return _page(request, "subject", subject=found)


@only_read
def guide_page(request: HttpRequest, guide_name: str) -> HttpResponse:
    """One of the guides."""
    found = guide(guide_name)
    if found is None:
        raise Http404
    return _page(request, "guide", guide=found)


def _page(request: HttpRequest, part: str, **shown: object) -> HttpResponse:
    # Who calls with a key is no person: the page is that of a stranger then.
    is_inside = bool(cast("object | None", getattr(request, "access", None)))
    context = {"part": f"docs/{part}.html", "is_inside": is_inside, "manual": manual()}
    return render(request, "docs/frame.html", context | {"guides": GUIDES.items()} | shown)
