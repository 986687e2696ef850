"""Batches at Anthropic that none of ours stands for, as staff see them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from aijobs.admin.reading import ReadOnlyAdmin, dollars, link
from aijobs.models import StrayBatch


@admin.register(StrayBatch)
class StrayBatchAdmin(ReadOnlyAdmin):
    """Duplicates are canceled by themselves; what they cost by then stands here alone."""

    list_display = (
        "remote_id", "kind", "batch_link", "requests", "found_at", "ended_at", "succeeded", "cost",
    )  # fmt: skip
    list_filter = ("kind",)
    list_select_related = ("batch",)
    search_help_text = "Anthropic's id."
    fields = (
        "remote_id", "kind", "batch_link", "requests", "created_at", "found_at", "ended_at",
        "succeeded", "cost",
    )  # fmt: skip

    def found(self, rows: QuerySet[StrayBatch], term: str) -> QuerySet[StrayBatch]:
        """By Anthropic's id."""
        return rows.filter(remote_id=term)

    @admin.display(description="batch")
    def batch_link(self, stray: StrayBatch) -> SafeString | str:
        """A link to the batch it duplicates; a dash for a stranger."""
        return link(stray.batch)

    @admin.display(description="cost, for nothing")
    def cost(self, stray: StrayBatch) -> str:
        """USD for answers that nobody got."""
        return dollars(stray.cost_usd)
