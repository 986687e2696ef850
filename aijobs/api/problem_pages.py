"""The pages that the `type` of a problem opens, for whoever reads an error in a log."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from aijobs.api import problem_types


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """All kinds of errors that the API has."""
    return render(request, "problems/list.html", {"kinds": problem_types.ALL})


@require_safe
def detail(request: HttpRequest, name: str) -> HttpResponse:
    """One kind of error: what it means, and what to do about it."""
    for kind in problem_types.ALL:
        if kind.name == name:
            return render(request, "problems/detail.html", {"kind": kind})
    raise Http404


urlpatterns = [
    path("", overview, name="problems"),
    path("<slug:name>", detail, name="problem"),
]
