"""Who pays for what is about to be queued, and how much may still be spent: told before a click."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from aijobs.budgets.standing import standing
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Paying:
    """One sentence; `is_warning` where what is queued may be refused, or would have to wait."""

    told: str
    is_warning: bool = False


def of(tenant: Tenant, now: datetime, most: Decimal | None = None) -> Paying:
    """How a tenant's month stands. `most`: in USD, what new work could cost."""
    if tenant.limit_usd is None and tenant.budget_usd is None:
        return Paying(f"{tenant.name} pays. It has set no monthly limit.")
    month = standing(tenant, now)
    renews = reader.day(month.month.renews_on)
    if month.is_held:
        return Paying(
            f"{tenant.name} has spent its monthly limit of {_usd(month.limit)}. What is queued is "
            f"refused until {renews}, or until an owner raises the limit.",
            is_warning=True,
        )
    if month.left is not None:
        left = f"{_usd(month.left)} of its monthly limit of {_usd(month.limit)} are left"
        if most is not None and most > month.left:
            return Paying(
                f"This could cost more than {tenant.name} may spend: {left} until {renews}.",
                is_warning=True,
            )
        return Paying(f"{tenant.name} pays: {left} until {renews}.")
    spent = f"{_usd(month.spent)} of its monthly budget of {_usd(month.budget)} are spent"
    if month.is_budget_spent:
        return Paying(f"{tenant.name} pays: {spent}. Nothing stops.", is_warning=True)
    return Paying(f"{tenant.name} pays: {spent}.")


def _usd(amount: Decimal | None) -> str:
    """To the cent, and never more than there is."""
    return reader.usd((amount or Decimal(0)).quantize(Decimal("0.01"), ROUND_FLOOR), 2)
