"""What is unusual at Anthropic at the moment. It goes by itself, and so do these lines."""

from django import template
from django.utils import timezone

from aijobs.turnaround import refusals
from aijobs.turnaround.history import conditions_at

register = template.Library()


@register.simple_tag
def unusual() -> list[str]:
    """A sentence for each; none where all is as usual. Three queries."""
    now = timezone.now()
    lines = [conditions_at(now).told, refusals.told(now)]
    return [line for line in lines if line]
