"""What was spent and saved: sums of USD and of the tokens that they bought."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any, cast
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast, JSONObject

from aijobs.models import AIJob, LedgerEntry, UsageRollup
from aijobs.models.rollups import UsageRollupQuerySet
from citizenapp.tenants.models import Tenant

_SUMS = {
    "cost": Sum("cost_usd"),
    "full": Sum("sync_cost_usd"),
    "saved": Sum("saved_usd"),
    "input_tokens": Sum("input_tokens"),
    "output_tokens": Sum("output_tokens"),
    "cache_read_tokens": Sum("cache_read_tokens"),
}
# Of rows of the ledger. An entry that corrects another one brings money, and is no answer.
OF_CHARGES = _SUMS | {
    "answers": Count("pk", filter=Q(corrects=None)),
    "cache_write_tokens": Sum(F("cache_write_5m_tokens") + F("cache_write_1h_tokens")),
    "estimated": Count("pk", filter=Q(corrects=None, is_estimated=True)),
}
# Of rows that each have the sums of an hour.
OF_HOURS = _SUMS | {
    "answers": Sum("answers"),
    "jobs": Sum("jobs"),
    "cache_write_tokens": Sum("cache_write_tokens"),
    "cache_write_1h_tokens": Sum("cache_write_1h_tokens"),
    "batch_full": Sum("sync_cost_usd", filter=Q(route=AIJob.Route.BATCH), default=Decimal(0)),
}
_AMOUNTS = {"cost", "full", "saved", "batch_full"}


@dataclass(frozen=True, slots=True)
class Money:
    """USD, and the tokens they bought. `full` is what the same usage costs at full price.

    `jobs` counts those that were charged for the first time; sums of single jobs leave it at 0,
    and `batch_full`, the full price of what went by batch, as well. `cache_saved` is what reading
    from the cache saved less what writing to it cost more; only reports by model know it.
    `estimated` counts answers without a usage of Anthropic's; sums by the hour leave it at 0.
    """

    cost: Decimal = Decimal(0)
    full: Decimal = Decimal(0)
    saved: Decimal = Decimal(0)
    jobs: int = 0
    answers: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0
    cache_write_1h_tokens: int = 0
    batch_full: Decimal = Decimal(0)
    cache_saved: Decimal = Decimal(0)

    def __add__(self, other: "Money") -> "Money":
        # One by one: a page adds up thousands of them.
        return Money(
            cost=self.cost + other.cost,
            full=self.full + other.full,
            saved=self.saved + other.saved,
            jobs=self.jobs + other.jobs,
            answers=self.answers + other.answers,
            input_tokens=self.input_tokens + other.input_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens + other.cache_write_1h_tokens,
            batch_full=self.batch_full + other.batch_full,
            cache_saved=self.cache_saved + other.cache_saved,
            estimated=self.estimated + other.estimated,
        )

    @property
    def tokens_read(self) -> int:
        """Plain ones, and those that a cache gave or took."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def saved_percent(self) -> int:
        """Of the full price, rounded down: never more is claimed than was saved."""
        return int(100 * self.saved / self.full) if self.full else 0

    @property
    def batch_share(self) -> Decimal:
        """Of the full price, what went by batch: 0 to 1, rounded down to four places."""
        share = self.batch_full / self.full if self.full else Decimal(0)
        return share.quantize(Decimal("0.0001"), rounding=ROUND_FLOOR)

    @property
    def batch_percent(self) -> int:
        """The same in percent, rounded down."""
        return int(100 * self.batch_share)


NOTHING = Money()


def spent(tenant: Tenant, since: datetime) -> Money:
    """From the hour of this moment on."""
    return money(hours(tenant).since(since).aggregate(**OF_HOURS))


def spent_on_jobs(tenant: Tenant, job_ids: Iterable[UUID]) -> dict[UUID, Money]:
    """The charges of each job; jobs that cost nothing yet are left out. One query."""
    charges = LedgerEntry.objects.filter(tenant=tenant, job_id__in=list(job_ids))
    sums = charges.values("job_id").annotate(**OF_CHARGES).order_by()
    rows = cast("Iterable[dict[str, Any]]", sums)
    return {row.pop("job_id"): Money(**row) for row in rows}


def spent_on_collections(tenant: Tenant, ids: Iterable[UUID]) -> dict[UUID, Money]:
    """All charges of the jobs of each collection; where nothing was charged, none. One query."""
    sums = hours(tenant).filter(collection_id__in=list(ids)).values("collection_id")
    rows = cast("Iterable[dict[str, Any]]", sums.annotate(**OF_HOURS).order_by())
    return {row.pop("collection_id"): money(row) for row in rows}


def sums_of_collection(tenant: Tenant) -> "QuerySet[Any, Any]":
    """The same of the collection of an outer query: as JSON, for `sums_told`."""
    own = hours(tenant).filter(collection_id=OuterRef("pk")).values("collection_id")
    return _as_json(own, OF_HOURS)


def sums_of_job(tenant: Tenant) -> "QuerySet[Any, Any]":
    """The charges of the job of an outer query: as JSON, for `sums_told`."""
    own = LedgerEntry.objects.filter(tenant=tenant, job_id=OuterRef("pk")).values("job_id")
    return _as_json(own, OF_CHARGES)


def sums_told(sums: Mapping[str, str | None] | None) -> Money:
    """What these have found; zeros where there was nothing. JSON would round: amounts are texts."""
    known = {name: value for name, value in (sums or {}).items() if value is not None}
    told: dict[str, Any] = {
        name: Decimal(one) if name in _AMOUNTS else int(one) for name, one in known.items()
    }
    return Money(**told)


def _as_json(own: "QuerySet[Any, Any]", sums: Mapping[str, Any]) -> "QuerySet[Any, Any]":
    texts = {name: Cast(one, TextField()) for name, one in sums.items()}
    found: QuerySet[Any, Any] = own.annotate(sums=JSONObject(**texts)).values("sums").order_by()
    return found


def hours(tenant: Tenant) -> UsageRollupQuerySet:
    """The tenant's charges, added up by hour, job type, route, collection, model and sender."""
    return UsageRollup.objects.filter(tenant=tenant)


def money(sums: Mapping[str, Any]) -> Money:
    """Of an aggregate by OF_CHARGES or OF_HOURS, which has null for sums of no rows."""
    return Money(**{name: value for name, value in sums.items() if value is not None})
