"""What is done to a collection: cancel it, let it go on, run rows again."""

from typing import Literal
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from aijobs.budgets.room import OverLimit
from aijobs.models import Collection
from aijobs.pipeline import accept, seed, withdraw
from aijobs.quotes.terms import LongPrompt
from aijobs.reading import collections, rows
from aijobs.reading.rows import RowFilter
from aijobs.web.guards import MemberRequest, for_writers, or_404
from aijobs.web.offers import ranges
from aijobs.web.once import not_done, once
from aijobs.web.queueing import counted
from aijobs.web.reasons import why
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action

DROP = "drop"


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@once(told="It is canceled already.")
def cancel_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Asks first, and names the numbers; a POST cancels what is there to be canceled then.

    What is with Claude already goes on. With `answers=drop` its answers are not kept.
    """
    collection = collection_of(request, collection_id)
    tenant = request.access.tenant
    progress = collections.progress(tenant, [collection])[collection.pk]
    if request.method != "POST":
        dropped = collections.dropped(tenant, collection) if progress.underway else 0
        context = {
            "collection": collection,
            "waiting": progress.counts["queued"],
            "underway": progress.underway - dropped,
            "dropped": dropped,
        }
        return render(request, "collections/cancel.html", context)
    drops = request.POST.get("answers") == DROP
    with transaction.atomic():
        withdrawn = withdraw.withdraw_collection(collection, drops=drops, now=timezone.now())
        done = {"jobs": withdrawn.canceled, "answers dropped": withdrawn.dropped}
        if any(done.values()):
            _record(request, Action.CANCELED, collection, done)
    after = collections.progress(tenant, [collection])[collection.pk]
    kept = after.underway - collections.dropped(tenant, collection)
    if told := _told(withdrawn, kept):
        messages.success(request, told)
        return redirect("collection", collection.pk)
    messages.error(request, "Nothing was waiting or with Claude any more.")
    return not_done(redirect("collection", collection.pk))


def _told(withdrawn: withdraw.Withdrawn, kept: int) -> str:
    """What becomes of all that had not ended, in numbers that add up."""
    parts = []
    if withdrawn.canceled:
        parts.append(f"Canceled {counted(withdrawn.canceled, 'waiting row')}, free of charge.")
    for count, fate in ((withdrawn.dropped, "not kept"), (kept, "kept")):
        if count:
            they, have = ("it", "its answer is") if count == 1 else ("they", "their answers are")
            go = "goes on and is" if count == 1 else "go on and are"
            parts.append(
                f"{counted(count, 'row')} had left for Claude already: "
                f"{they} {go} charged, and {have} {fate}."
            )
    return " ".join(parts)


@require_POST
@for_writers
def continue_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Lets the jobs go that wait for those that went first."""
    collection = collection_of(request, collection_id)
    with transaction.atomic():
        # Two clicks on the button of a trial must not send the jobs without the cache.
        if "trial" in request.POST:
            continued = seed.end_trial(collection, timezone.now())
        else:
            continued = seed.let_go_on(collection)
        if continued:
            _record(request, Action.CONTINUED, collection, {"jobs": continued})
    if continued:
        messages.success(request, f"{counted(continued, 'job')} will be sent.")
    else:
        messages.error(request, "Nothing was waiting any more.")
    return redirect("collection", collection.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@once(told="These are queued again already.")
def retry_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Names the price first; a POST queues failed rows again, all or those of one reason.

    With status=canceled those that were canceled.
    """
    collection, now = collection_of(request, collection_id), timezone.now()
    given = request.POST if request.method == "POST" else request.GET
    status: Literal["failed", "canceled"] = (
        "canceled" if given.get("status") == "canceled" else "failed"
    )
    reason = _reason(given)
    if request.method != "POST":
        bill = accept.price_of_retry(collection, status, reason=reason, now=now)
        price = ranges(bill.asked)[0] if bill.is_known and bill.jobs else ""
        tenant = request.access.tenant
        reasons = rows.reasons(tenant, collection) if status == "failed" and not reason else []
        context = {
            "collection": collection,
            "status": status,
            "reason": reason,
            "why": why(reason) if reason else "",
            "count": bill.jobs,
            "price": price,
            "reasons": [(one, why(one.name)) for one in reasons],
            "only": RowFilter(),
        }
        return render(request, "collections/retry.html", context)
    try:
        with transaction.atomic():
            queued = accept.retry_collection(collection, status, reason=reason, now=now)
            if queued:
                _record(request, Action.RETRIED, collection, {"jobs": queued})
    except (OverLimit, LongPrompt) as refusal:
        messages.error(request, str(refusal))
        return not_done(redirect("collection", collection.pk))
    if queued:
        messages.success(request, f"Queued {counted(queued, f'{status} job')} again.")
        return redirect("collection", collection.pk)
    if status == "failed":
        messages.error(request, "No job of this collection has failed.")
    else:
        messages.error(request, "No job of this collection is canceled.")
    return not_done(redirect("collection", collection.pk))


def _record(
    request: MemberRequest, action: Action, collection: Collection, details: dict[str, int]
) -> None:
    subject = f"collection {collection.pk}"
    audit.of_request(request, request.access, action, subject=subject, details=details)


def _reason(given: QueryDict) -> str:
    return given.get("reason", "")[:60].replace("\0", "")


def collection_of(request: MemberRequest, collection_id: UUID) -> Collection:
    """The tenant's collection, or the page for what is not there."""
    with or_404():
        return collections.collection_of(request.access.tenant, collection_id)
