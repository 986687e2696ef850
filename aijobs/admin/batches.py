"""Batches, as staff see them."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString

from aijobs.admin import search, turnaround
from aijobs.admin.actions import RESENT, ActionReport, bounded, confirmation
from aijobs.admin.reading import (
    ReadOnlyAdmin,
    dollars,
    link,
    listing,
    moment,
    status_badge,
    table,
    timeline,
)
from aijobs.budgets.room import OverLimit
from aijobs.gateway import GatewayError
from aijobs.models import AIJob, Batch, Submission
from aijobs.pipeline import accept, reconcile, withdraw
from aijobs.quotes.terms import LongPrompt
from aijobs.reading import staff
from aijobs.submissions import identity
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant

FINISHED_IS_CHARGED = "What Anthropic has finished by then keeps its result and is charged."
NOT_IN_DOUBT = "Only a batch in doubt is released, not one that is {}."
RELEASED_IS_SENT_AGAIN = (
    "Release only what Anthropic does not have: look into its console first. The batch is sent "
    "again. If Anthropic has it after all, it works on the same requests twice and charges for "
    "both, until the second one is noticed and canceled."
)
TOO_LATE = "Only an assembled or a submitted batch can be canceled, not one that is {}."
NO_NEWS = "Is being canceled already, and the same becomes of its jobs."

# Of one that is being canceled, what becomes of its jobs may still be changed.
CANCELABLE = {Batch.Status.ASSEMBLED, Batch.Status.SUBMITTED, Batch.Status.CANCELING}
APPLIES_TO = {
    "cancel_and_queue_again": CANCELABLE,
    "cancel_with_jobs": CANCELABLE,
    "retry_failed": {Batch.Status.SETTLED, Batch.Status.REJECTED},
    "adopt": {Batch.Status.UNCONFIRMED},
    "release": {Batch.Status.UNCONFIRMED},
}


class AttentionFilter(admin.SimpleListFilter):
    """Batches that wait for somebody of the staff."""

    title = "attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The one choice there is."""
        return [("needed", "Needs a person")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """All batches where nothing was chosen."""
        return queryset.exclude(needs_attention="") if self.value() else queryset


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches, from assembled to settled."""

    actions = (
        "cancel_and_queue_again", "cancel_with_jobs", "retry_failed", "adopt", "release", "seen",
    )  # fmt: skip
    list_display = (
        "id", "status_badge", "requests", "rows", "note", "assembled_at", "ended_at",
        "anthropic_id",
    )  # fmt: skip
    list_filter = ("status", AttentionFilter)
    search_help_text = "Number, nonce, or Anthropic's id."
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "id", "status_badge", "needs_attention", "note", "anthropic_id", "jobs",
                    "tenants",
                )
            },
        ),
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
        ("Deadline", {"fields": ("needed_by", "promised", "rescue")}),
        (
            "Submissions",
            {"fields": ("submissions_table", "after_cancel", "remote_deleted_at")},
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        return super().get_queryset(request).prefetch_related("submissions")

    def found(self, rows: QuerySet[Batch], term: str) -> QuerySet[Batch]:
        """By number, nonce or Anthropic's id."""
        # A custom_id begins with the nonce.
        match = Q(pk__in=search.batches(term) or search.batches(term.partition("-")[0]))
        if term.isdecimal() and len(term) < 19:  # fits a bigint
            match |= Q(pk=int(term))
        return rows.filter(match)

    def applies(self, action: str, row: Batch) -> bool:
        """By its status, and whether it needs a person."""
        if action == "seen":
            return row.needs_attention != ""
        return row.status in APPLIES_TO[action]

    @admin.action(description="Cancel, queue the jobs again", permissions=["operate"])
    def cancel_and_queue_again(
        self, request: HttpRequest, queryset: QuerySet[Batch]
    ) -> HttpResponse | None:
        """Asks first; None goes back to the list."""
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
        """Asks first; None goes back to the list."""
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
        outcome = ActionReport(request, "Cancellation begun", Action.CANCELED)
        for batch in bounded(request, queryset):
            try:
                if withdraw.cancel_batch(batch, after, now=timezone.now()):
                    outcome.moved(batch)
                else:
                    canceling = batch.status == Batch.Status.CANCELING
                    outcome.left(NO_NEWS if canceling else TOO_LATE.format(batch.status))
            except GatewayError as error:
                outcome.left(
                    f"Anthropic did not confirm the cancellation ({type(error).__name__})."
                )
        outcome.tell()
        return None

    @admin.action(description="Queue failed jobs again", permissions=["operate"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
        """Asks first, since it costs money; None goes back to the list."""
        page = confirmation(
            self,
            request,
            queryset,
            title="Queue their failed jobs again?",
            warning=RESENT,
        )
        if page is not None:
            return page
        outcome = ActionReport(request, "Failed jobs queued again from batches", Action.RETRIED)
        for batch in bounded(request, queryset):
            try:
                if accept.retry_batch(batch, now=timezone.now()):
                    outcome.moved(batch)
                else:
                    outcome.left("No job that ended in it has failed.")
            except (OverLimit, LongPrompt) as refusal:
                outcome.left(str(refusal))
        outcome.tell()
        return None

    @admin.action(description="Adopt a batch of Anthropic's", permissions=["operate"])
    def adopt(self, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
        """Asks which batch of Anthropic's it is; what cannot be adopted is told as a message."""
        batches = list(queryset[:2])
        if len(batches) != 1 or batches[0].status != Batch.Status.UNCONFIRMED:
            messages.error(request, "Choose one batch that is unconfirmed.")
            return None
        [batch] = batches
        if "confirmed" not in request.POST:
            return redirect("admin:aijobs_batch_adopt", batch.pk)
        remote_id = request.POST.get("other_id", "").strip() or request.POST.get("remote_id", "")
        if not remote_id:
            messages.error(request, "Name a batch of Anthropic's.")
            return None
        outcome = ActionReport(request, f"Adopted {remote_id}")
        try:
            reconcile.adopt(batch, remote_id, now=timezone.now())
            outcome.moved(batch)
        except reconcile.CannotAdopt as error:
            outcome.left(str(error))
        except GatewayError as error:
            outcome.left(f"Anthropic does not show it: {error}")
        outcome.tell()
        return None

    def get_urls(self) -> list[URLPattern]:
        """Those of every admin, one to choose what to adopt, and one of how long batches take."""
        adoption = self.admin_site.admin_view(self.adoption_view)
        times = self.admin_site.admin_view(self.turnaround_view)
        return [
            path("<int:pk>/adopt/", adoption, name="aijobs_batch_adopt"),
            path("turnaround/", times, name="aijobs_batch_turnaround"),
            *super().get_urls(),
        ]

    def turnaround_view(self, request: HttpRequest) -> HttpResponse:
        """How long batches take, and how far what was promised came true."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = turnaround.context(timezone.now())
        site = self.admin_site.each_context(request)
        context = {**site, **shown, "title": "Turnaround", "opts": self.opts}
        return TemplateResponse(request, "admin/aijobs/turnaround.html", context)

    def adoption_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page on which to choose what to adopt, and that says what is at stake."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        batch = get_object_or_404(Batch, pk=pk)
        if batch.status != Batch.Status.UNCONFIRMED:
            messages.error(request, "Choose one batch that is unconfirmed.")
            return redirect("admin:aijobs_batch_change", batch.pk)
        submission = identity.current(batch)
        why_none = "Anthropic lists no batch that could be it."
        try:
            candidates = identity.candidates(submission, timezone.now())
        except GatewayError as error:
            candidates, why_none = [], f"Anthropic's list is not to be had: {error}"
        context = {
            **self.admin_site.each_context(request),
            "title": "Adopt a batch of Anthropic's?",
            "opts": self.opts,
            "checkbox": ACTION_CHECKBOX_NAME,
            "batch": batch,
            "submission": submission,
            "candidates": candidates,
            "why_none": why_none,
        }
        return TemplateResponse(request, "admin/aijobs/adoption.html", context)

    @admin.action(description="Release for a new submission", permissions=["operate"])
    def release(self, request: HttpRequest, queryset: QuerySet[Batch]) -> HttpResponse | None:
        """Asks first, since the batch is sent again; None goes back to the list."""
        page = confirmation(
            self,
            request,
            queryset,
            title="Release these batches?",
            warning=RELEASED_IS_SENT_AGAIN,
        )
        if page is not None:
            return page
        outcome = ActionReport(request, "Released for a new submission")
        actor: Any = request.user
        for batch in bounded(request, queryset):
            submission = batch.submission
            if submission and reconcile.release(
                submission, now=timezone.now(), by=actor.get_username()
            ):
                outcome.moved(batch)
            else:
                outcome.left(NOT_IN_DOUBT.format(batch.status))
        outcome.tell()
        return None

    @admin.action(description="Mark as seen", permissions=["operate"])
    def seen(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """It asks for nobody's attention any more."""
        outcome = ActionReport(request, "Marked as seen")
        for batch in bounded(request, queryset):
            if batch.clear_flag():
                outcome.moved(batch)
            else:
                outcome.left("It asked for nobody's attention.")
        outcome.tell()

    @admin.display(description="status")
    def status_badge(self, batch: Batch) -> SafeString:
        """The status as HTML."""
        return status_badge(batch.status)

    @admin.display(description="results")
    def rows(self, batch: Batch) -> str:
        """What Anthropic made of its requests, as far as there is any."""
        kinds = ("succeeded", "errored", "canceled", "expired")
        counts = ((getattr(batch, kind), kind) for kind in kinds)
        return ", ".join(f"{count:,} {kind}" for count, kind in counts if count) or "–"

    @admin.display
    def jobs(self, batch: Batch) -> SafeString:
        """A link to its jobs that counts them by status."""
        counts = staff.jobs_of_batch(batch).items()
        text = ", ".join(f"{jobs:,} {status}" for status, jobs in counts)
        submission = batch.submissions.last()
        return listing(AIJob, text or "none", **({"q": submission.nonce} if submission else {}))

    @admin.display
    def money(self, batch: Batch) -> SafeString | str:
        """How many answers were charged, and USD; a dash before there are any."""
        spent = staff.spent_on_batch(batch)
        if not spent.answers:
            return "–"
        return table(
            ("Charges", "Cost", "At full price", "Saved"),
            [
                (
                    f"{spent.answers:,}",
                    dollars(spent.cost),
                    dollars(spent.full),
                    dollars(spent.saved),
                )
            ],
        )

    @admin.display
    def tenants(self, batch: Batch) -> SafeString | str:
        """Links to the tenants whose jobs it holds, at most fifty."""
        served = Tenant.objects.filter(pk__in=batch.tenant_ids)[:50]
        return table(("Name",), ((link(tenant),) for tenant in served))

    @admin.display
    def timings(self, batch: Batch) -> SafeString | str:
        """When it reached which status, and the seconds between."""
        return timeline(
            batch, "assembled_at", "submitted_at", "canceling_at", "ended_at", "settled_at"
        )

    @admin.display
    def promised(self, batch: Batch) -> SafeString | str:
        """By when it was promised to have ended."""
        return turnaround.promised(batch)

    @admin.display
    def rescue(self, batch: Batch) -> str:
        """When it is canceled for its deadline's sake."""
        return turnaround.rescue(batch, timezone.now())

    @admin.display(description="Anthropic's id")
    def anthropic_id(self, batch: Batch) -> str:
        """The id by which Anthropic knows it; a dash while it is not known to be there."""
        current = [one for one in batch.submissions.all() if one.state in Submission.CURRENT]
        return (current[0].remote_id if current else None) or "–"

    @admin.display(description="each time it was sent")
    def submissions_table(self, batch: Batch) -> SafeString | str:
        """Its submissions, in the order in which they were sent."""
        return table(
            ("Submission", "State", "Sent", "In doubt", "Given up", "By", "Anthropic's id"),
            (
                (
                    link(one, one.nonce),
                    one.get_state_display(),
                    moment(one.sent_at),
                    moment(one.doubt_at),
                    moment(one.released_at),
                    one.released_by or "–",
                    one.remote_id or "–",
                )
                for one in batch.submissions.order_by("pk")
            ),
        )
