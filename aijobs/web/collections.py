"""Collections: many documents queued together, out of one table."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aijobs.budgets.room import OverLimit
from aijobs.models import Collection
from aijobs.pipeline import accept, seed, withdraw
from aijobs.quotes import stored
from aijobs.quotes.terms import LongPrompt
from aijobs.reading import collections, rows
from aijobs.reading.collections import CollectionDetail
from aijobs.reading.pages import NEWEST
from aijobs.reading.rows import RowFilter
from aijobs.web import parameters
from aijobs.web.guards import MemberRequest, for_members, for_writers, or_404
from aijobs.web.once import not_done, once
from aijobs.web.parameters import asks
from aijobs.web.queueing import counted
from aijobs.web.reasons import why
from aijobs.web.short import in_short

PAGE_SIZE = 25


@require_safe
@for_members
@asks(parameters.Paging)
def overview(request: MemberRequest, asked: parameters.Paging) -> HttpResponseBase:
    """The tenant's collections, newest first, and how far each has come."""
    page = collections.page_with_progress(request.access.tenant, asked.position, size=PAGE_SIZE)
    return render(request, "collections/list.html", {"page": page})


@require_safe
@for_members
@asks(parameters.RowsOfCollection)
def detail(
    request: MemberRequest, asked: parameters.RowsOfCollection, collection_id: UUID
) -> HttpResponseBase:
    """A collection: how far it has come, what it cost, and its rows with their results."""
    tenant, now = request.access.tenant, timezone.now()
    with or_404():
        found = collections.detail(tenant, collection_id, now=now)
    collection, counts = found.collection, found.progress.counts
    only = RowFilter(asked.status, asked.category, asked.reason, asked.search)
    at, number = asked.position, None
    if asked.row and at == NEWEST:
        at = rows.before_row(tenant, collection, asked.row)
    elif only.is_empty and at == NEWEST:
        number = asked.page or 1
        at = rows.before_page(tenant, collection, number, size=PAGE_SIZE)
    page = rows.page(tenant, collection, only, at, size=PAGE_SIZE)
    is_sorted = collection.job_type == "classify"
    return render(
        request,
        "collections/detail.html",
        {
            "collection": collection,
            "counts": counts,
            "expected": found.expected,
            "deadline": collections.deadline_of(tenant, collection),
            "now": now,
            "caching": found.caching,
            "trial": found.trial,
            "rest": _price_of_rest(found) if found.trial else None,
            "kept": stored.form_of_trial(tenant, collection.pk, now) if found.trial else None,
            "progress": found.progress,
            "left_open": found.progress.total - counts["completed"],
            "money": found.money,
            "page": page,
            "number": number,
            "pages": max(1, -(-found.progress.total // PAGE_SIZE)),
            "results": [
                (row, in_short(collection.job_type, row.result), row.error and why(row.error))
                for row in page.rows
            ],
            "categories": rows.categories(tenant, collection) if is_sorted else [],
            "reasons": [(one, why(one.name)) for one in rows.reasons(tenant, collection)]
            if counts["failed"]
            else [],
            "only": only,
            "only_why": why(only.reason) if only.reason else "",
            "searches_text": collection.total <= rows.MOST_SEARCHED,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
def cancel_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Asks first, and names the number; a POST cancels what is waiting then."""
    collection = _collection(request, collection_id)
    if request.method != "POST":
        waiting = collection.counts()["queued"]
        context = {"collection": collection, "waiting": waiting}
        return render(request, "collections/cancel.html", context)
    canceled = withdraw.cancel_collection(collection, now=timezone.now())
    if canceled:
        messages.success(request, f"Canceled {counted(canceled, 'waiting job')}.")
    else:
        messages.error(request, "Nothing was waiting any more.")
    return redirect("collection", collection.pk)


@require_POST
@for_writers
def continue_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Lets the jobs go that wait for those that went first."""
    collection = _collection(request, collection_id)
    # Two clicks on the button of a trial must not send the jobs without the cache.
    if "trial" in request.POST:
        continued = seed.end_trial(collection, timezone.now())
    else:
        continued = seed.let_go_on(collection)
    if continued:
        messages.success(request, f"{counted(continued, 'job')} will be sent.")
    else:
        messages.error(request, "Nothing was waiting any more.")
    return redirect("collection", collection.pk)


@require_POST
@for_writers
@once(told="These are queued again already.")
def retry_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Queues failed jobs again, all or those of one reason; with status=canceled the canceled."""
    collection = _collection(request, collection_id)
    back = redirect("collection", collection.pk)
    status: Literal["failed", "canceled"] = (
        "canceled" if request.POST.get("status") == "canceled" else "failed"
    )
    reason = request.POST.get("reason", "")[:60].replace("\0", "")
    try:
        queued = accept.retry_collection(collection, status, reason=reason, now=timezone.now())
    except (OverLimit, LongPrompt) as refusal:
        messages.error(request, str(refusal))
        return not_done(back)
    if queued:
        messages.success(request, f"Queued {counted(queued, f'{status} job')} again.")
        return back
    if status == "failed":
        messages.error(request, "No job of this collection has failed.")
    else:
        messages.error(request, "No job of this collection is canceled.")
    return not_done(back)


def _price_of_rest(found: CollectionDetail) -> Decimal | None:
    """What the others would cost by batch at the rate of those that ran, for half the price."""
    trial = found.trial
    if trial is None or not trial.completed or not trial.is_open:
        return None
    return found.money.full / trial.completed * trial.waiting / 2


def _collection(request: MemberRequest, collection_id: UUID) -> Collection:
    with or_404():
        return collections.collection_of(request.access.tenant, collection_id)
