"""Send now: what waits of a workspace leaves at once, by batch, at the same half price."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from aijobs.pipeline import assemble
from aijobs.reading import collections
from aijobs.web.guards import MemberRequest, for_writers, or_404
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action


@require_POST
@for_writers
def send_now(request: MemberRequest) -> HttpResponseBase:
    """Makes the next batch due; back to the collection that it was asked on, else to the list."""
    tenant, collection = request.access.tenant, None
    if asked := request.POST.get("collection"):
        with or_404():
            collection = collections.collection_of(tenant, _key(asked))
    with transaction.atomic():
        leaves = assemble.leave_now(tenant, timezone.now())
        if leaves:
            audit.of_request(request, request.access, Action.SENT_NOW)
    if leaves:
        messages.success(request, "What waits leaves within seconds, at the same half price.")
    else:
        messages.info(request, "Nothing waits for a batch any more: it has left, or is leaving.")
    return redirect("collection", collection.pk) if collection else redirect("dashboard")


def _key(text: str) -> UUID:
    """What is no key finds nothing."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
