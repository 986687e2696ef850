"""Collections: many documents queued together, out of one table."""

import csv
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aijobs import jobtypes
from aijobs.budgets.room import OverLimit
from aijobs.jobtypes import UnknownJobType
from aijobs.models import Collection
from aijobs.pipeline import accept, seed, withdraw
from aijobs.quotes import stored
from aijobs.quotes.terms import LongPrompt
from aijobs.reading import collections, rows
from aijobs.reading.collections import CollectionDetail
from aijobs.reading.defaults import all_defaults
from aijobs.reading.next_batch import next_batch
from aijobs.reading.pages import NEWEST
from aijobs.reading.rows import RowFilter
from aijobs.web import parameters, queueing, quotes, wishes
from aijobs.web.forms import NewCollection
from aijobs.web.guards import MemberRequest, for_members, for_writers, or_404
from aijobs.web.parameters import asks
from aijobs.web.previews import Preview
from aijobs.web.queueing import counted
from aijobs.web.reasons import why
from aijobs.web.redirects import onward
from aijobs.web.short import in_short

PAGE_SIZE = 25


@require_safe
@for_members
@asks(parameters.Paging)
def overview(request: MemberRequest, asked: parameters.Paging) -> HttpResponseBase:
    """The tenant's collections, newest first, and how far each has come."""
    page = collections.page_with_progress(request.access.tenant, asked.position, size=PAGE_SIZE)
    return render(request, "collections/list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@asks(parameters.Chosen)
def new(request: MemberRequest, asked: parameters.Chosen) -> HttpResponseBase:
    """The form for many jobs, and what comes of it.

    A trial is queued by a quote: whoever then changes something need not send the table again.
    """
    now = timezone.now()
    if request.method != "POST":
        with quotes.changing(request, asked.quote, stored.COLLECTION_FORM, now) as before:
            if before is None:
                begins_with = all_defaults(request.access.tenant)
                initial = {"job_type": asked.job_type or "classify"}
                form = NewCollection(initial=initial, begins_with=begins_with)
                return _page(request, form, None, now)
            found = queueing.look(request, before, now)
            return _page(request, before.collection(), found, now)
    with queueing.sent(request, now) as given:
        form = given.collection()
        found = None
        if form.is_valid() and "preview" not in request.POST:
            if "price" in request.POST or given.trial:
                found = queueing.look(request, given, now)
                if found and found.bill and found.ready:
                    target = stored.COLLECTION_FORM
                    quote = queueing.keep(request, given, target, found.bill, now)
                    if given.trial:
                        return quotes.confirm(request, quote, now)
                    return onward(request, "quote", quote.pk)
            elif accepted := queueing.queue_collection(request, form, given, now):
                return onward(request, "collection", accepted.collection.pk)
        found = found or queueing.look(request, given, now)
        return _page(request, form, found, now, status=422)


def _page(
    request: MemberRequest,
    form: NewCollection,
    preview: Preview | None,
    now: datetime,
    *,
    status: int = 200,
) -> HttpResponseBase:
    context = {
        "form": form,
        "preview": preview,
        "wishes": wishes.offered(form["urgency"], request.access.tenant, now),
    }
    return render(request, "collections/new.html", context, status=status)


@require_POST
@for_writers
def preview(request: MemberRequest) -> HttpResponseBase:
    """What would become of a table, as a part of the form. Nothing is stored."""
    now = timezone.now()
    with queueing.sent(request, now) as given:
        found = queueing.look(request, given, now)
    return render(request, "collections/preview.html", {"preview": found})


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
            "next_batch": next_batch(tenant, now) if counts["queued"] else None,
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
def retry_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Queues failed jobs again, all or those of one reason; with status=canceled the canceled."""
    collection = _collection(request, collection_id)
    status: Literal["failed", "canceled"] = (
        "canceled" if request.POST.get("status") == "canceled" else "failed"
    )
    reason = request.POST.get("reason", "")[:60].replace("\0", "")
    try:
        queued = accept.retry_collection(collection, status, reason=reason, now=timezone.now())
    except (OverLimit, LongPrompt) as refusal:
        messages.error(request, str(refusal))
        return redirect("collection", collection.pk)
    if queued:
        messages.success(request, f"Queued {counted(queued, f'{status} job')} again.")
    elif status == "failed":
        messages.error(request, "No job of this collection has failed.")
    else:
        messages.error(request, "No job of this collection is canceled.")
    return redirect("collection", collection.pk)


@require_safe
@for_members
def template(request: MemberRequest, job_type: str) -> HttpResponseBase:  # noqa: ARG001
    """An empty table with the columns of a job type."""
    try:
        kind = jobtypes.get(job_type)
    except UnknownJobType:
        raise Http404 from None
    if kind.passes_on:
        raise Http404
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{job_type}.csv"'},
    )
    csv.writer(response).writerow(kind.Input.model_fields)
    return response


def _price_of_rest(found: CollectionDetail) -> Decimal | None:
    """What the others would cost by batch at the rate of those that ran, for half the price."""
    trial = found.trial
    if trial is None or not trial.completed or not trial.is_open:
        return None
    return found.money.full / trial.completed * trial.waiting / 2


def _collection(request: MemberRequest, collection_id: UUID) -> Collection:
    with or_404():
        return collections.collection_of(request.access.tenant, collection_id)
