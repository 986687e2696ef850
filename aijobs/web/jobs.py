"""A job's page, the form for new ones, and what can be done with a job."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import select_template
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aijobs import jobtypes
from aijobs.budgets.room import OverLimit
from aijobs.jobtypes.quotes import PAGE_MARK
from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob, JobDocument
from aijobs.pipeline import accept, withdraw
from aijobs.quotes import stored
from aijobs.quotes.terms import LongPrompt, Terms
from aijobs.reading import jobs
from aijobs.reading.status import shown_status
from aijobs.web import offers, parameters, queueing, quotes, reasons, wishes
from aijobs.web.forms import NewJob
from aijobs.web.guards import MemberRequest, for_members, for_writers, or_404
from aijobs.web.parameters import asks
from aijobs.web.redirects import onward
from aijobs.web.timeline import timeline

PREVIEW_CHARS = 4_000


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@asks(parameters.Chosen)
def new(request: MemberRequest, asked: parameters.Chosen) -> HttpResponseBase:
    """The form for one job, or one for each of several files, and what comes of it."""
    now = timezone.now()
    if request.method != "POST":
        with quotes.changing(request, asked.quote, stored.JOB_FORM, now) as before:
            form = before.job() if before else NewJob(initial={"job_type": _kind(asked)})
            return _page(request, form, now)
    with queueing.sent(request, now) as given:
        form = given.job()
        if form.is_valid():
            if "price" in request.POST:
                if bill := queueing.bill_of_jobs(request, form, now):
                    quote = queueing.keep(request, given, stored.JOB_FORM, bill, now)
                    return onward(request, "quote", quote.pk)
            elif queued := queueing.queue_jobs(request, form, now):
                return onward(request, *queueing.onward_from_jobs(request, queued))
        return _page(request, form, now, status=422)


def _kind(asked: parameters.Chosen) -> str:
    return asked.job_type or jobtypes.offered()[-1].name


def _page(
    request: MemberRequest, form: NewJob, now: datetime, *, status: int = 200
) -> HttpResponseBase:
    tenant = request.access.tenant
    context = {
        "form": form,
        "examples": offers.examples(tenant, now),
        "wishes": wishes.offered(form["urgency"], tenant, now),
    }
    return render(request, "jobs/new.html", context, status=status)


@require_POST
@for_writers
def price(request: MemberRequest) -> HttpResponseBase:
    """What the form would cost as it stands, now and in a batch. Nothing is stored.

    `problems` say what keeps its files from being queued.
    """
    now = timezone.now()
    with queueing.sent(request, now) as given:
        form = given.job()
        form.is_valid()
        if "job_type" not in form.cleaned_data:
            return JsonResponse({"error": "Unknown job type."}, status=400)
        problems = [str(one) for one in form.errors.get("document", ())]
        told: dict[str, object] = {"problems": problems}
        if parts := form.parts:
            kind, options = form.chosen.kind, form.chosen.filled_in()
            inputs = (offers.draft(kind, options, of_job) for of_job in parts)
            terms = Terms(request.access.tenant, kind, now)
            bill = offers.bill_of(terms, inputs, problems, fresh=form.cleaned_data["fresh"])
            if bill.jobs:
                offer = offers.of_bill(bill)
                told |= {"later": offer.later, "now": offer.now, "basis": form.described()}
                told["notes"] = [f"{one}." for one in (offer.repeats, *bill.notes) if one]
    return JsonResponse(told)


@require_safe
@for_members
def detail(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """A job with its document, its result, its way and its cost."""
    now = timezone.now()
    with or_404():
        found = jobs.detail(request.access.tenant, job_id, now=now, with_document=True)
    job = found.job
    whole = "whole" in request.GET
    return render(
        request,
        "jobs/detail.html",
        {
            "job": job,
            "status": found.status,
            "label": found.label,
            "documents": [_shown(one, whole=whole) for one in job.documents.all()],
            "options": job.input.options,
            "output": found.output,
            "result_template": select_template(
                [f"results/{job.job_type}.html", "results/other.html"]
            ),
            "attempts": [(attempt, reasons.why(attempt.error_type)) for attempt in found.attempts],
            "money": found.money,
            "timeline": timeline(job, found.status),
            "expected": found.expected,
            "deadline": job.deadline,
            "now": now,
            "route_reason": found.route_reason,
            "can_cancel": request.access.can_write and job.status == AIJob.Status.QUEUED,
            "can_retry": request.access.can_write
            and job.status in (AIJob.Status.FAILED, AIJob.Status.CANCELED),
        },
    )


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document on the page of its job, with its text or the beginning of it."""

    given: JobDocument
    pages: list[tuple[int | None, str]]
    is_cut: bool

    @property
    def has_file(self) -> bool:
        return bool(self.given.name)


def _shown(document: JobDocument, *, whole: bool) -> ShownDocument:
    text = document.text if whole else document.text[:PREVIEW_CHARS]
    return ShownDocument(document, _pages(text, document), len(text) < len(document.text))


def _pages(text: str, document: JobDocument) -> list[tuple[int | None, str]]:
    """The text by pages, where it has any; what stands before the first has no number."""
    if not document.pages:
        return [(None, text)]
    before, *marked = PAGE_MARK.split(text)
    pages = zip(map(int, marked[::2]), marked[1::2], strict=True)
    return [(None, before), *((number, page.strip("\n")) for number, page in pages)]


@require_POST
@for_writers
def cancel_job(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    job = _job(request, job_id)
    if withdraw.cancel_job(job, now=timezone.now()):
        messages.success(request, "Canceled.")
    else:
        status = shown_status(_job(request, job_id))
        moving = "It is changing at this very moment. Try again."
        messages.error(
            request,
            moving if status == AIJob.Status.QUEUED else withdraw.why_not_cancelable(status),
        )
    return redirect("job", job.pk)


@require_POST
@for_writers
def retry_job(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    job = _job(request, job_id)
    try:
        if accept.retry_job(job, now=timezone.now()):
            messages.success(request, "Queued again.")
        else:
            messages.error(request, "Only failed or canceled jobs can be queued again.")
    except (OverLimit, LongPrompt) as refusal:
        messages.error(request, str(refusal))
    return redirect("job", job.pk)


@require_safe
@for_members
def download(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """The result as a file: Markdown where it is one text, JSON otherwise."""
    with or_404():
        output = jobs.output_of(request.access.tenant, job_id)
    job, result = output.job, output.result
    match list(result.values()):
        case [str(text)] if job.job_type == "summarize":
            body, suffix, content_type = utf8(text) + "\n", "md", "text/markdown; charset=utf-8"
        case _:
            body, suffix = json.dumps(result, indent=2) + "\n", "json"
            content_type = "application/json"
    return HttpResponse(
        body,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{job.job_type}-{job.pk}.{suffix}"'},
    )


def _job(request: MemberRequest, job_id: UUID) -> AIJob:
    with or_404():
        return jobs.job_of(request.access.tenant, job_id)
