"""New work: a text or files on one page, a table on another; its price, and what comes of it."""

import csv
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aijobs import jobtypes, uploads
from aijobs.jobtypes import UnknownJobType
from aijobs.models import Upload
from aijobs.quotes import stored
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from aijobs.web import offers, parameters, paying, queueing, quotes, samples, wishes
from aijobs.web.forms import NewCollection, NewJob
from aijobs.web.guards import MemberRequest, for_members, for_writers
from aijobs.web.initials import initials_of
from aijobs.web.once import not_done, once
from aijobs.web.parameters import asks
from aijobs.web.previews import Preview
from aijobs.web.redirects import onward
from aijobs.web.sent import Sent, keep, sent

MOST_TOLD = 20


def _sent_before(request: MemberRequest, leads_to: str) -> HttpResponseBase:
    """The form was queued, and now comes with other content: nobody should queue it by mistake."""
    now = timezone.now()
    told = _queued_already(leads_to)
    with sent(request, now) as given:
        if request.path.startswith("/jobs/"):
            job_form = given.job()
            job_form.is_valid()
            job_form.add_error(None, told)
            return _job_page(request, job_form, now, status=409)
        form = given.collection()
        form.is_valid()
        form.add_error(None, told)
        return _table_page(request, form, queueing.look(request, given, now), now, status=409)


def _queued_already(leads_to: str) -> SafeString:
    return format_html(
        'This form was queued already: <a href="{}">see what came of it</a>. You have changed it '
        "since. If that is new work, queue it once more.",
        leads_to,
    )


