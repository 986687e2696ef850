"""Home for a new tenant: three steps to a first result, with something to try; then gone."""

import csv
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from aijobs.budgets.room import OverLimit
from aijobs.pipeline import accept
from aijobs.reading.home import FirstSteps, first_steps
from aijobs.web import samples
from aijobs.web.guards import MemberRequest, for_members, for_writers
from aijobs.web.once import not_done, once

DOCUMENT, TABLE = "policy.txt", "claims.csv"
CATEGORIES = ["motor", "home", "travel", "other"]
A_YEAR = 365 * 86_400


def home_of(
    request: MemberRequest, now: datetime, newest: FirstSteps | None = None
) -> FirstSteps | None:
    """None once there is a result, or where this person has put it away in this workspace."""
    if _cookie(request) in request.COOKIES:
        return None
    return first_steps(request.access.tenant, now, newest)


@require_POST
@for_writers
@once(anew=True)
def try_example(request: MemberRequest) -> HttpResponseBase:
    """Queue the example document, or the example table, and show what becomes of it.

    Whoever has a result already is past this, so a page that lies open somewhere queues nothing.
    """
    now = timezone.now()
    steps = first_steps(request.access.tenant, now)
    if steps is None:
        messages.info(request, "There are results already: see the list below.")
        return redirect("dashboard")
    try:
        if request.POST.get("example") == "table":
            return redirect("collection", _queue_table(request, now))
        return redirect("job", _queue_document(request, now))
    except OverLimit as refusal:
        messages.error(request, str(refusal))
        return not_done(redirect("dashboard"))


@require_POST
@for_members
def dismiss(request: MemberRequest) -> HttpResponseBase:
    """It does not come back in this browser."""
    response = redirect("dashboard")
    response.set_cookie(_cookie(request), "off", max_age=A_YEAR, samesite="Lax", httponly=True)
    return response


def _queue_document(request: MemberRequest, now: datetime) -> object:
    tenant = request.access.tenant
    job = accept.accept_job(
        tenant,
        "analyze",
        {"document_text": samples.text_of(DOCUMENT), "reference": "Example: household policy"},
        now=now,
        created_by=request.access.actor,
        needed_within=_soon(request),
    )
    return job.pk


def _queue_table(request: MemberRequest, now: datetime) -> object:
    lines = csv.DictReader(samples.text_of(TABLE).splitlines())
    rows = (
        (number, {"document_text": line["Letter"], "reference": line["Claim"]})
        for number, line in enumerate(lines, 1)
    )
    accepted = accept.accept_collection(
        request.access.tenant,
        "Example: claims",
        "classify",
        rows,
        now=now,
        created_by=request.access.actor,
        defaults={"categories": CATEGORIES},
        needed_within=_soon(request),
    )
    return accepted.collection.pk


def _soon(request: MemberRequest) -> int | None:
    """At once, where the workspace may: who tries something does not want to wait for a batch."""
    return 0 if request.access.tenant.full_price else None


def _cookie(request: MemberRequest) -> str:
    return f"home-{request.access.tenant.slug}"
