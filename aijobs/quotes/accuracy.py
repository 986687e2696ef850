"""How far the quotes of a tenant were off, so far."""

from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple

from aijobs.models import Quote
from citizenapp.tenants.models import Tenant

LOOKED_AT = 200


class Accuracy(NamedTuple):
    """Of the latest quotes that were confirmed and whose jobs are all over."""

    quotes: int
    within: int
    """How many were charged something between the ends of their range."""
    typical_error: float | None
    """The middle one of |charged / likely − 1|; null without any."""

    @property
    def told(self) -> dict[str, Any]:
        """As a part of a quote."""
        return {
            "quotes": self.quotes,
            "within_range": self.within,
            "typical_error": self.typical_error,
        }

    @property
    def typical_percent(self) -> int:
        """The typical error in percent; 0 without any."""
        return round(100 * (self.typical_error or 0))


def accuracy(tenant: Tenant) -> Accuracy:
    """Looks at the latest 200."""
    rows: list[tuple[Decimal, Decimal, Decimal, Any]] = list(
        Quote.objects.filter(tenant=tenant, charged_usd__gt=0, likely_usd__gt=0)
        .order_by("-pk")
        .values_list("low_usd", "likely_usd", "high_usd", "charged_usd")[:LOOKED_AT]
    )
    within = sum(low <= charged <= high for low, _, high, charged in rows)
    errors = [abs(charged / likely - 1) for _, likely, _, charged in rows]
    return Accuracy(len(rows), within, float(median(errors)) if errors else None)
