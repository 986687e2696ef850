"""Where a form leads to when it was accepted."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url


def onward(request: HttpRequest, name: str, *args: object) -> HttpResponse:
    """A redirect; to a form that was sent by script, a 201 with the address in Location.

    A fetch would follow a redirect by itself, and show the next page and its messages to nobody.
    """
    if "X-Form" in request.headers:
        return HttpResponse(status=201, headers={"Location": resolve_url(name, *args)})
    return redirect(name, *args)
