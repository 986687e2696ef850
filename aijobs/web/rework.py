"""Edit and run again: the form with what a job was given, its price, and what comes of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from aijobs.budgets.room import OverLimit
from aijobs.documents import Document
from aijobs.jobtypes import TEXT_FIELD, InvalidInput, JobType
from aijobs.models import AIJob
from aijobs.pipeline import accept, rework
from aijobs.quotes.terms import Terms
from aijobs.reading import jobs
from aijobs.web import offers, wishes
from aijobs.web.forms import ABOUT_DOCUMENT, Options
from aijobs.web.guards import MemberRequest, for_writers, or_404
from aijobs.web.offers import Offer
from aijobs.web.once import once
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action


class RunAgain(wishes.WishForm):
    """`text` is there only where the job was given one; files go along as they are."""

    text = forms.CharField(
        label="Document",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "dir": "auto"}),
    )
    fresh = forms.BooleanField(
        label="Ask again even if nothing is changed",
        required=False,
        help_text="Otherwise the same question gets the earlier result, and is not charged.",
    )

    def __init__(
        self,
        kind: JobType,
        given: Mapping[str, Any],
        text: str | None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={"text": text})
        if text is None:
            del self.fields["text"]
        self.options = Options(kind, data)
        self.options.initial = {
            name: "\n".join(map(str, value)) if isinstance(value, list) else value
            for name, value in given.items()
        }

    def is_valid(self) -> bool:
        return super().is_valid() and self.options.is_valid()

    def raw(self) -> dict[str, object]:
        """The input as it was filled in, for accept with `lenient`."""
        text = {TEXT_FIELD: self.cleaned_data["text"]} if "text" in self.fields else {}
        return {**self.options.raw(), **text}

    def refuse(self, refusal: InvalidInput) -> None:
        """Put the errors beside the fields they are about."""
        for path, told in refusal.errors.items():
            field, _, entry = path.partition(".")
            line = f"Line {int(entry) + 1}: " if entry.isdecimal() else ""
            for message in told:
                if field in self.options.fields:
                    self.options.add_error(field, line + message)
                elif field in ABOUT_DOCUMENT and "text" in self.fields:
                    self.add_error("text", message)
                else:
                    self.add_error(None, message)


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@once(anew=True)
def again(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """A new job of the same kind, with the text or the options changed. The old one stays."""
    tenant, now = request.access.tenant, timezone.now()
    with or_404():
        job, label = jobs.asked_of(tenant, job_id)
    if job.kind.passes_on:
        messages.error(request, "A message that a program wrote is sent again by the program.")
        return redirect("job", job_id)
    files = rework.files_of(job)
    text = None if files else jobs.document_of(tenant, job_id, 1, original=False).text
    data = request.POST if request.method == "POST" else None
    form = RunAgain(job.kind, job.input.options, text, data)
    status = 200
    if data is not None and form.is_valid() and "price" not in request.POST:
        if queued := _queue(request, job, form, files, now):
            messages.success(request, "Queued with your changes. The earlier job stays as it is.")
            return redirect("job", queued.pk)
        status = 422
    elif data is not None and not form.is_valid():
        status = 422
    context = {
        "job": job,
        "label": label,
        "form": form,
        "files": [file.name for file in files],
        "offer": _offer(job, form, files, text, now),
        "wishes": wishes.offered(form, tenant, now),
    }
    return render(request, "jobs/again.html", context, status=status)


def _queue(
    request: MemberRequest,
    job: AIJob,
    form: RunAgain,
    files: tuple[Document, ...],
    now: datetime,
) -> AIJob | None:
    try:
        with transaction.atomic():
            queued = rework.run_again(
                job,
                form.raw(),
                files,
                now=now,
                created_by=request.access.actor,
                needed_within=form.needed_within,
                fresh=form.cleaned_data["fresh"],
                refused=form.refuse,
            )
            if queued:
                subject, details = f"job {queued.pk}", {"of": f"job {job.pk}"}
                audit.of_request(
                    request, request.access, Action.RUN_AGAIN, subject=subject, details=details
                )
            return queued
    except OverLimit as refusal:
        form.add_error(None, str(refusal))
        return None


def _offer(
    job: AIJob, form: RunAgain, files: tuple[Document, ...], text: str | None, now: datetime
) -> Offer | None:
    """What the job would cost as the form stands; None where that has errors."""
    if form.is_bound:
        if not form.is_valid() or form.errors:
            return None
        raw, fresh = form.raw(), form.cleaned_data["fresh"]
    else:
        raw = dict(job.input.options) | ({} if text is None else {TEXT_FIELD: text})
        fresh = True
    terms = Terms(job.tenant, job.kind, now)
    try:
        checked = accept.check(terms, raw, None, files, lenient=True)
    except InvalidInput as refusal:
        if form.is_bound:
            form.refuse(refusal)
        return None
    return offers.of_bill(accept.bill_of(terms, [checked.asked], fresh=fresh))
