"""What people make of a result: read, commented, corrected."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from aijobs.jobtypes import InvalidInput
from aijobs.jobtypes.text import storable
from aijobs.models import AIJob, Comment, Correction, Outdated, ReadMark
from aijobs.reading import jobs, reviews
from aijobs.reading.labels import names_of
from aijobs.web import job_parameters
from aijobs.web.corrections import CorrectionForm
from aijobs.web.guards import MemberRequest, for_members, for_writers, or_404
from aijobs.web.once import not_done, once
from aijobs.web.parameters import asks
from aijobs.web.redirects import back, is_ours
from citizenapp.tenants import reader

NO_RESULT = "There is no result yet that could be corrected."
OUTDATED = "Somebody else has corrected this result meanwhile. Look at what stands there now."


@require_POST
@for_members
def read(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """Marks a result as read by whoever is signed in, or takes that back."""
    job = _job(request, job_id)
    if "unread" in request.POST:
        ReadMark.objects.remove(job, request.user)
    elif job.status == AIJob.Status.COMPLETED:
        with or_404():
            ReadMark.objects.add(job, request.user, timezone.now())
    return back(request, job_id)


@require_POST
@for_writers
@once(told="Your comment is kept already.", anew=True)
def comment(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """Keeps a comment, as plain text."""
    job = _job(request, job_id)
    text = storable(request.POST.get("text", "")).replace("\r\n", "\n").strip()
    if not text:
        messages.error(request, "The comment is empty.")
    elif len(text) > Comment.MOST_CHARACTERS:
        messages.error(
            request,
            f"The comment has {reader.count(len(text))} characters. It may have "
            f"{reader.count(Comment.MOST_CHARACTERS)}.",
        )
    elif job.comments.count() >= Comment.MOST_OF_JOB:
        messages.error(request, f"A job has {Comment.MOST_OF_JOB} comments at most.")
    else:
        with or_404():
            Comment.objects.add(job, text, by=request.access.actor, now=timezone.now())
        return back(request, job_id)
    return not_done(back(request, job_id))


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@once(told="Your correction is kept already.", anew=True)
@asks(job_parameters.Then)
def correct(request: MemberRequest, asked: job_parameters.Then, job_id: UUID) -> HttpResponseBase:
    """The form for a correction, and what comes of it. The original stays."""
    tenant = request.access.tenant
    job = _job(request, job_id)
    if job.status != AIJob.Status.COMPLETED or job.kind.passes_on:
        status = 409 if request.method == "POST" else 200
        context = {"job": job, "label": names_of(tenant, job_id)[0], "refusal": NO_RESULT}
        return render(request, "jobs/correct.html", context, status=status)
    output = jobs.output_of(tenant, job_id)
    review = reviews.of_job(tenant, request.user, job_id)
    counts = review.corrected.result if review.corrected else output.result
    form = CorrectionForm(job.kind, job.input.options, counts)
    status = 200
    if request.method == "POST":
        after = request.POST.get("after", "")
        if after != str(review.corrections):
            messages.error(request, OUTDATED)
            return not_done(back(request, job_id))
        if "original" in request.POST:
            return _store(request, job, None, review)
        form = CorrectionForm(job.kind, job.input.options, counts, request.POST)
        if form.is_valid() and (result := _checked(job, form)) is not None:
            if result == counts:
                form.add_error(None, "Nothing was changed.")
            else:
                return _store(request, job, None if result == output.result else result, review)
        status = 422
    then = request.POST.get("then", asked.then or "")
    context = {
        "job": job,
        "label": names_of(tenant, job_id)[0],
        "form": form,
        "review": review,
        "then": then if is_ours(then) else "",
    }
    return render(request, "jobs/correct.html", context, status=status)


def _checked(job: AIJob, form: CorrectionForm) -> Mapping[str, Any] | None:
    """What was filled in, in the shape of the job type; None, and the form says what is wrong."""
    given = job.kind.load(job.input.options)
    try:
        return job.kind.corrected(given, form.corrected())
    except InvalidInput as refusal:
        for path, told in refusal.errors.items():
            name = path if path in form.fields else None
            for message in told:
                form.add_error(name, message if name else f"{path}: {message}")
        return None


def _store(
    request: MemberRequest,
    job: AIJob,
    result: Mapping[str, Any] | None,
    review: reviews.Review,
) -> HttpResponseBase:
    try:
        with or_404():
            Correction.objects.add(
                job,
                dict(result) if result is not None else None,
                after=review.corrections,
                by=request.access.actor,
                now=timezone.now(),
            )
    except Outdated:
        messages.error(request, OUTDATED)
        return not_done(back(request, job.pk))
    told = "Corrected. The original stays beside it."
    messages.success(request, told if result is not None else "The original counts again.")
    return back(request, job.pk)


def _job(request: MemberRequest, job_id: UUID) -> AIJob:
    with or_404():
        return jobs.job_of(request.access.tenant, job_id)
