"""What is done with many jobs of the list at once: those that were ticked, or all that match."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from aijobs.jobtypes import InvalidInput
from aijobs.models import Operation
from aijobs.models.jobs import AIJobQuerySet
from aijobs.pipeline import apply
from aijobs.pipeline.tag import TooManyTags, name_of
from aijobs.reading import job_table, operations
from aijobs.reading.filters import JobFilter, filtered, ticked
from aijobs.web import list_parameters, parameters
from aijobs.web.guards import MemberRequest, for_members, or_404
from aijobs.web.operation_words import Outcome, outcome
from aijobs.web.parameters import asks
from citizenapp.streaming import streamed
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant

# Rows of a page, and some more.
MOST_TICKED = 200
# So many are counted before somebody says yes.
MOST_COUNTED = 1_000_000
Chunks = Callable[[Tenant, AIJobQuerySet], Iterator[bytes]]
FORMS: dict[str, tuple[Chunks, str]] = {
    "csv": (job_table.csv_chunks, "text/csv; charset=utf-8"),
    "xlsx": (
        job_table.workbook_chunks,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "ndjson": (job_table.ndjson_chunks, "application/x-ndjson"),
}
# What a button is called, and what is asked before it is done to many.
QUESTIONS = {
    Operation.Kind.RETRY: "Try again",
    Operation.Kind.CANCEL: "Cancel",
    Operation.Kind.ERASE: "Erase",
    Operation.Kind.TAG: "Tag",
    Operation.Kind.UNTAG: "Take a tag from",
}
RECORDED = {
    Operation.Kind.RETRY: Action.RETRIED,
    Operation.Kind.CANCEL: Action.CANCELED,
    Operation.Kind.ERASE: Action.ERASED,
    Operation.Kind.TAG: Action.TAGGED,
    Operation.Kind.UNTAG: Action.UNTAGGED,
}


@require_POST
@for_members
def selection(request: MemberRequest) -> HttpResponseBase:
    """A download, an operation, or the question whether that is what was meant."""
    tenant, given = request.access.tenant, request.POST
    what = given.get("do", "")
    if what not in FORMS and what not in QUESTIONS:
        return _not_understood(request, {"do": ["There is nothing of this name to be done."]})
    try:
        asked = list_parameters.Jobs.read(QueryDict(given.get("list", "")))
        wanted = _wanted(tenant, asked, given)
    except InvalidInput as refusal:
        return _not_understood(request, refusal.errors)
    if wanted is None:
        return _back(request, asked, "Tick the jobs first that you mean.")
    if what in FORMS:
        chunks, media_type = FORMS[what]
        audit.of_request(
            request, request.access, Action.DOWNLOADED, subject="jobs", details={"as": what}
        )
        return streamed(request, chunks(tenant, wanted), media_type, f"jobs.{what}")
    if not request.access.can_write:
        raise PermissionDenied("Your role in this workspace may read but not change anything.")
    return _asked(request, asked, Operation.Kind(what), wanted)


def _asked(
    request: MemberRequest, asked: list_parameters.Jobs, kind: Operation.Kind, wanted: AIJobQuerySet
) -> HttpResponseBase:
    tag = wrong = ""
    if kind in (Operation.Kind.TAG, Operation.Kind.UNTAG):
        tag, wrong = name_of(request.POST.get("tag", ""))
    if wrong:
        return _back(request, asked, wrong)
    if "sure" not in request.POST and (kind == Operation.Kind.ERASE or "all" in request.POST):
        return _question(request, asked, kind, tag, wanted)
    access = request.access
    now = timezone.now()
    try:
        with transaction.atomic():
            begun = apply.ask(access.tenant, kind, wanted, by=access.actor, now=now, tag=tag)
            details = {"jobs": begun.total, **apply.in_audit(begun)}
            subject = f"operation {begun.pk}"
            audit.of_request(request, access, RECORDED[kind], subject=subject, details=details)
    except TooManyTags as refusal:
        return _back(request, asked, str(refusal))
    return redirect(f"{reverse('operation', args=[begun.pk])}?{urlencode({'list': asked.query()})}")


def _not_understood(request: MemberRequest, errors: dict[str, list[str]]) -> HttpResponseBase:
    return render(request, "400.html", {"errors": errors}, status=400)


def _back(request: MemberRequest, asked: list_parameters.Jobs, wrong: str) -> HttpResponseBase:
    messages.error(request, wrong)
    return redirect(f"{reverse('dashboard')}?{asked.query()}")


@require_safe
@for_members
@asks(list_parameters.FromList)
def operation(
    request: MemberRequest, asked: list_parameters.FromList, operation_id: UUID
) -> HttpResponseBase:
    """How far an operation has come, and in the end what became of its jobs."""
    with or_404():
        found = operations.operation_of(request.access.tenant, operation_id)
    told: Outcome = outcome(found)
    return render(
        request,
        "jobs/operation.html",
        {
            "operation": found,
            "told": told,
            "list_query": asked.query,
            "percent": 100 if not found.total else int(100 * found.done / found.total),
        },
    )


@require_safe
@for_members
@asks(parameters.Paging)
def overview(request: MemberRequest, asked: parameters.Paging) -> HttpResponseBase:
    """What was asked of many jobs at once, the newest first."""
    page = operations.page(request.access.tenant, asked.position, size=25)
    rows = [(one, outcome(one)) for one in page.rows]
    return render(request, "jobs/operations.html", {"page": page, "rows": rows})


def _wanted(tenant: Tenant, asked: list_parameters.Jobs, given: QueryDict) -> AIJobQuerySet | None:
    """The jobs that are meant; None where nothing was ticked. Raises InvalidInput."""
    if "all" in given:
        return filtered(tenant, asked.only(tenant))
    jobs, collections = _ids(given, "job"), _ids(given, "collection")
    if not jobs and not collections:
        return None
    return ticked(tenant, jobs, collections)


def _ids(given: QueryDict, name: str) -> list[UUID]:
    ids = given.getlist(name)
    if len(ids) > MOST_TICKED:
        raise InvalidInput({name: [f"Must be {MOST_TICKED} ids at most."]})
    try:
        return [UUID(one) for one in ids]
    except ValueError:
        raise InvalidInput({name: ["Must be ids."]}) from None


def _question(
    request: MemberRequest,
    asked: list_parameters.Jobs,
    kind: Operation.Kind,
    tag: str,
    wanted: AIJobQuerySet,
) -> HttpResponseBase:
    count = wanted.order_by().values("pk")[: MOST_COUNTED + 1].count()
    context: dict[str, Any] = {
        "kind": kind.value,
        "verb": QUESTIONS[kind],
        "tag": tag,
        "count": count,
        "most": MOST_COUNTED,
        "is_all": "all" in request.POST,
        "is_everything": "all" in request.POST and asked.only(request.access.tenant) == JobFilter(),
        "jobs": request.POST.getlist("job"),
        "collections": request.POST.getlist("collection"),
        "list_query": asked.query(),
    }
    return render(request, "jobs/selection.html", context)
