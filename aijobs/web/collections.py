"""Collections: many documents queued together, out of one table."""

import csv
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aijobs import jobtypes
from aijobs.budgets.standing import LimitReached
from aijobs.documents import Items, UnmappedTable, UnreadableTable, read_items
from aijobs.jobtypes import InvalidInput, UnknownJobType
from aijobs.models import Collection, Trial
from aijobs.pipeline import accept, seed, withdraw
from aijobs.pipeline.accept import Accepted, RejectedCollection
from aijobs.quotes.terms import LongPrompt
from aijobs.reading import collections, rows
from aijobs.reading.collections import CollectionDetail
from aijobs.reading.pages import NEWEST
from aijobs.reading.rows import RowFilter
from aijobs.web import parameters
from aijobs.web.forms import NOW, NewCollection
from aijobs.web.guards import MemberRequest, for_members, for_writers, or_404
from aijobs.web.parameters import asks
from aijobs.web.previews import Choice, Preview, Reasons, look_at
from aijobs.web.reasons import why
from aijobs.web.redirects import onward
from aijobs.web.short import in_short

PAGE_SIZE = 25
TOLD_IN_MESSAGE = 5


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
    """The form for many jobs, and what comes of it."""
    if request.method != "POST":
        form = NewCollection(initial={"job_type": asked.job_type or "classify"})
        return render(request, "collections/new.html", {"form": form})
    form = NewCollection(request.POST, request.FILES)
    context: dict[str, object] = {"form": form}
    if form.is_valid() and "preview" not in request.POST:
        table = form.cleaned_data["table"]
        choice = Choice.of(request.POST)
        try:
            items = read_items(
                table.file,
                table.name,
                form.chosen.kind,
                sheet=choice.sheet,
                columns=choice.columns,
                how=form.how_to_read,
            )
            accepted = _queue(request, form, items, now=timezone.now())
        except (UnmappedTable, UnreadableTable) as error:
            form.add_error("table", str(error))
        except InvalidInput as refusal:
            form.refuse(refusal)
        except (RejectedCollection, LimitReached) as refusal:
            context["refusal"] = str(refusal)
        else:
            _tell(request, accepted, choice, items.warnings)
            return onward(request, "collection", accepted.collection.pk)
    context["preview"] = _preview(request)
    return render(request, "collections/new.html", context, status=422)


@require_POST
@for_writers
def preview(request: MemberRequest) -> HttpResponseBase:
    """What would become of a table, as a part of the form. Nothing is stored."""
    return render(request, "collections/preview.html", {"preview": _preview(request)})


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
            "now": now,
            "caching": found.caching,
            "trial": found.trial,
            "rest": _price_of_rest(found) if found.trial else None,
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
        messages.success(request, f"Canceled {_counted(canceled, 'waiting job')}.")
    else:
        messages.error(request, "Nothing was waiting any more.")
    return redirect("collection", collection.pk)


@require_POST
@for_writers
def continue_collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Lets the jobs go that wait for those that went first."""
    collection = _collection(request, collection_id)
    if continued := seed.let_go_on(collection):
        messages.success(request, f"{_counted(continued, 'job')} will go with the next batch.")
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
    except (LimitReached, LongPrompt) as refusal:
        messages.error(request, str(refusal))
        return redirect("collection", collection.pk)
    if queued:
        messages.success(request, f"Queued {_counted(queued, f'{status} job')} again.")
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
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{job_type}.csv"'},
    )
    csv.writer(response).writerow(kind.Input.model_fields)
    return response


def _preview(request: MemberRequest) -> Preview | None:
    """None where no table was sent, or no job type chosen."""
    form = NewCollection(request.POST, request.FILES)
    form.is_valid()
    table, job_type = request.FILES.get("table"), form.cleaned_data.get("job_type")
    if not table or not job_type:
        return None
    options = form.chosen
    options.is_valid()
    file: Any = table
    return look_at(
        file.file,
        str(file.name),
        options.kind,
        Choice.of(request.POST),
        how=form.how_to_read,
        defaults=options.raw(),
        needed_within=0 if form.cleaned_data.get("urgency") == NOW else None,
        skips=form.cleaned_data.get("on_error") == "skip",
        long_prompts=request.access.tenant.long_prompts,
    )


def _queue(request: MemberRequest, form: NewCollection, items: Items, *, now: datetime) -> Accepted:
    return accept.accept_collection(
        request.access.tenant,
        form.cleaned_data["name"],
        form.chosen.kind.name,
        items.rows,
        now=now,
        created_by=request.access.actor,
        defaults=form.chosen.raw(),
        on_error=form.cleaned_data["on_error"],
        trial=_trial(request),
        needed_within=form.needed_within,
        lenient=True,
        fields=items.fields,
        fresh=form.cleaned_data["fresh"],
    )


def _price_of_rest(found: CollectionDetail) -> Decimal | None:
    """What the others would cost by batch at the rate of those that ran, for half the price."""
    trial = found.trial
    if trial is None or not trial.completed or not trial.is_open:
        return None
    return found.money.full / trial.completed * trial.waiting / 2


def _trial(request: MemberRequest) -> int:
    """How many rows are to be tried first: the button by which the form was sent says so."""
    asked = request.POST.get("trial", "")
    return min(int(asked[:3]), Trial.MOST) if asked.isdecimal() else 0


def _tell(
    request: MemberRequest, accepted: Accepted, choice: Choice, warnings: Sequence[str]
) -> None:
    if tried := min(_trial(request), accepted.accepted):
        messages.success(
            request, f"{_counted(tried, 'document')} run now. The others wait for your word."
        )
    else:
        messages.success(request, f"Queued {_counted(accepted.accepted, 'document')}.")
    if accepted.repeated:
        messages.success(request, f"{accepted.repeated:,} ask what was asked before: no charge.")
    for warning in warnings:
        messages.warning(request, f"{warning[:1].upper()}{warning[1:]}.")
    if accepted.rejected_count:
        reasons = Reasons(choice.columns or {})
        for one in accepted.rejected:
            reasons.add(one.row, one.errors)
        skipped = _counted(accepted.rejected_count, "row")
        told = "; ".join(map(str, reasons.groups[:TOLD_IN_MESSAGE]))
        more = " …" if len(reasons.groups) > TOLD_IN_MESSAGE else ""
        messages.warning(request, f"Left out {skipped}. {told}{more}")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _collection(request: MemberRequest, collection_id: UUID) -> Collection:
    with or_404():
        return collections.collection_of(request.access.tenant, collection_id)
