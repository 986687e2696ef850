"""How the ledger compares with Anthropic's bill, as staff see it."""

from decimal import Decimal

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from aijobs.admin.reading import ReadOnlyAdmin, dollars, table
from aijobs.models import ReconciledLine, Reconciliation, Verdict

HEADS = (
    *("Model", "Kind", "Tier", "Tokens: ours", "Anthropic's", "difference"),
    *("USD: ours", "Anthropic's", "difference", ""),
)


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """Days in UTC, each as it was found last."""

    list_display = ("day", "verdict", "difference", "source", "is_final", "checked_at")
    list_filter = ("verdict",)
    ordering = ("-day",)
    search_fields = ("day",)
    search_help_text = "A day, or a month: 2026-11."
    fields = (
        "day", "verdict", "difference", "why", "compared", "source", "first_day", "last_day",
        "is_final", "checked_at",
    )  # fmt: skip

    def found(self, rows: QuerySet[Reconciliation], term: str) -> QuerySet[Reconciliation]:
        """By the beginning of its date."""
        return rows.filter(day__startswith=term)

    @admin.display(description="difference, USD")
    def difference(self, one: Reconciliation) -> str:
        """Anthropic's sum less ours; a dash where it told no costs."""
        return dollars(one.difference_usd)

    @admin.display(description="what may explain it")
    def why(self, one: Reconciliation) -> SafeString | str:
        """The notes, one a line."""
        return format_html_join("", "<p>{}</p>", ((note,) for note in one.notes)) or "–"

    @admin.display(description="lines")
    def compared(self, one: Reconciliation) -> SafeString | str:
        """What both say, by model, kind of token and tier."""
        return table(HEADS, map(_cells, one.lines.order_by("model", "tier", "kind")))


def _cells(line: ReconciledLine) -> tuple[object, ...]:
    more = None if line.theirs is None else line.theirs - line.ours
    dearer = None if line.theirs_usd is None else line.theirs_usd - line.ours_usd
    return (
        line.model,
        line.get_kind_display(),
        line.get_tier_display(),
        _count(line.ours),
        _count(line.theirs),
        _count(more),
        _usd(line.ours_usd),
        _usd(line.theirs_usd),
        _usd(dearer),
        "" if line.verdict == Verdict.AGREES else line.get_verdict_display(),
    )


def _count(tokens: int | None) -> str:
    return "–" if tokens is None else f"{tokens:,}"


def _usd(amount: Decimal | None) -> str:
    return dollars(amount)
