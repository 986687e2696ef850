"""Which road waiting jobs take: whether a batch still meets their deadlines.

What can't go by batch in time is given to direct calls; the rest stays where batches are filled
from. Whoever fills batches or makes calls asks here first, at the same moment: so no job is put
into a batch that has too little time left for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction

from aijobs.budgets.standing import Month
from aijobs.crash_points import Step, crash_point
from aijobs.models import Batch, Rescue
from aijobs.postgres.locks import exclusive
from aijobs.turnaround.choice import Choice
from aijobs.turnaround.history import Turnaround
from citizenapp.tenants.models import Tenant

# Jobs of a tenant that are moved at a time.
MOST = 5_000

# The tenants of which jobs with a deadline wait for a batch, one probe of `job_urgent` each.
WAITING = """
WITH RECURSIVE waiting (tenant_id) AS (
    (SELECT tenant_id FROM aijobs_aijob
     WHERE indexed_status = 'queued' AND needed_by IS NOT NULL AND route = 'batch'
     ORDER BY tenant_id, needed_by, id LIMIT 1)
    UNION ALL
    SELECT next.tenant_id FROM waiting CROSS JOIN LATERAL (
        SELECT tenant_id FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND needed_by IS NOT NULL AND route = 'batch'
          AND tenant_id > waiting.tenant_id
        ORDER BY tenant_id, needed_by, id LIMIT 1
    ) AS next
)
"""

ANY = """
SELECT EXISTS (
    SELECT FROM aijobs_aijob
    WHERE indexed_status = 'queued' AND needed_by IS NOT NULL AND route = 'batch'
    ORDER BY tenant_id, needed_by, id  -- So that stale statistics cannot talk it into a scan.
    LIMIT 1
)
"""

# Of each tenant, the jobs that a batch can't answer in time any more. Those that were in one before
# cost its limit of rescues: the most pressing ones first, as far as that goes.
LATE = (
    WAITING
    + """
, late AS (
    SELECT job.*, own.left_usd IS NULL OR NOT was_sent OR sum(rescue_usd) OVER (
               PARTITION BY job.tenant_id ORDER BY needed_by, id) <= own.left_usd AS may_be_moved
    FROM waiting
    LEFT JOIN unnest(%(tenants)s::bigint[], %(moments)s::timestamptz[], %(lefts)s::numeric[])
              AS own (tenant, moment, left_usd) ON own.tenant = waiting.tenant_id
    CROSS JOIN LATERAL (
        SELECT id, tenant_id, needed_by, attempts > forgiven_attempts AS was_sent,
               CASE WHEN attempts > forgiven_attempts THEN reserved_usd / 2 ELSE 0 END AS rescue_usd
        FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND tenant_id = waiting.tenant_id
          AND needed_by < COALESCE(own.moment, %(moment)s) AND not_before <= %(now)s
        ORDER BY needed_by, id
        LIMIT %(most)s
        FOR UPDATE SKIP LOCKED
    ) AS job
)
"""
)

DUE = LATE + "SELECT EXISTS (SELECT FROM late WHERE may_be_moved)"

MOVE = (
    LATE
    + """
, moved AS (
    UPDATE aijobs_aijob SET route = 'sync'
    WHERE id = ANY(ARRAY(SELECT id FROM late WHERE may_be_moved)) AND status = 'queued'
    RETURNING id
), rescued AS (
    INSERT INTO aijobs_rescue (tenant_id, jobs, usd, decided_at)
    SELECT tenant_id, count(*), sum(rescue_usd), %(now)s
    FROM late JOIN moved USING (id) WHERE was_sent GROUP BY tenant_id
)
SELECT count(*) FROM moved
"""
)

# Of each tenant, its nearest deadline; what waits for something else does not count.
NEAREST = (
    WAITING
    + """
