"""Times during which nothing was sent, as staff see them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from aijobs.admin.actions import ActionReport, bounded, confirmation
from aijobs.admin.reading import ReadOnlyAdmin
from aijobs.models import CircuitBreaker


@admin.register(CircuitBreaker)
class CircuitBreakerAdmin(ReadOnlyAdmin):
    """The one that is open comes first, being the newest."""

    actions = ("resume",)
    list_display = (
        "reason",
        "message",
        "opened_at",
        "probes",
        "probe_at",
        "closed_at",
        "closed_by",
    )
    list_filter = ("reason",)
    search_help_text = "Number."
    fields = (
        "reason", "message", "needs_answer", "opened_at", "probes", "probe_at", "closed_at",
        "closed_by",
    )  # fmt: skip

    def found(self, rows: QuerySet[CircuitBreaker], term: str) -> QuerySet[CircuitBreaker]:
        """By number."""
        return rows.filter(pk=int(term)) if term.isdecimal() and len(term) < 19 else rows.none()

    def applies(self, action: str, row: CircuitBreaker) -> bool:
        """Only the one that is open can be closed."""
        return row.closed_at is None

    @admin.action(description="Resume sending now", permissions=["operate"])
    def resume(
        self, request: HttpRequest, queryset: QuerySet[CircuitBreaker]
    ) -> HttpResponse | None:
        """Asks first; None goes back to the list."""
        page = confirmation(
            self,
            request,
            queryset,
            title="Resume sending?",
            warning="Everything that waits is sent. Where the reason is not solved, Anthropic "
            "refuses it, no job loses an attempt, and sending stops again.",
        )
        if page is not None:
            return page
        outcome = ActionReport(request, "Sending resumed")
        actor: Any = request.user
        for breaker in bounded(request, queryset):
            if breaker.mark_closed(timezone.now(), by=actor.get_username()):
                outcome.moved(breaker)
            else:
                outcome.left("Sending had been resumed before.")
        outcome.tell()
        return None
