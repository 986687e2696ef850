"""How the parts of a result are put in order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django import template

register = template.Library()

SEVERITIES = ("high", "medium", "low")


@register.filter
def by_severity(risks: Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    """Risks, the highest first; those of one kind in the order in which Claude named them."""
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(risks or (), key=lambda risk: order.get(str(risk.get("severity")), len(order)))


@register.filter
def severities(risks: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, int]]:
    """How many risks have which severity, those that there are, the highest first."""
    counts = Counter(str(risk.get("severity")) for risk in risks or ())
    return [(one, counts[one]) for one in SEVERITIES if counts[one]]


@register.filter
def at_part(document: int, part: int) -> str:
    """The place of a part of a document, as an address names it."""
    return f"{document}.part-{part}"


@register.filter
def at_page(finding: Mapping[str, Any]) -> str:
    """The place that a finding names: the page of its document, or where that begins."""
    document, page = finding.get("document"), finding.get("page")
    named = f"{document}." if document else ""
    return f"{named}page-{page}" if page else f"{named}part-1"


@register.filter
def at_quote(number: int) -> str:
    """The place of what the finding of this number quotes."""
    return f"quote-{number}"
