"""Where a form leads to when it was accepted."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

_LONGEST = 4_000


def onward(request: HttpRequest, name: str, *args: object) -> HttpResponse:
    """A redirect; to a form that was sent by script, a 201 with the address in Location.

    A fetch would follow a redirect by itself, and show the next page and its messages to nobody.
    """
    if "X-Form" in request.headers:
        return HttpResponse(status=201, headers={"Location": resolve_url(name, *args)})
    return redirect(name, *args)


def is_ours(address: str) -> bool:
    """Whether a form may lead there afterwards: a page of this site, and no other one."""
    if len(address) > _LONGEST or not address.startswith("/") or not address.isprintable():
        return False
    return url_has_allowed_host_and_scheme(address, allowed_hosts=None)


def back(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """To the page that the form was on, where it says so; else to the job's own page."""
    then = request.POST.get("then", "")
    return redirect(then) if is_ours(then) else redirect("job", job_id)
