"""What staff see first: what does not run, the batches under way, what needs a person."""

from datetime import timedelta
from typing import Any

from django import template
from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone

from aijobs.models import Batch, Heartbeat, LedgerEntry, Reconciliation, Submission, Verdict

register = template.Library()

MOST_NAMED = 10
DUPLICATES_SHOWN = timedelta(days=7)
DIFFERENCES_SHOWN = timedelta(days=30)


@register.inclusion_tag("admin/aijobs/processes.html")
def missing_processes() -> dict[str, Any]:
    """Nothing as long as everything that must run has signed lately."""
    now = timezone.now()
    return {
        "missing": Heartbeat.objects.missing(now),
        "silent": Heartbeat.objects.silent(now).order_by("name", "host")[:MOST_NAMED],
    }


@register.inclusion_tag("admin/aijobs/bill.html")
def bill() -> dict[str, Any]:
    """How the ledger compares with Anthropic's bill: the last days, and those that differ."""
    days = Reconciliation.objects.order_by("-day")
    since = timezone.now().date() - DIFFERENCES_SHOWN
    return {
        "is_checked": bool(settings.ANTHROPIC_ADMIN_KEY),
        "last": days.first(),
        "differing": days.filter(verdict=Verdict.DIFFERS, day__gt=since)[:MOST_NAMED],
        "estimated": LedgerEntry.objects.filter(is_estimated=True, corrects=None)[:1_000].count(),
    }


@register.inclusion_tag("admin/aijobs/overview.html")
def batches_under_way() -> dict[str, Any]:
    """Reads batches that are open or need attention, by the indexes that hold no others."""
    under_way = Batch.objects.exclude(status__in=Batch.FINAL)
    in_trouble = Q(status=Batch.Status.UNCONFIRMED) | Q(attempts__gt=0)
    duplicates = Submission.objects.filter(
        state=Submission.State.DUPLICATE, found_at__gt=timezone.now() - DUPLICATES_SHOWN
    )
    return {
        "now": timezone.now(),
        "needing_attention": Batch.objects.exclude(needs_attention="").order_by("pk")[:MOST_NAMED],
        "duplicates": duplicates.order_by("-pk")[:MOST_NAMED],
        "unpriced": LedgerEntry.objects.unpriced()[:1_000].count(),
        "statuses": under_way.values("status")
        .annotate(batches=Count("*"), oldest=Min("assembled_at"))
        .order_by("status"),
        "in_trouble": under_way.filter(in_trouble, needs_attention="").order_by("pk")[:MOST_NAMED],
    }
