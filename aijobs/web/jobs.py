"""The dashboard, a job's page, and what can be done with a job."""

import json
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import select_template
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aijobs import jobtypes
from aijobs.jobtypes import InvalidInput, UnknownJobType
from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob, Collection, expected_end
from aijobs.pipeline import accept, withdraw
from aijobs.web import offers, reasons
from aijobs.web.forms import NewJob
from aijobs.web.guards import MemberRequest, for_members, for_writers
from aijobs.web.queries import jobs as listing
from aijobs.web.queries import money
from aijobs.web.queries.jobs import JobFilter
from aijobs.web.redirects import onward
from aijobs.web.timeline import timeline

PREVIEW_CHARS = 4_000
RECENT_COLLECTIONS = 50


@require_GET
@for_members
def dashboard(request: MemberRequest) -> HttpResponseBase:
    tenant = request.access.tenant
    only = _asked_filter(request)
    collections = list(
        Collection.objects.filter(tenant=tenant).order_by("-id")[:RECENT_COLLECTIONS]
    )
    if only.collection and only.collection not in collections:
        collections.append(only.collection)
    page = listing.page(
        tenant, only, before=asked_id(request, "before"), after=asked_id(request, "after")
    )
    return render(
        request,
        "dashboard.html",
        {
            "figures": money.figures(tenant, now=timezone.now()),
            "count_limit": money.COUNT_LIMIT,
            "page": page,
            "only": only,
            "is_new": not page.rows
            and not only.is_set
            and not AIJob.objects.listed(tenant).exists(),
            "statuses": AIJob.Status.values,
            "kinds": jobtypes.all_types(),
            "collections": collections,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
def new(request: MemberRequest) -> HttpResponseBase:
    if request.method == "POST":
        form = NewJob(request.POST, request.FILES)
        if form.is_valid():
            try:
                job = accept.accept_job(
                    request.access.tenant,
                    form.chosen.kind.name,
                    form.raw(),
                    now=timezone.now(),
                    created_by=request.access.actor,
                    needed_within=form.needed_within,
                    source_name=form.source_name,
                    lenient=True,
                )
            except InvalidInput as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, "Queued. The result will appear on this page.")
                return onward(request, "job", job.pk)
    else:
        kinds = jobtypes.names()
        asked = request.GET.get("job_type", "")
        form = NewJob(initial={"job_type": asked if asked in kinds else kinds[-1]})
    context = {"form": form, "examples": offers.examples(timezone.now().date())}
    return render(request, "jobs/new.html", context, status=422 if form.is_bound else 200)


@require_GET
@for_writers
def price(request: MemberRequest) -> HttpResponseBase:
    """What a document of so many `bytes` costs, now and in a batch."""
    raw_bytes = request.GET.get("bytes", "")
    try:
        kind = jobtypes.get(request.GET.get("job_type", ""))
    except UnknownJobType:
        return JsonResponse({"error": "Unknown job type."}, status=400)
    if not raw_bytes.isdecimal() or len(raw_bytes) > 12:
        return JsonResponse({"error": "bytes must be a whole number."}, status=400)
    offer = offers.offer(kind, int(raw_bytes), request.GET.dict(), on=timezone.now().date())
    return JsonResponse({"later": offer.later, "now": offer.now})


@require_GET
@for_members
def detail(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    job = _job(request, job_id)
    now = timezone.now()
    document: str = job.input.document
    whole = "whole" in request.GET
    attempts = list(job.failed_attempts.order_by("number"))
    output = getattr(job, "output", None)
    return render(
        request,
        "jobs/detail.html",
        {
            "job": job,
            "status": job.shown_status,  # type: ignore[attr-defined]
            "label": job.input.source_name or listing.shortened(document),
            "document": document if whole else document[:PREVIEW_CHARS],
            "document_chars": len(document),
            "is_cut": not whole and len(document) > PREVIEW_CHARS,
            "options": job.input.options,
            "output": output,
            "result_template": select_template(
                [f"results/{job.job_type}.html", "results/other.html"]
            ),
            "attempts": [(attempt, reasons.why(attempt.error_type)) for attempt in attempts],
            "money": money.spent_on(request.access.tenant, [job.pk]).get(job.pk),
            "timeline": timeline(job, now=now),
            "eta": None if job.status in AIJob.FINAL else expected_end(job, now=now),
            "can_cancel": request.access.can_write and job.status == AIJob.Status.QUEUED,
            "can_retry": request.access.can_write
            and job.status in (AIJob.Status.FAILED, AIJob.Status.CANCELED),
        },
    )


@require_POST
@for_writers
def cancel(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    job = _job(request, job_id)
    if withdraw.cancel_job(job, now=timezone.now()):
        messages.success(request, "Canceled.")
    else:
        status = _job(request, job_id).shown_status  # type: ignore[attr-defined]
        moving = "It is changing at this very moment. Try again."
        messages.error(
            request,
            moving if status == AIJob.Status.QUEUED else withdraw.why_not_cancelable(status),
        )
    return redirect("job", job.pk)


@require_POST
@for_writers
def retry(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    job = _job(request, job_id)
    if accept.retry_job(job, now=timezone.now()):
        messages.success(request, "Queued again.")
    else:
        messages.error(request, "Only failed or canceled jobs can be queued again.")
    return redirect("job", job.pk)


@require_GET
@for_members
def download(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """The result as a file: Markdown where it is one text, JSON otherwise."""
    job = get_object_or_404(
        AIJob.objects.of(request.access.tenant)
        .filter(status=AIJob.Status.COMPLETED)
        .select_related("output"),
        pk=job_id,
    )
    result: dict[str, object] = job.output.result
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
    jobs = AIJob.objects.of(request.access.tenant).with_shown_status()
    return get_object_or_404(
        jobs.select_related("collection", "batch", "input", "output"), pk=job_id
    )


def _asked_filter(request: MemberRequest) -> JobFilter:
    """The filter in the address; what is unknown in it filters nothing."""
    status, job_type = request.GET.get("status", ""), request.GET.get("job_type", "")
    collection_id = asked_id(request, "collection")
    return JobFilter(
        status=status if status in AIJob.Status.values else "",
        job_type=job_type if job_type in jobtypes.names() else "",
        collection=get_object_or_404(Collection, tenant=request.access.tenant, pk=collection_id)
        if collection_id
        else None,
    )


def asked_id(request: MemberRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None
