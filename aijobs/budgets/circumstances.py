"""How things stand for a tenant at a moment: what keeps its work from being sent, and what waits.

Every page says some of it above everything else, and forecasts need all of it. So one statement
finds it, and a page that asks again is told the same (citizenapp/tenants/remembering.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from aijobs.budgets.standing import Month
from aijobs.models import Batch, Webhook
from aijobs.models.breaker import BlockReason
from aijobs.turnaround import refusals
from aijobs.turnaround.choice import WAITING_CALLS
from aijobs.turnaround.history import SEEN, Turnaround, seen_parameters
from citizenapp.tenants import remembering
from citizenapp.tenants.models import Tenant

# What waits for a batch is counted as far as this, since a page has no time for more.
MOST_WAITING = 20_000

# Sums that no limit needs are not added up.
_FACTS = """
    (SELECT reason FROM aijobs_circuitbreaker WHERE closed_at IS NULL) AS breaker,
    CASE WHEN %(is_limited)s THEN COALESCE((
        SELECT sum(cost_usd) FROM aijobs_usagerollup
        WHERE tenant_id = %(tenant)s AND hour >= %(start)s AND hour < %(end)s
    ), 0) END AS spent,
    CASE WHEN %(are_all_limited)s THEN COALESCE((
        SELECT sum(cost_usd) FROM aijobs_usagerollup
        WHERE hour >= %(start_of_all)s AND hour < %(end_of_all)s
    ), 0) END AS spent_by_all,
    CASE WHEN %(has_budget)s THEN (
        SELECT CASE WHEN put_away_by = '' THEN percent END FROM aijobs_budgetnotice
        WHERE tenant_id = %(tenant)s AND month = %(month)s ORDER BY percent DESC LIMIT 1
    ) END AS budget_percent,
    (SELECT id FROM aijobs_webhook WHERE tenant_id = %(tenant)s AND state = %(failed)s
     ORDER BY id DESC LIMIT 1) AS failed_webhook,
    EXISTS (
        SELECT FROM aijobs_ratelimit WHERE halved_at > %(lately)s OR paused_until > %(now)s
    ) AS is_refused,
    EXISTS (SELECT FROM aijobs_usagerollup WHERE tenant_id = %(tenant)s) AS has_answers
"""
_QUEUE = f"""
    {WAITING_CALLS} AS waiting_calls,
    (SELECT COALESCE(sum(requests), 0) FROM aijobs_batch
     WHERE status = 'canceling' AND rescued_at IS NOT NULL)::bigint AS calls_to_come,
    (SELECT COALESCE(sum(requests), 0) FROM aijobs_batch
     WHERE status = ANY(%(there)s))::bigint AS at_anthropic,
    (SELECT count(*) FROM (
        SELECT FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND not_before <= %(now)s
        ORDER BY tenant_id, not_before, id LIMIT %(most_waiting)s
    ) AS waiting) AS waiting,
    (SELECT not_before FROM aijobs_aijob
     WHERE tenant_id = %(tenant)s AND erasing_since IS NULL AND indexed_status = 'queued'
     AND route = 'batch' AND answered_by IS NULL AND not_before <= %(now)s
     ORDER BY not_before, id LIMIT 1) AS leaves_first
