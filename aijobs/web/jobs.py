"""What moves a job: cancel it, and queue it again."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST

from aijobs.budgets.room import OverLimit
from aijobs.models import AIJob
from aijobs.pipeline import accept, withdraw
from aijobs.quotes.terms import LongPrompt
from aijobs.reading import jobs
from aijobs.reading.status import shown_status
from aijobs.web.guards import MemberRequest, for_writers, or_404
from aijobs.web.once import not_done, once
from aijobs.web.redirects import back
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action


@require_POST
@for_writers
def cancel_job(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """Cancels what waits. With `answers=drop` the answer of what has left is not kept either."""
    job, now = _job(request, job_id), timezone.now()
    with transaction.atomic():
        if request.POST.get("answers") == "drop":
            withdrawn = withdraw.withdraw_job(job, now=now)
        else:
            withdrawn = withdraw.Withdrawn(int(withdraw.cancel_job(job, now=now)), 0)
        if withdrawn.canceled or withdrawn.dropped:
            details = {"answers dropped": 1} if withdrawn.dropped else {}
            audit.of_request(
                *(request, request.access, Action.CANCELED),
                subject=f"job {job_id}",
                details=details,
            )
    if withdrawn.dropped:
        messages.success(
            request,
            "It had left for Claude already: it goes on and is charged. Its answer is not kept.",
        )
    elif withdrawn.canceled:
        messages.success(request, "Canceled.")
    else:
        still = _job(request, job_id)
        status = shown_status(still)
        moving = "It is changing at this very moment. Try again."
        messages.error(
            request,
            moving if status == AIJob.Status.QUEUED else withdraw.why_not_cancelable(status, still),
        )
    return back(request, job.pk)


@require_POST
@for_writers
@once(told="It is queued again already.")
def retry_job(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    job = _job(request, job_id)
    try:
        with transaction.atomic():
            queued = accept.retry_job(job, now=timezone.now())
            if queued:
                audit.of_request(request, request.access, Action.RETRIED, subject=f"job {job_id}")
        if queued:
            messages.success(request, "Queued again.")
            return back(request, job.pk)
        messages.error(request, "Only failed or canceled jobs can be queued again.")
    except (OverLimit, LongPrompt) as refusal:
        messages.error(request, str(refusal))
    return not_done(back(request, job.pk))


def _job(request: MemberRequest, job_id: UUID) -> AIJob:
    with or_404():
        return jobs.job_of(request.access.tenant, job_id)
