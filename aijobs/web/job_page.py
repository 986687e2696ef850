"""A job's page, and its result as a file."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import select_template
from django.utils import timezone
from django.views.decorators.http import require_safe

from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob
from aijobs.reading import jobs, neighbours, reviews
from aijobs.reading.labels import names_of
from aijobs.reading.neighbours import Neighbours
from aijobs.web import job_parameters, outlines, panes, reasons
from aijobs.web.corrections import CorrectionForm
from aijobs.web.guards import MemberRequest, for_members, or_404
from aijobs.web.parameters import asks
from aijobs.web.timeline import timeline
from aijobs.web.word_files import word_file
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action
from citizenapp.tenants.senders import called

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@require_safe
@for_members
@asks(job_parameters.Job)
def detail(request: MemberRequest, asked: job_parameters.Job, job_id: UUID) -> HttpResponseBase:
    """A job with its document, its result, its way and its cost."""
    access, now = request.access, timezone.now()
    wanted = reviews.expressions(access.tenant, request.user)
    wanted["queued_by"] = called(access.tenant, "input__created_by")
    if asked.list:
        came_from = job_parameters.list_named(access.tenant, asked.list)
        wanted |= neighbours.expressions(came_from, job_id)
    with or_404():
        found = jobs.detail(access.tenant, job_id, now=now, labeled=True, beside=wanted)
    job, beside = found.job, vars(found.job)
    review = reviews.review_of(beside)
    is_done = found.output is not None and job.status == AIJob.Status.COMPLETED
    output = found.output if is_done else None
    corrected = review.corrected if output else None
    result = corrected.result if corrected else output.result if output else {}
    return render(
        request,
        "jobs/detail.html",
        {
            "job": job,
            "status": found.status,
            "label": found.label,
            "pane": panes.document_pane(access.tenant, job, result, asked),
            "documents": job.documents.all(),
            "options": {name: value for name, value in job.input.options.items() if value},
            "output": output,
            "result": result,
            "review": review,
            "corrected": corrected,
            "correction": correction_form(job, result) if output else None,
            "result_template": template_of(job),
            "attempts": found.attempts,
            "reason": reasons.why(found.attempts[-1].error_type) if found.attempts else "",
            "money": found.money,
            "timeline": timeline(job, found.status, found.attempts, review),
            "expected": found.expected,
            "deadline": job.deadline,
            "now": now,
            "route_reason": found.route_reason,
            "can_cancel": access.can_write and job.status == AIJob.Status.QUEUED,
            "can_drop": access.can_write
            and job.status in (AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING)
            and job.dropped_at is None,
            "can_retry": access.can_write
            and job.status in (AIJob.Status.FAILED, AIJob.Status.CANCELED),
            "can_rework": access.can_write and not job.kind.passes_on,
            "list": asked.list,
            "here": request.get_full_path(),
            "tags": found.tags,
            "list_address": job_parameters.address_of(asked.list or ""),
            "desk_address": _desk_address(asked.list, job),
            "neighbours": neighbours.beside(beside) if asked.list else Neighbours(),
        },
    )


def template_of(job: AIJob) -> Any:
    """How a result of this kind is laid out."""
    return select_template([f"results/{job.job_type}.html", "results/other.html"])


def correction_form(job: AIJob, result: Mapping[str, Any]) -> CorrectionForm | None:
    """The form that stands beside an answer, where it is short; None where nothing is corrected."""
    if job.kind.passes_on:
        return None
    return CorrectionForm(job.kind, job.input.options, result)


def _desk_address(query: str | None, job: AIJob) -> str:
    rest = f"{query}&" if query else ""
    return f"?{rest}job={job.pk}"


@require_safe
@for_members
@asks(job_parameters.Result)
def download(
    request: MemberRequest, asked: job_parameters.Result, job_id: UUID
) -> HttpResponseBase:
    """The result as a file: Markdown where it is one text and JSON otherwise, unless one says."""
    tenant = request.access.tenant
    with or_404():
        output = jobs.output_of(tenant, job_id)
    corrected = reviews.corrections(tenant, [job_id]).get(job_id)
    is_text = output.job.job_type in outlines.kinds_with_text()
    form = asked.form or ("md" if is_text else "json")
    body: str | bytes
    if form == "json":
        said = {} if corrected is None else {"corrected": _told(corrected)}
        body = json.dumps(output.result | said, indent=2) + "\n"
        media_type = "application/json"
    elif form == "md" and is_text and corrected is None:
        [text] = output.result.values()
        body, media_type = utf8(str(text)) + "\n", "text/markdown; charset=utf-8"
    else:
        label, names = names_of(tenant, job_id)
        made_at = corrected.at if corrected else output.job.finished_at or output.job.created_at
        blocks = outlines.outline(label, output, corrected, names)
        if form == "md":
            body, media_type = outlines.markdown(blocks), "text/markdown; charset=utf-8"
        else:
            body, media_type = word_file(label, blocks, made_at), DOCX
    told = {"as": form}
    audit.of_request(
        request, request.access, Action.DOWNLOADED, subject=f"job {job_id}", details=told
    )
    name = f"{output.job.job_type}-{job_id}.{form}"
    return HttpResponse(
        body,
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _told(corrected: reviews.Corrected) -> dict[str, Any]:
    return {
        "result": corrected.result,
        "corrected_by": corrected.by,
        "corrected_at": corrected.at.isoformat(),
    }
