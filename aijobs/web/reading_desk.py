"""The reading desk: the results of a list one by one, each beside its document."""

from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from aijobs.models import AIJob
from aijobs.reading import desk, jobs
from aijobs.reading.neighbours import MOST_UNREAD
from aijobs.web import job_page, job_parameters, panes
from aijobs.web.guards import MemberRequest, for_members, or_404
from aijobs.web.parameters import asks

# What a person walks away from with the next result.
_LEFT_BEHIND = (*job_parameters.OF_ONE_JOB, "before", "after")


@require_safe
@for_members
@asks(job_parameters.Desk)
def read(request: MemberRequest, asked: job_parameters.Desk) -> HttpResponseBase:
    """One result of the list that the query names: the one it names, or the first."""
    tenant, person = request.access.tenant, request.user
    listed = job_parameters.listed(tenant, asked)
    query = _of_list(request.GET)
    whole = _without_unread(query)
    context = {
        "is_unread": bool(asked.unread),
        "all_query": whole,
        "list_address": job_parameters.address_of(whole),
    }
    # A list of what failed, or waits, has no results.
    is_empty = asked.status not in (None, AIJob.Status.COMPLETED)
    through = desk.results(listed, person, unread=bool(asked.unread))
    job_id = asked.job or (None if is_empty else desk.first(through, asked.before))
    if job_id is None:
        return render(request, "reading/empty.html", context | {"is_of_others": is_empty})
    with or_404():
        job = None
        try:
            found = desk.on_desk(
                tenant, person, job_id, through, desk.results(listed, person, unread=False)
            )
        except AIJob.DoesNotExist:
            job = jobs.job_of(tenant, job_id)
    if job is not None:
        return redirect("job", job.pk)
    job = found.job
    return render(
        request,
        "reading/desk.html",
        context
        | {
            "found": found,
            "job": job,
            "status": job.status,
            "label": found.label,
            "output": found.output,
            "result": found.result,
            "corrected": found.review.corrected,
            "review": found.review,
            "correction": job_page.correction_form(job, found.result),
            "result_template": job_page.template_of(job),
            "options": {name: value for name, value in job.input.options.items() if value},
            "documents": job.documents.all(),
            "pane": panes.document_pane(tenant, job, found.result, asked),
            "neighbours": found.beside,
            "most_unread": MOST_UNREAD,
            "is_desk": True,
            "here": _with_job(request, job),
        },
    )


def _with_job(request: MemberRequest, job: AIJob) -> str:
    """This page with this job, also once that is no part of the list any more: it was corrected."""
    query = request.GET.copy()
    query.pop("before", None)
    query["job"] = str(job.pk)
    return f"{request.path}?{query.urlencode()}"


def _of_list(query: QueryDict) -> str:
    """The query of the list alone."""
    kept = query.copy()
    for name in _LEFT_BEHIND:
        kept.pop(name, None)
    return kept.urlencode()


def _without_unread(query: str) -> str:
    kept = QueryDict(query, mutable=True)
    kept.pop("unread", None)
    return kept.urlencode()
