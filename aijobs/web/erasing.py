"""Erase a job or a collection by a button: what is lost is said first."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from aijobs.models import AIJob, Collection, Operation
from aijobs.pipeline import erase
from aijobs.reading import collections, jobs
from aijobs.web.collection_acts import collection_of
from aijobs.web.guards import MemberRequest, for_writers, or_404
from aijobs.web.once import once
from aijobs.web.queueing import counted
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action

TOLD = "It is erased already."
DONE = "Erased. What it cost stays in the usage of this workspace."


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@once(told=TOLD)
def collection(request: MemberRequest, collection_id: UUID) -> HttpResponseBase:
    """Says what is lost; a POST erases the collection with all its rows."""
    found = collection_of(request, collection_id)
    if request.method != "POST":
        progress = collections.progress(request.access.tenant, [found])[found.pk]
        context = {"collection": found, "progress": progress}
        return render(request, "collections/erase.html", context)
    _erase_collection(request, found)
    return redirect("collections")


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@once(told=TOLD)
def job(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """The same of one job."""
    with or_404():
        found = jobs.job_of(request.access.tenant, job_id)
    if request.method != "POST":
        underway = found.status in (AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING)
        return render(request, "jobs/erase.html", {"job": found, "underway": underway})
    _erase_job(request, found)
    if found.collection_id:
        return redirect("collection", found.collection_id)
    return redirect("dashboard")


def _erase_collection(request: MemberRequest, found: Collection) -> None:
    access = request.access
    try:
        with transaction.atomic():
            audit.of_request(request, access, Action.ERASED, subject=f"collection {found.pk}")
            operation = erase.erase_collection(found, by=access.actor, now=timezone.now())
    except Collection.DoesNotExist:
        operation = None  # Somebody else erases it.
    _tell(request, operation)


def _erase_job(request: MemberRequest, found: AIJob) -> None:
    access = request.access
    try:
        with transaction.atomic():
            audit.of_request(request, access, Action.ERASED, subject=f"job {found.pk}")
            operation = erase.erase_job(found, by=access.actor, now=timezone.now())
    except AIJob.DoesNotExist:
        operation = None  # Somebody else erases it.
    _tell(request, operation)


def _tell(request: MemberRequest, operation: Operation | None) -> None:
    if operation is None:
        messages.success(request, DONE)
        return
    left = operation.total - operation.done
    messages.success(
        request,
        f"{counted(left, 'row')} {'is' if left == 1 else 'are'} still being erased: what is with"
        " Claude goes as soon as it comes back. Nobody sees it any more.",
    )