@once(changed=_sent_before)
def _send_job(request: MemberRequest) -> HttpResponseBase:
    now = timezone.now()
    with sent(request, now) as given:
        form = given.job()
        if not _is_looked_at(request) and form.is_valid():
            if "price" in request.POST or given.trial:
                if bill := queueing.bill_of_jobs(request, form, given, now):
                    return _quoted(request, given, stored.JOB_FORM, bill, [], now)
            elif queued := queueing.queue_jobs(request, form, given, now):
                return onward(request, *queued.page)
        return _job_page(request, form, now, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@asks(parameters.NewJob)
def job(request: MemberRequest, asked: parameters.NewJob) -> HttpResponseBase:
    """The form for a text or files."""
    now = timezone.now()
    if request.method == "POST":
        return _send_job(request)
    with quotes.changing(request, asked.quote, stored.JOB_FORM, now) as before:
        if before:
            return _job_page(request, before.job(), now)
        tenant = request.access.tenant
        initial = initials_of(tenant, asked.job_type, example=bool(asked.example))
        return _job_page(request, NewJob(initial=initial), now)


@once(changed=_sent_before)
def _send_table(request: MemberRequest) -> HttpResponseBase:
    now = timezone.now()
    with sent(request, now) as given:
        form = given.collection()
        found = None
        if not _is_looked_at(request) and form.is_valid():
            if "price" in request.POST or given.trial:
                found = queueing.look(request, given, now)
                if found and found.bill and found.ready:
                    target, left_out = stored.COLLECTION_FORM, _left_out(found)
                    return _quoted(request, given, target, found.bill, left_out, now)
            elif queued := queueing.queue_collection(request, form, given, now):
                return onward(request, *queued.page)
        found = found or queueing.look(request, given, now)
        return _table_page(request, form, found, now, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@asks(parameters.NewTable)
def collection(request: MemberRequest, asked: parameters.NewTable) -> HttpResponseBase:
    """The form for a table, and what comes of it.

    A trial is queued by a quote: whoever then changes something need not send the table again.
    """
    now = timezone.now()
    if request.method == "POST":
        return _example_table(request) if "example" in request.POST else _send_table(request)
    with quotes.changing(request, asked.quote, stored.COLLECTION_FORM, now) as before:
        if before:
            found = queueing.look(request, before, now)
            return _table_page(request, before.collection(), found, now)
        tenant, table = request.access.tenant, _table(request, asked.upload, now)
        is_example = bool(asked.example and table)
        initial = initials_of(tenant, asked.job_type or "classify", example=is_example)
        if table:
            initial["name"] = "Example: claims" if is_example else table.name.rpartition(".")[0]
        form = NewCollection(initial=initial, uploads=[table] if table else [])
        return _table_page(request, form, None, now)


@require_POST
@for_writers
def price(request: MemberRequest) -> HttpResponseBase:
    """What the form would cost as it stands, now and in a batch. Nothing is queued.

    `problems` say what keeps its files from being queued, `files` how each of them was read.
    """
    now = timezone.now()
    with sent(request, now) as given:
        form = given.job()
        form.is_valid()
        if "job_type" not in form.cleaned_data:
            return JsonResponse({"error": "Unknown job type."}, status=400)
        problems = [str(one) for one in form.errors.get("document", ())]
        kind, options = form.chosen.kind, form.chosen.filled_in()
        terms = Terms(request.access.tenant, kind, now)
        inputs = (offers.draft(kind, options, of_job) for of_job in form.parts())
        fresh = form.cleaned_data["fresh"]
        bill = offers.bill_of(terms, inputs, problems, fresh=fresh)
        told: dict[str, object] = {"problems": problems[:MOST_TOLD]}
        if bill.jobs:
            offer = offers.of_bill(bill)
            told |= {"later": offer.later, "now": offer.now, "basis": form.described()}
            told["usual"] = offers.usually(bill, now)
            told["notes"] = [f"{one}." for one in (offer.repeats, *bill.notes) if one]
            road = bill.at_once if form.needed_within == 0 else bill.batch
            pays = paying.of(request.access.tenant, now, road.high if bill.is_known else None)
            told |= {"paying": pays.told, "is_warning": pays.is_warning}
    return JsonResponse(told)


@require_POST
@for_writers
def preview(request: MemberRequest) -> HttpResponseBase:
    """What would become of a table, as a part of the form. Nothing is queued."""
    now = timezone.now()
    with sent(request, now) as given:
        found = queueing.look(request, given, now)
    usual = offers.usually(found.bill, now) if found and found.bill and found.bill.jobs else ""
    return render(request, "collections/preview.html", {"preview": found, "usual": usual})


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


def _job_page(
    request: MemberRequest, form: NewJob, now: datetime, *, status: int = 200
) -> HttpResponseBase:
    tenant = request.access.tenant
    if status != 200:
        form.mark_first_wrong()
    context = {
        "form": form,
        "examples": offers.examples(tenant, now),
        "wishes": wishes.offered(form, tenant, now),
        "paying": paying.of(tenant, now),
    }
    return render(request, "jobs/new.html", context, status=status)


def _table_page(
    request: MemberRequest,
    form: NewCollection,
    preview: Preview | None,
    now: datetime,
    *,
    status: int = 200,
) -> HttpResponseBase:
    tenant = request.access.tenant
    if status != 200:
        form.mark_first_wrong()
    context = {
        "form": form,
        "preview": preview,
        "wishes": wishes.offered(form, tenant, now),
        "paying": paying.of(tenant, now),
    }
    return render(request, "collections/new.html", context, status=status)


def _quoted(
    request: MemberRequest,
    given: Sent,
    target: str,
    bill: Bill,
    left_out: list[str],
    now: datetime,
) -> HttpResponseBase:
    """The page of its price; straight on to the trial, where that was asked for."""
    quote = keep(request, given, target, bill, now, warnings=left_out)
    if given.trial:
        return quotes.confirm(request, quote, now)
    # Nothing is queued: from the same form it still can be.
    return not_done(onward(request, "quote", quote.pk))


def _left_out(found: Preview) -> list[str]:
    if not found.bad:
        return []
    rows = queueing.counted(found.bad, "row")
    reasons = "; ".join(map(str, found.groups[: queueing.TOLD_IN_MESSAGE]))
    return [f"Left out {rows}. {reasons}"]


def _is_looked_at(request: MemberRequest) -> bool:
    """Whether the button that was pressed only changes the form."""
    return "preview" in request.POST or "remove" in request.POST


def _example_table(request: MemberRequest) -> HttpResponseBase:
    """The form with a table to try, as if somebody had chosen it."""
    file = samples.opened(samples.TABLE)
    try:
        upload = uploads.keep(
            request.access.tenant,
            request.user.pk,
            Upload.Field.TABLE,
            file,
            samples.TABLE,
            samples.SAMPLES[samples.TABLE],
            now=timezone.now(),
        )
    except uploads.TooMuchWaits as refusal:
        messages.error(request, str(refusal))
        return redirect("new-collection")
    chosen = "summarize" if request.POST.get("job_type") == "summarize" else "classify"
    form = redirect("new-collection")
    form["Location"] += f"?upload={upload.pk}&example=true&job_type={chosen}"
    return form


def _table(request: MemberRequest, upload_id: UUID | None, now: datetime) -> Upload | None:
    """A file that waits already, such as one that was dropped among documents."""
    if upload_id is None:
        return None
    tenant, person = request.access.tenant, request.user.pk
    found = uploads.found(tenant, [upload_id], now, person_id=person)
    if not found or not found[0].is_table:
        messages.warning(request, "That table is not here any more. Choose it again.")
        return None
    return found[0]