SELECT waiting.tenant_id, job.needed_by FROM waiting CROSS JOIN LATERAL (
    SELECT needed_by FROM aijobs_aijob
    WHERE indexed_status = 'queued' AND route = 'batch' AND tenant_id = waiting.tenant_id
      AND needed_by IS NOT NULL AND not_before <= %(now)s
    ORDER BY needed_by, id LIMIT 1
) AS job
WHERE waiting.tenant_id <> ALL(%(held)s::bigint[])
"""
)

COUNT = """
SELECT count(*) FROM (
    SELECT FROM unnest(%(tenants)s::bigint[]) AS waiting (tenant) CROSS JOIN LATERAL (
        SELECT FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND tenant_id = waiting.tenant
          AND needed_by <= %(until)s AND not_before <= %(now)s
        ORDER BY needed_by, id LIMIT %(most)s
    ) AS job LIMIT %(most)s
) AS jobs
"""


class Wish(NamedTuple):
    """What a tenant wants otherwise than most."""

    percent: int
    may_pay: bool
    """The full price, so that deadlines are met."""
    left_usd: Decimal | None
    """Of its limit of rescues this month; None without one."""

    @property
    def may_be_rescued(self) -> bool:
        """Whether a batch of its jobs may be tried, since nothing keeps it from being canceled."""
        return self.may_pay and self.left_usd is None


USUAL = Wish(percent=95, may_pay=True, left_usd=None)


@dataclass(frozen=True, slots=True)
class Pressing:
    """The jobs with the nearest deadlines, which go together: none has twice the time of another.

    So a batch that takes too long for one of them does for all, and can be canceled as a whole.
    """

    needed_by: datetime
    until: datetime
    most: int
    """Requests of a batch that is in time."""
    leaves_by: datetime


@dataclass(slots=True)
class Roads:
    """The choice at a moment. Loads nothing where no job with a deadline waits."""

    now: datetime
    wishes: dict[int, Wish] = field(default_factory=dict)
    choice: Choice | None = None

    @classmethod
    def at(cls, now: datetime) -> "Roads":
        with connection.cursor() as cursor:
            cursor.execute(ANY)
            if not cursor.fetchone()[0]:
                return cls(now)
        return cls(now, wishes(now), Choice.at(now))

    def has_late(self) -> bool:
        """Whether a waiting job can't go by batch any more."""
        return self.choice is not None and bool(self._run(DUE, self.choice)[0])

    def choose(self) -> int:
        """Give what can't go by batch any more to direct calls; returns how many jobs."""
        if self.choice is None:
            return 0
        with exclusive("choose") as mine:
            if not mine:
                return 0
            with transaction.atomic():
                moved = int(self._run(MOVE, self.choice)[0])
            if moved:
                crash_point(Step.ROAD_CHOSEN)
        return moved

    def pressing(self, held: Sequence[int]) -> Pressing | None:
        """The jobs that leave together next; None where none with a deadline waits.

        `held`: tenants whose jobs are not sent.
        """
        if self.choice is None:
            return None
        with connection.cursor() as cursor:
            cursor.execute(NEAREST, {"now": self.now, "held": list(held)})
            nearest = cursor.fetchall()
            if not nearest:
                return None
            needed_by, tenant = min((moment, tenant) for tenant, moment in nearest)
            wish = self.wishes.get(tenant, USUAL)
            left = max(needed_by - self.now, self._reach(wish, self.choice))
            most = max(
                1, self.choice.largest(left, wish.percent, may_be_rescued=wish.may_be_rescued)
            )
            until = self.now + 2 * left
            cursor.execute(
                COUNT,
                {
                    "tenants": [tenant for tenant, moment in nearest if moment <= until],
                    "until": until,
                    "now": self.now,
                    "most": most,
                },
            )
            (requests,) = cursor.fetchone()
        leaves_by = self.choice.leaves_by(
            needed_by, max(1, requests), wish.percent, may_be_rescued=wish.may_be_rescued
        )
        return Pressing(needed_by, until, most, leaves_by)

    def promise(self, batch: Batch) -> None:
        """Note with a batch that is to be sent when it ends, as far as is known now."""
        turnaround = self.choice.turnaround if self.choice else Turnaround.load(self.now)
        models = frozenset(batch.model_names)
        batch.foreseen_seconds = turnaround.foresee(batch.requests, models)
        batch.promised_seconds = list(turnaround.usual(batch.requests, models).seconds)

    def _reach(self, wish: Wish, choice: Choice) -> timedelta:
        return choice.reach(wish.percent, may_be_rescued=wish.may_be_rescued)

    def _run(self, statement: str, choice: Choice) -> Any:
        # Nothing of whoever never pays the full price is ever late.
        never = self.now - timedelta(days=10_000)
        with connection.cursor() as cursor:
            cursor.execute(
                statement,
                {
                    "now": self.now,
                    "moment": self.now + self._reach(USUAL, choice),
                    "most": MOST,
                    "tenants": list(self.wishes),
                    "moments": [
                        self.now + self._reach(one, choice) if one.may_pay else never
                        for one in self.wishes.values()
                    ],
                    "lefts": [one.left_usd for one in self.wishes.values()],
                },
            )
            return cursor.fetchone()


def wishes(now: datetime) -> dict[int, Wish]:
    """Of the tenants that want anything otherwise."""
    tenants = Tenant.objects.exclude(
        deadline_percent=USUAL.percent, full_price=USUAL.may_pay, rescue_usd=USUAL.left_usd
    )
    return {one.pk: Wish(one.deadline_percent, one.full_price, _left(one, now)) for one in tenants}


def _left(tenant: Tenant, now: datetime) -> Decimal | None:
    if tenant.rescue_usd is None:
        return None
    start = Month.around(now, tenant.time_zone).start
    return max(tenant.rescue_usd - Rescue.objects.spent(tenant, start), Decimal(0))