"""  # noqa: S608 - names of our own
_WITH_BATCHES = f"""
SELECT known.*, seen.* FROM (SELECT {_FACTS}, {_QUEUE} OFFSET 0) AS known
LEFT JOIN LATERAL ({SEEN}) AS seen ON TRUE
"""  # noqa: S608 - names of our own
_NAMES = (
    *("breaker", "spent", "spent_by_all", "budget_percent", "failed_webhook"),
    *("is_refused", "has_answers"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What keeps a tenant's work from being sent, and what its owners should know.

    `spent` and `spent_by_all`: USD of the month, where a limit holds. `budget_percent`: of the
    month's budget so much is spent, and nobody has put that notice away.
    """

    tenant: Tenant
    month: Month
    breaker: BlockReason | None
    spent: Decimal | None
    spent_by_all: Decimal | None
    budget_percent: int | None
    failed_webhook: UUID | None
    is_refused: bool
    has_answers: bool
    """Whether anything was charged yet: nobody is new then."""

    @property
    def is_held(self) -> bool:
        """Whether the tenant has spent its limit."""
        limit = self.tenant.limit_usd
        return limit is not None and self.spent is not None and self.spent >= limit

    @property
    def are_all_held(self) -> bool:
        """Whether the installation has spent its limit."""
        limit = settings.AIJOBS_MONTHLY_LIMIT_USD
        return limit is not None and self.spent_by_all is not None and self.spent_by_all >= limit

    @property
    def refusals(self) -> str:
        """Whether Anthropic refuses direct calls at the moment: one sentence, or nothing."""
        return refusals.TOLD if self.is_refused else ""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits of all tenants, counted as far as it matters.

    `waiting`: what may leave with the next batch. `calls`: jobs to run at once; `calls_to_come`:
    those of batches that are canceled for it. `leaves_first`: since when the oldest job of the
    tenant waits for a batch.
    """

    waiting_calls: int
    calls_to_come: int
    at_anthropic: int
    waiting: int
    leaves_first: datetime | None

    @property
    def called(self) -> int:
        """All that runs at once before what is decided now."""
        return self.waiting_calls + self.calls_to_come


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that a forecast needs to know."""

    facts: Facts
    queue: Queue
    turnaround: Turnaround


def facts_of(tenant: Tenant, now: datetime) -> Facts:
    """What stands above every page. One query."""
    return remembering.once((Facts, tenant.pk), lambda: _facts(tenant, now))


def circumstances(tenant: Tenant, now: datetime) -> Circumstances:
    """The same, what waits, and what is known of how long batches take. One query."""
    return remembering.once((Circumstances, tenant.pk), lambda: _circumstances(tenant, now))


def _facts(tenant: Tenant, now: datetime) -> Facts:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FACTS}", _parameters(tenant, now))
        return _told(tenant, now, cursor.fetchone())


def _circumstances(tenant: Tenant, now: datetime) -> Circumstances:
    with connection.cursor() as cursor:
        cursor.execute(_WITH_BATCHES, _parameters(tenant, now))
        rows = cursor.fetchall()
    split = len(_NAMES)
    facts = _told(tenant, now, rows[0][:split])
    remembering.remember((Facts, tenant.pk), facts)
    queue = Queue(*rows[0][split : split + 5])
    # Without any batch, the one row has nulls for it.
    batches = [row[split + 5 :] for row in rows if row[-1] is not None]
    return Circumstances(facts, queue, Turnaround.of(batches, now))


def _told(tenant: Tenant, now: datetime, row: Sequence[Any]) -> Facts:
    known: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    reason = known.pop("breaker")
    month = Month.around(now, tenant.time_zone)
    return Facts(tenant, month, BlockReason(reason) if reason else None, **known)


def _parameters(tenant: Tenant, now: datetime) -> Mapping[str, Any]:
    month, of_all = Month.around(now, tenant.time_zone), Month.around(now, "UTC")
    own_hours, all_hours = month.hours, of_all.hours
    return {
        "tenant": tenant.pk,
        "now": now,
        "is_limited": tenant.limit_usd is not None,
        "are_all_limited": settings.AIJOBS_MONTHLY_LIMIT_USD is not None,
        "has_budget": tenant.budget_usd is not None,
        "month": month.first_day,
        "start": own_hours["hour__gte"],
        "end": own_hours["hour__lt"],
        "start_of_all": all_hours["hour__gte"],
        "end_of_all": all_hours["hour__lt"],
        "failed": Webhook.State.FAILED.value,
        "lately": now - refusals.RECENT,
        "there": [
            str(one) for one in (*Batch.REMOTE, Batch.Status.SUBMITTING, Batch.Status.UNCONFIRMED)
        ],
        "most_waiting": MOST_WAITING,
        **seen_parameters(),
    }
