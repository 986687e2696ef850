"""Batches, as staff see them."""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from aijobs.admin.actions import RESENT, Outcome, bounded, confirmation
from aijobs.admin.reading import (
    ReadOnlyAdmin,
    dollars,
    link,
    listing,
    status_badge,
    table,
    timeline,
)
from aijobs.gateway import GatewayError
from aijobs.models import AIJob, Batch, LedgerEntry
from aijobs.pipeline import withdraw
from citizenapp.tenants.models import Tenant

FINISHED_IS_CHARGED = "What Anthropic has finished by then keeps its result and is charged."
TOO_LATE = "Only an assembled or a submitted batch can be canceled, not one that is {}."


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches, from assembled to settled."""

    actions = ("cancel_and_queue_again", "cancel_with_jobs", "retry_failed")
    list_display = (
        "id", "status_badge", "remote_id", "requests", "succeeded", "errored", "canceled",
        "expired", "assembled_at", "submitted_at", "ended_at", "note",
    )  # fmt: skip
    list_filter = ("status",)
    search_help_text = "Number, nonce, or Anthropic's id."
    fieldsets = (
        (None, {"fields": ("id", "status_badge", "note", "remote_id", "nonce", "jobs", "tenants")}),
        (
            "Counts",
            {
                "fields": (
                    "requests", "request_bytes", "succeeded", "errored", "canceled", "expired",
                )
            },
        ),
        ("Money", {"fields": ("money",)}),
        ("Timings", {"fields": ("timings", "expires_at", "retry_at", "attempts")}),
        ("Submission", {"classes": ("collapse",), "fields": ("watermark", "after_cancel")}),
    )  # fmt: skip

    def found(self, rows: QuerySet[Batch], term: str) -> QuerySet[Batch]:
        # A custom_id begins with the nonce.
        match = Q(remote_id=term) | Q(nonce=term.partition("-")[0])
        if term.isdecimal() and len(term) < 19:  # fits a bigint
            match |= Q(pk=int(term))
        return rows.filter(match)

    @admin.action(description="Cancel, queue the jobs again", permissions=["operate"])
    def cancel_and_queue_again(
        self, request: HttpRequest, queryset: QuerySet[Batch]
    ) -> HttpResponse | None:
        return self._cancel(
            request,
            queryset,
            Batch.AfterCancel.REQUEUE,
            "The rest is queued again and sent in another batch.",
        )

    @admin.action(description="Cancel, with the jobs", permissions=["operate"])
    def cancel_with_jobs(
        self, request: HttpRequest, queryset: QuerySet[Batch]
    ) -> HttpResponse | None:
        return self._cancel(
            request, queryset, Batch.AfterCancel.CANCEL, "The rest of the jobs is canceled."
        )

    def _cancel(
        self,
        request: HttpRequest,
        queryset: QuerySet[Batch],
        after: Batch.AfterCancel,
        consequence: str,
    ) -> HttpResponse | None:
        page = confirmation(
            self,
            request,
            queryset,
            title="Cancel these batches?",
            warning=f"{FINISHED_IS_CHARGED} {consequence}",
        )
        if page is not None:
            return page
        outcome = Outcome(request, "Cancellation begun")
        for batch in bounded(request, queryset):
            try:
                if withdraw.batch(batch, after, now=timezone.now()):
                    outcome.moved(batch)
                else:
                    outcome.left(TOO_LATE.format(batch.status))
            except GatewayError as error:
                outcome.left(
                    f"Anthropic did not confirm the cancellation ({type(error).__name__})."
                )
        outcome.tell()
        return None

    @admin.action(description="Queue failed jobs again", permissions=["operate"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
        page = confirmation(
            self,
            request,
            queryset,
            title="Queue their failed jobs again?",
            warning=RESENT,
        )
        if page is not None:
            return page
        outcome = Outcome(request, "Failed jobs queued again from batches")
        for batch in bounded(request, queryset):
            if AIJob.objects.filter(batch=batch).queue_failed_again(timezone.now()):
                outcome.moved(batch)
            else:
                outcome.left("No job that ended in it has failed.")
        outcome.tell()
        return None

    @admin.display(description="status")
    def status_badge(self, batch: Batch) -> SafeString:
        return status_badge(batch.status)

    @admin.display
    def jobs(self, batch: Batch) -> SafeString:
        counts = (
            AIJob.objects.filter(batch=batch)
            .values_list("status")
            .annotate(jobs=Count("*"))
            .order_by("status")
        )
        text = ", ".join(f"{jobs:,} {status}" for status, jobs in counts)
        return listing(AIJob, text or "none", q=batch.nonce)

    @admin.display
    def money(self, batch: Batch) -> SafeString | str:
        sums = LedgerEntry.objects.filter(batch=batch).aggregate(
            charges=Count("*"),
            cost=Sum("cost_usd"),
            full_price=Sum("sync_cost_usd"),
            saved=Sum("saved_usd"),
        )
        if not sums["charges"]:
            return "–"
        return table(
            ("Charges", "Cost", "At full price", "Saved"),
            [
                (
                    f"{sums['charges']:,}",
                    dollars(sums["cost"]),
                    dollars(sums["full_price"]),
                    dollars(sums["saved"]),
                )
            ],
        )

    @admin.display
    def tenants(self, batch: Batch) -> SafeString | str:
        served = Tenant.objects.filter(pk__in=batch.tenant_ids)[:50]
        return table(("Name",), ((link(tenant),) for tenant in served))

    @admin.display
    def timings(self, batch: Batch) -> SafeString | str:
        return timeline(
            batch, "assembled_at", "submitting_at", "submitted_at", "ended_at", "settled_at"
        )
