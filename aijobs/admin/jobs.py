"""Jobs and collections, as staff see them."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from aijobs import jobtypes
from aijobs.admin import search
from aijobs.admin.actions import RESENT, ActionReport, bounded, confirmation
from aijobs.admin.reading import (
    CreatedFilter,
    ReadOnlyAdmin,
    dollars,
    link,
    listing,
    moment,
    status_badge,
    structure,
    table,
    timeline,
    verbatim,
)
from aijobs.budgets.room import OverLimit
from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob, Collection, JobOutput
from aijobs.models.jobs import AIJobQuerySet
from aijobs.pipeline import accept, withdraw
from aijobs.quotes.terms import LongPrompt
from aijobs.reading import staff
from aijobs.reading.status import shown_status
from citizenapp.tenants.audit import Action


class StatusFilter(admin.SimpleListFilter):
    """By the status that people see."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The statuses there are."""
        return AIJob.Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[AIJob]) -> QuerySet[AIJob]:
        """All jobs where nothing that exists was chosen."""
        status = self.value()
        if status not in AIJob.Status.values:
            return queryset
        return cast(AIJobQuerySet, queryset).shown_as(status)


class JobTypeFilter(admin.SimpleListFilter):
    """By the job types there are, not by those that ten million rows hold."""

    title = "job type"
    parameter_name = "job_type"
    field = "job_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The names and titles of the job types."""
        return [(kind.name, kind.title) for kind in jobtypes.all_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """All rows where nothing was chosen."""
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class JobTypeOfInput(JobTypeFilter):
    """The same, where jobs have an index for it."""

    field = "input__job_type"


APPLIES_TO = {
    "retry": {AIJob.Status.FAILED, AIJob.Status.CANCELED},
    "cancel": {AIJob.Status.QUEUED},
}


@admin.register(AIJob)
class AIJobAdmin(ReadOnlyAdmin):
    """Jobs of all tenants. A tenant's, a batch's or a collection's are found by search."""

    actions = ("retry", "cancel")
    list_display = (
        "id", "shown_status", "job_type", "tenant_link", "batch_link", "route", "attempts",
        "created_at", "finished_at",
    )  # fmt: skip
    list_filter = (StatusFilter, JobTypeOfInput, "route", CreatedFilter)
    search_help_text = "Job, collection or custom id; Anthropic's batch id or nonce; tenant."
    fieldsets = (
        (None, {"fields": ("id", "shown_status", "job_type", "tenant_link", "created_by")}),
        (
            "Way",
            {
                "fields": (
                    "route", "batch_link", "collection_link", "attempts", "max_tokens_factor",
                    "timings", "needed_by", "not_before",
                )
            },
        ),
        ("Charges", {"fields": ("charges",)}),
        ("Failed attempts", {"fields": ("failed_attempts_table",)}),
        ("Result", {"fields": ("answered_by", "result")}),
        ("Input", {"fields": ("source_name", "options", "document")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[AIJob]:
        """All jobs, with the status that people see."""
        return staff.jobs()

    def found(self, rows: QuerySet[AIJob], term: str) -> QuerySet[AIJob]:
        """By id, by a batch's ids, or by tenant."""
        if (key := search.job_or_collection(term)) is not None:
            return rows.filter(Q(pk=key) | Q(collection=key))
        if batches := search.batches(term):
            return rows.filter(batch__in=batches)
        return rows.filter(input__tenant__in=search.tenants(term))

    def applies(self, action: str, row: AIJob) -> bool:
        """By its status."""
        return row.status in APPLIES_TO[action]

    @admin.action(description="Queue again", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[AIJob]) -> HttpResponse | None:
        """Asks first, since it costs money; None goes back to the list."""
        page = confirmation(
            self, request, queryset, title="Queue these jobs again?", warning=RESENT
        )
        if page is not None:
            return page
        outcome = ActionReport(request, "Queued again", Action.RETRIED)
        now = timezone.now()
        with transaction.atomic():  # With what the audit says of it.
            for job in bounded(request, queryset):
                try:
                    if accept.retry_job(job, now=now):
                        outcome.moved(job)
                    else:
                        outcome.left(
                            f"Only what failed or was canceled runs again, not {job.status} jobs."
                        )
                except (OverLimit, LongPrompt) as refusal:
                    outcome.left(str(refusal))
            outcome.tell()
        return None

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[AIJob]) -> None:
        """Cancels what still waits, and says why the others cannot be."""
        outcome = ActionReport(request, "Canceled", Action.CANCELED)
        now = timezone.now()
        with transaction.atomic():  # With what the audit says of it.
            for job in bounded(request, queryset):
                if withdraw.cancel_job(job, now=now):
                    outcome.moved(job)
                else:
                    outcome.left(withdraw.why_not_cancelable(shown_status(job), job))
            outcome.tell()

    @admin.display(description="status")
    def shown_status(self, job: AIJob) -> SafeString:
        """The status that people see, as HTML."""
        return status_badge(shown_status(job))

    @admin.display(description="tenant")
    def tenant_link(self, job: AIJob) -> SafeString | str:
        """A link to its tenant."""
        return link(job.tenant)

    @admin.display(description="batch")
    def batch_link(self, job: AIJob) -> SafeString | str:
        """A link to its batch; a dash where it is in none."""
        return link(job.batch)

    @admin.display(description="collection")
    def collection_link(self, job: AIJob) -> SafeString | str:
        """A link to its collection; a dash where it is in none."""
        return link(job.collection)

    @admin.display
    def timings(self, job: AIJob) -> SafeString | str:
        """When it was queued, started and finished, and the seconds between."""
        return timeline(job, "created_at", "started_at", "finished_at")

    @admin.display
    def created_by(self, job: AIJob) -> str:
        """Whoever queued it: a person's name or a key's prefix."""
        return utf8(job.input.created_by)

    @admin.display(description="file")
    def source_name(self, job: AIJob) -> str:
        """The uploaded file's name; a dash where text was sent."""
        return utf8(job.input.source_name) or "–"

    @admin.display
    def options(self, job: AIJob) -> SafeString:
        """Its input without the document, as JSON."""
        return structure(job.input.options)

    @admin.display
    def document(self, job: AIJob) -> SafeString:
        """The beginning of its document, as text."""
        return verbatim("\n\n".join(one.text for one in job.documents.order_by("number")))

    @admin.display
    def answered_by(self, job: AIJob) -> str:
        """The model, and why it stopped; and the job that was asked, where it was not this one."""
        output = JobOutput.objects.filter(pk=job.pk).first()
        told = (
            f"{output.model}, {output.stop_reason}" if output else f"asks {job.input.asked_model}"
        )
        return f"{told}; asked by job {job.answered_by}" if job.answered_by else told

    @admin.display
    def result(self, job: AIJob) -> SafeString | str:
        """Its result as JSON; a dash before there is one."""
        output = JobOutput.objects.filter(pk=job.pk).first()
        return structure(output.result) if output else "–"

    @admin.display(description="attempts")
    def failed_attempts_table(self, job: AIJob) -> SafeString | str:
        """When and why each attempt failed, the first one first."""
        return table(
            ("Attempt", "Ended", "Route", "Batch", "Error", "Message"),
            (
                (
                    attempt.number,
                    moment(attempt.ended_at),
                    attempt.route,
                    link(attempt.batch),
                    attempt.error_type,
                    utf8(attempt.message),
                )
                for attempt in job.failed_attempts.select_related("batch").order_by("number")
            ),
        )

    @admin.display
    def charges(self, job: AIJob) -> SafeString | str:
        """Its entries in the ledger: tokens, and USD."""
        return table(
            ("When", "Route", "Model", "Tokens in", "out", "Cost", "Full price", "Saved", ""),
            (
                (
                    moment(entry.created_at),
                    entry.route,
                    entry.model,
                    f"{entry.input_tokens:,}",
                    f"{entry.output_tokens:,}",
                    dollars(entry.cost_usd),
                    dollars(entry.sync_cost_usd),
                    dollars(entry.saved_usd),
                    "estimated" if entry.is_estimated else "",
                )
                for entry in staff.charges_of(job.pk)
            ),
        )


@admin.register(Collection)
class CollectionAdmin(ReadOnlyAdmin):
    """Collections of all tenants."""

    actions = ("retry_failed", "cancel_waiting")
    list_display = ("id", "name", "tenant", "job_type", "total", "created_by", "created_at")
    list_filter = (JobTypeFilter, CreatedFilter)
    list_select_related = ("tenant",)
    search_help_text = "Collection id, or the beginning of its name; tenant."
    fields = (
        "id", "name", "tenant_link", "job_type", "total", "jobs", "created_by", "created_at",
    )  # fmt: skip

    def found(self, rows: QuerySet[Collection], term: str) -> QuerySet[Collection]:
        """By id, by tenant, or by the beginning of its name."""
        if (key := search.job_or_collection(term)) is not None:
            return rows.filter(pk=key)
        if tenants := search.tenants(term):
            return rows.filter(tenant__in=tenants)
        return rows.filter(name__istartswith=term)

    @admin.action(description="Queue failed jobs again", permissions=["operate"])
    def retry_failed(
        self, request: HttpRequest, queryset: QuerySet[Collection]
    ) -> HttpResponse | None:
        """Asks first, since it costs money; None goes back to the list."""
        page = confirmation(
            self, request, queryset, title="Queue their failed jobs again?", warning=RESENT
        )
        if page is not None:
            return page
        outcome = ActionReport(request, "Failed jobs queued again in collections", Action.RETRIED)
        now = timezone.now()
        with transaction.atomic():  # With what the audit says of it.
            for collection in bounded(request, queryset):
                try:
                    if accept.retry_collection(collection, now=now):
                        outcome.moved(collection)
                    else:
                        outcome.left("No job of it has failed.")
                except (OverLimit, LongPrompt) as refusal:
                    outcome.left(str(refusal))
            outcome.tell()
        return None

    @admin.action(description="Cancel waiting jobs", permissions=["operate"])
    def cancel_waiting(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        """Cancels the jobs that still wait."""
        outcome = ActionReport(request, "Waiting jobs canceled in collections", Action.CANCELED)
        now = timezone.now()
        with transaction.atomic():  # With what the audit says of it.
            for collection in bounded(request, queryset):
                if withdraw.cancel_collection(collection, now=now):
                    outcome.moved(collection)
                else:
                    outcome.left("No job of it waits any more.")
            outcome.tell()

    @admin.display(description="tenant")
    def tenant_link(self, collection: Collection) -> SafeString | str:
        """A link to its tenant."""
        return link(collection.tenant)

    @admin.display
    def jobs(self, collection: Collection) -> SafeString:
        """A link to its jobs that counts them by the status that people see."""
        counts = ", ".join(f"{n:,} {status}" for status, n in collection.counts().items() if n)
        return listing(AIJob, counts or "none", q=collection.pk)
