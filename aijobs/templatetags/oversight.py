"""What staff see first: the batches under way, and those that need a person."""

from typing import Any

from django import template
from django.db.models import Count, Min, Q

from aijobs.models import Batch

register = template.Library()

MOST_NAMED = 10


@register.inclusion_tag("admin/aijobs/overview.html")
def batches_under_way() -> dict[str, Any]:
    """Reads open batches only, by the index that holds no others."""
    under_way = Batch.objects.exclude(status__in=Batch.FINAL)
    in_trouble = Q(status=Batch.Status.UNCONFIRMED) | Q(attempts__gt=0)
    return {
        "statuses": under_way.values("status")
        .annotate(batches=Count("*"), oldest=Min("assembled_at"))
        .order_by("status"),
        "in_trouble": under_way.filter(in_trouble).order_by("pk")[:MOST_NAMED],
    }
