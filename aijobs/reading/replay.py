"""The charges of a period, added up so far that they can still be priced anew."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, cast

from django.db.models import BigIntegerField, Case, Count, F, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf

from aijobs.models import AIJob, LedgerEntry
from aijobs.pricing import Usage
from aijobs.reading.usage import Period
from aijobs.whatif import Charges
from citizenapp.tenants.models import Tenant

_TOKENS = (
    *("input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
)
_PROMPT = sum((F(name) for name in _TOKENS[2:]), Cast("input_tokens", BigIntegerField()))
_NOTHING = Value(Decimal(0))


def charges(tenant: Tenant, period: Period, limits: Sequence[int]) -> list[Charges]:
    """What a tenant was charged in a period. Reads each charge of it: seconds for a million.

    `limits` are the lengths of prompts at which prices change.
    """
    return of_entries(LedgerEntry.objects.filter(tenant=tenant), period, limits)


def of_entries(
    entries: QuerySet[LedgerEntry], period: Period, limits: Sequence[int]
) -> list[Charges]:
    """The same of some entries. A price that came later counts with the charge it corrects."""
    tier = Case(
        *(When(prompt__lte=limit, then=Value(limit)) for limit in limits),
        default=Value(max(limits, default=0) + 1),
        output_field=BigIntegerField(),
    )
    found = (
        entries.filter(corrects=None, created_at__gte=period.since, created_at__lt=period.until)
        .annotate(prompt=_PROMPT)
        .values(
            "model",
            "route",
            "priced_on",
            tier=tier,
            price=Coalesce(NullIf("priced_as", Value("")), "correction__priced_as", Value("")),
        )
        .annotate(
            answers=Count("pk"),
            cost=Sum(F("cost_usd") + Coalesce("correction__cost_usd", _NOTHING)),
            full=Sum(F("sync_cost_usd") + Coalesce("correction__sync_cost_usd", _NOTHING)),
            **{f"of_{name}": Sum(name) for name in _TOKENS},
        )
        .order_by("model", "route", "priced_on", "tier", "price")
    )
    return [
        Charges(
            model=row["model"],
            priced_as=row["price"],
            batch=row["route"] == AIJob.Route.BATCH,
            on=row["priced_on"],
            prompt_tokens=row["tier"],
            answers=row["answers"],
            tokens=Usage(*(row[f"of_{name}"] for name in _TOKENS)),
            cost=row["cost"],
            full=row["full"],
        )
        for row in cast("Iterable[dict[str, Any]]", found)
    ]
