"""Charges, as staff see them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from aijobs.admin import search
from aijobs.admin.reading import ReadOnlyAdmin, dollars, link, listing
from aijobs.models import AIJob, LedgerEntry


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """What every answer cost, and what batching saved."""

    list_display = (
        "id", "created_at", "tenant", "job_type", "route", "model", "input_tokens",
        "output_tokens", "cost", "full_price", "saved", "is_estimated",
    )  # fmt: skip
    list_filter = ("route", "is_estimated")
    list_select_related = ("tenant",)
    search_help_text = "Job id, custom id, Anthropic's batch id, or tenant."
    fields = (
        "id", "created_at", "tenant_link", "job", "batch_link", "custom_id", "job_type", "route",
        "model", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens",
        "cache_write_1h_tokens", "priced_as", "priced_on",
        "cost_usd", "sync_cost_usd", "saved_usd", "is_estimated",
    )  # fmt: skip

    def found(self, rows: QuerySet[LedgerEntry], term: str) -> QuerySet[LedgerEntry]:
        """By job, by a batch's ids, or by tenant."""
        if (key := search.job_or_collection(term)) is not None:
            return rows.filter(job_id=key)
        if batches := search.batches(term):
            return rows.filter(batch__in=batches)
        return rows.filter(tenant__in=search.tenants(term))

    @admin.display(description="tenant")
    def tenant_link(self, entry: LedgerEntry) -> SafeString | str:
        """A link to the tenant that is charged."""
        return link(entry.tenant)

    @admin.display(description="batch")
    def batch_link(self, entry: LedgerEntry) -> SafeString | str:
        """A link to the batch; a dash for a direct call."""
        return link(entry.batch)

    @admin.display
    def job(self, entry: LedgerEntry) -> SafeString:
        """A link to the search for its job, which may be pruned."""
        return listing(AIJob, str(entry.job_id), q=entry.job_id)

    @admin.display
    def cost(self, entry: LedgerEntry) -> str:
        """USD."""
        return dollars(entry.cost_usd)

    @admin.display
    def full_price(self, entry: LedgerEntry) -> str:
        """USD for the same usage without a batch."""
        return dollars(entry.sync_cost_usd)

    @admin.display
    def saved(self, entry: LedgerEntry) -> str:
        """USD."""
        return dollars(entry.saved_usd)
