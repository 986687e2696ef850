"""A form that is sent twice is done once: two clicks, a lost answer, Back and again.

A template writes `{% once_token %}` into its form, and the view that does the work is guarded by
`@once()`. Without a token in the form the view runs as if it were not guarded.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from aijobs.models import Claim, IdempotencyKey
from aijobs.postgres import claims
from aijobs.web.guards import MemberRequest

FIELD = "once"
TOLD = "This was queued already. Here it is."
_UNDER_WAY = "It is being queued at this moment. It will be in this list in a few seconds."
# A large table takes its time. Somebody who clicked twice waits for it with the first click.
_WAIT_SECONDS = 60
_MOST_TOKEN = 64

P = ParamSpec("P")
View = Callable[Concatenate[MemberRequest, P], HttpResponseBase]
Changed = Callable[[MemberRequest, str], HttpResponseBase]


def once(
    *, changed: Changed | None = None, told: str = TOLD, anew: bool = False
) -> Callable[[View[P]], View[P]]:
    """Runs a page once for each token; whoever sends it again is led to where the first one led.

    A redirect counts as done, unless it went through `not_done`; anything else leaves the token
    unused. `told` is what the second one reads there. `changed` answers a form that was sent again
    with other content, with the address to which the first one led. With `anew` that is another
    thing to be done: somebody went back, and wrote something else. Otherwise it counts as the same.
    """

    def guard(page: View[P]) -> View[P]:
        @wraps(page)
        def guarded(request: MemberRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            claim = _claim_of(request)
            if claim is None:
                return page(request, *args, **kwargs)
            try:
                response = _first(request, claim, lambda: page(request, *args, **kwargs))
            except claims.StillUnderWay:
                messages.warning(request, _UNDER_WAY)
                return to(request, "/")
            if response is not None:
                return response
            earlier = IdempotencyKey.objects.get(tenant=request.access.tenant, key=claim.key)
            leads_to = str((earlier.response or {}).get("leads_to", "/"))
            if earlier.fingerprint != claim.fingerprint:
                if anew:
                    return page(request, *args, **kwargs)
                if changed:
                    return changed(request, leads_to)
            messages.info(request, told)
            return to(request, leads_to)

        return cast(View[P], guarded)

    return guard


def _first(
    request: MemberRequest, claim: Claim, page: Callable[[], HttpResponseBase]
) -> HttpResponseBase | None:
    """What the page answers; None where the token was used before. Raises StillUnderWay."""
    tenant = request.access.tenant
    with transaction.atomic():
        if not claims.is_first(tenant, claim, timezone.now(), wait_seconds=_WAIT_SECONDS):
            return None
        response = page()
        key = IdempotencyKey.objects.filter(tenant=tenant, key=claim.key)
        if leads_to := _leads_to(response):
            key.update(response={"leads_to": leads_to})
        else:
            key.delete()
        return response


def not_done(response: HttpResponse) -> HttpResponse:
    """Marks a redirect that only says why nothing was done: the form may be sent again."""
    response.is_not_done = True  # type: ignore[attr-defined]
    return response


def to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect to an address of ours, as `onward` makes one to a page."""
    if "X-Form" in request.headers:
        return HttpResponse(status=201, headers={"Location": address})
    return redirect(address)


def _leads_to(response: HttpResponseBase) -> str:
    if response.status_code not in {201, 302} or getattr(response, "is_not_done", False):
        return ""
    return str(response.headers.get("Location", ""))


def _claim_of(request: MemberRequest) -> Claim | None:
    token = request.POST.get(FIELD, "") if request.method == "POST" else ""
    if not 1 <= len(token) <= _MOST_TOKEN or not token.isalnum():
        return None
    # No key of the API has such a dot: those are ASCII.
    return Claim(f"form·{request.user.pk}·{token}", _fingerprint(request))


def _fingerprint(request: MemberRequest) -> str:
    """SHA-256 of what was sent, in hex; the same for the same, in whatever order."""
    digest = hashlib.sha256(request.path.encode())
    for name in sorted(request.POST):
        if name != "csrfmiddlewaretoken":
            digest.update(repr((name, request.POST.getlist(name))).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, getattr(file, "name", ""))).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()
