"""Submissions, and batches at Anthropic that are none of ours, as staff see them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from aijobs.admin.reading import ReadOnlyAdmin, dollars, link
from aijobs.models import StrangerBatch, Submission


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """Each POST of a batch. Duplicates are canceled by themselves; their cost stands here alone."""

    list_display = (
        "nonce", "state", "batch_link", "remote_id", "requests", "sent_at", "doubt_at",
        "released_at", "cost",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("batch",)
    search_help_text = "Nonce, custom id, or Anthropic's id."
    fields = (
        "nonce", "state", "batch_link", "remote_id", "watermark", "requests", "sent_at", "doubt_at",
        "released_at", "released_by", "found_at", "ended_at", "succeeded", "cost",
    )  # fmt: skip

    def found(self, rows: QuerySet[Submission], term: str) -> QuerySet[Submission]:
        by_id = rows.filter(remote_id=term)
        # A custom_id begins with the nonce.
        return by_id if by_id.exists() else rows.filter(nonce=term.partition("-")[0])

    @admin.display(description="batch")
    def batch_link(self, submission: Submission) -> SafeString | str:
        return link(submission.batch)

    @admin.display(description="cost of a duplicate")
    def cost(self, submission: Submission) -> str:
        is_duplicate = submission.state == Submission.State.DUPLICATE
        return dollars(submission.cost_usd if is_duplicate else None)


@admin.register(StrangerBatch)
class StrangerBatchAdmin(ReadOnlyAdmin):
    """Somebody else's batches, made with the same key. Nothing is done about them."""

    list_display = ("remote_id", "requests", "created_at", "found_at")
    fields = ("remote_id", "requests", "created_at", "found_at")
    search_help_text = "Anthropic's id."

    def found(self, rows: QuerySet[StrangerBatch], term: str) -> QuerySet[StrangerBatch]:
        return rows.filter(remote_id=term)
