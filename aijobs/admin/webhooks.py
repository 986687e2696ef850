"""Webhooks and what was sent to them, as staff see them. Their owners set them up."""

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet

from aijobs.admin.reading import ReadOnlyAdmin
from aijobs.models import Webhook, WebhookDelivery


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Without the secrets: nobody needs to see them."""

    list_display = ("url", "tenant", "state", "failures", "failing_since", "last_error")
    list_filter = ("state",)
    list_select_related = ("tenant",)
    search_help_text = "Id, or name of the tenant."
    fields = (
        "id", "tenant", "url", "description", "events", "includes_result", "root", "state",
        "failures", "failing_since", "last_error", "next_at", "leased_until", "previous_until",
        "created_at", "created_by",
    )  # fmt: skip

    def found(self, rows: QuerySet[Webhook], term: str) -> QuerySet[Webhook]:
        """By id or by tenant."""
        return rows.filter(pk=key) if (key := _uuid(term)) else rows.filter(tenant__name=term)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """The newest come first."""

    list_display = (
        "public_id", "webhook", "kind", "status", "attempts", "http_status", "error", "created_at",
        "tried_at",
    )  # fmt: skip
    list_select_related = ("webhook", "event")
    search_help_text = "Id of the delivery, or of the webhook."
    fields = (
        "public_id", "webhook", "event", "kind", "status", "attempts", "http_status", "error",
        "created_at", "tried_at", "next_at",
    )  # fmt: skip

    def found(self, rows: QuerySet[WebhookDelivery], term: str) -> QuerySet[WebhookDelivery]:
        """By its own id, or by its webhook's."""
        key = _uuid(term)
        if key is None:
            return rows.none()
        return rows.filter(public_id=key) | rows.filter(webhook=key)

    @admin.display(description="event")
    def kind(self, delivery: WebhookDelivery) -> str:
        return delivery.event.type
