"""Which road waiting jobs take: whether a batch still meets their deadlines.

What can't go by batch in time is given to direct calls; the rest stays where batches are filled
from. Whoever fills batches or makes calls asks here first, at the same moment: so no job is put
into a batch that has too little time left for it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from aijobs import jobtypes
from aijobs.budgets import standing
from aijobs.budgets.standing import Month
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, Rescue
from aijobs.postgres.locks import exclusive
from aijobs.turnaround.choice import Choice
from aijobs.turnaround.history import Turnaround
from citizenapp.tenants.models import Tenant

# Jobs of a tenant that are moved at a time.
MOST = 5_000

# So many batches at most share the jobs whose deadlines are near each other. The smaller a batch,
# the sooner it ends; but each is sent and asked about by itself.
MOST_BATCHES = 40

# The tenants of which jobs with a deadline wait for a batch, one probe of `job_urgent` each. Those
# of `held` tenants are not sent, and jobs of unknown types neither.
WAITING = """
WITH RECURSIVE everybody (tenant_id) AS (
    (SELECT tenant_id FROM aijobs_aijob
     WHERE indexed_status = 'queued' AND needed_by IS NOT NULL AND route = 'batch'
     ORDER BY tenant_id, needed_by, id LIMIT 1)
    UNION ALL
    SELECT next.tenant_id FROM everybody CROSS JOIN LATERAL (
        SELECT tenant_id FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND needed_by IS NOT NULL AND route = 'batch'
          AND tenant_id > everybody.tenant_id
        ORDER BY tenant_id, needed_by, id LIMIT 1
    ) AS next
), waiting AS (
    SELECT tenant_id FROM everybody WHERE tenant_id <> ALL(%(held)s::bigint[])
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
# are not tried once more: they go by another only where that is certain enough. They cost the
# tenant's limit of rescues: the most pressing ones first, as far as that goes.
LATE = (
    WAITING
    + """
, late AS (
    SELECT job.*, own.left_usd IS NULL OR NOT was_sent OR sum(rescue_usd) OVER (
               PARTITION BY job.tenant_id ORDER BY needed_by, id) <= own.left_usd AS may_be_moved
    FROM waiting
    LEFT JOIN unnest(%(tenants)s::bigint[], %(moments)s::timestamptz[],
                     %(certain_moments)s::timestamptz[], %(lefts)s::numeric[])
              AS own (tenant, moment, certain_moment, left_usd) ON own.tenant = waiting.tenant_id
    CROSS JOIN LATERAL (
        SELECT id, tenant_id, needed_by, attempts > forgiven_attempts AS was_sent,
               CASE WHEN attempts > forgiven_attempts THEN reserved_usd / 2 ELSE 0 END AS rescue_usd
        FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND tenant_id = waiting.tenant_id
          AND needed_by < GREATEST(COALESCE(own.moment, %(moment)s),
                                   COALESCE(own.certain_moment, %(certain_moment)s))
          AND needed_by < CASE WHEN attempts > forgiven_attempts
                               THEN COALESCE(own.certain_moment, %(certain_moment)s)
                               ELSE COALESCE(own.moment, %(moment)s) END
          AND not_before <= %(now)s
          AND job_type = ANY(%(job_types)s)
          -- What has no limit left does not stand before the others.
          AND (own.left_usd IS NULL OR own.left_usd > 0 OR attempts <= forgiven_attempts)
        ORDER BY needed_by, id
        LIMIT %(most)s
        {lock}
    ) AS job
)
"""
)

DUE = LATE.format(lock="") + "SELECT EXISTS (SELECT FROM late WHERE may_be_moved)"

MOVE = (
    LATE.format(lock="FOR UPDATE SKIP LOCKED")
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
      AND needed_by IS NOT NULL AND not_before <= %(now)s AND job_type = ANY(%(job_types)s)
    ORDER BY needed_by, id LIMIT 1
) AS job
"""
)

COUNT = """
SELECT count(*) FROM (
    SELECT FROM unnest(%(tenants)s::bigint[]) AS waiting (tenant) CROSS JOIN LATERAL (
        SELECT FROM aijobs_aijob
        WHERE indexed_status = 'queued' AND route = 'batch' AND tenant_id = waiting.tenant
          AND needed_by <= %(until)s AND not_before <= %(now)s AND job_type = ANY(%(job_types)s)
        ORDER BY needed_by, id LIMIT %(most)s
    ) AS job LIMIT %(most)s
) AS jobs
"""

# What was to run at once, of tenants that no longer pay for that.
GIVE_BACK = """
UPDATE aijobs_aijob SET route = 'batch'
WHERE indexed_status = 'queued' AND route = 'sync' AND tenant_id = ANY(%(tenants)s)
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
    """The choice at a moment. Learns nothing where no job with a deadline waits."""

    now: datetime
    wishes: dict[int, Wish] = field(default_factory=dict)
    choice: Choice | None = None
    is_chosen: bool = False
    """Whether what can't go by batch has been moved, as of this moment."""
    _share: tuple[datetime, int] | None = None
    """Of the last batches: until when they were for, and how large they might be at least."""

    @classmethod
    def at(cls, now: datetime) -> Self:
        """As things are now; nothing is moved yet."""
        roads = cls(now, wishes(now))
        with connection.cursor() as cursor:
            cursor.execute(ANY)
            if cursor.fetchone()[0]:
                roads.choice = Choice.at(now)
        return roads

    @property
    def never(self) -> list[int]:
        """The tenants that never pay the full price."""
        return [tenant for tenant, one in self.wishes.items() if not one.may_pay]

    def has_late(self) -> bool:
        """Whether a waiting job is on a road that it can't, or may not, take any more."""
        if self.never and self._to_give_back().exists():
            return True
        return self.choice is not None and bool(self._run(DUE, self.choice)[0])

    def choose(self) -> int:
        """Give what can't go by batch any more to direct calls; returns how many jobs that were.

        Those of tenants that no longer pay for calls are given back to batches, and not counted.
        One worker at a time, so that each sees what the one before has spent of a limit. Where
        another is at it, nothing is chosen, and no job with a deadline is put into a batch.
        """
        with exclusive("choose") as mine:
            if not mine:
                return 0
            self.wishes = wishes(self.now)
            if self.never:
                self._give_back()
            moved = self._move(self.choice) if self.choice else 0
            self.is_chosen = True
        return moved

    def _move(self, choice: Choice) -> int:
        moved = 0
        while some := self._move_some(choice):
            crash_point(Step.ROAD_CHOSEN)
            moved += some
            self.wishes = wishes(self.now)
        return moved

    @transaction.atomic
    def _move_some(self, choice: Choice) -> int:
        return int(self._run(MOVE, choice)[0])

    def _give_back(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, {"tenants": self.never})
        crash_point(Step.ROAD_CHOSEN)

    def _to_give_back(self) -> QuerySet[AIJob]:
        return AIJob.objects.filter(
            indexed_status=AIJob.Status.QUEUED, route=AIJob.Route.SYNC, tenant__in=self.never
        )

    def pressing(self) -> Pressing | None:
        """The jobs that leave together next; None where none with a deadline waits."""
        if self.choice is None:
            return None
        with connection.cursor() as cursor:
            cursor.execute(NEAREST, self._waiting())
            nearest = cursor.fetchall()
            if not nearest:
                return None
            needed_by, tenant = min((moment, tenant) for tenant, moment in nearest)
            wish = self.wishes.get(tenant, USUAL)
            reach = self._reach(wish, self.choice)
            left = max(needed_by - self.now, reach)
            until = self.now + 2 * left
            room = settings.AIJOBS_BATCH_REQUESTS
            cursor.execute(
                COUNT,
                {
                    **self._waiting(),
                    "tenants": [tenant for tenant, moment in nearest if moment <= until],
                    "until": until,
                    "most": room,
                },
            )
            (requests,) = cursor.fetchone()
        most = room
        # What no batch can answer in time, of tenants that pay for no more, goes in as few as ever.
        if needed_by - self.now >= reach:
            in_time = self.choice.largest(left, wish.percent, may_be_rescued=wish.may_be_rescued)
            most = min(room, max(in_time, self._share_of(requests, needed_by, until)))
        leaves_by = self.choice.leaves_by(
            needed_by,
            max(1, min(requests, most)),
            wish.percent,
            may_be_rescued=wish.may_be_rescued,
        )
        return Pressing(needed_by, until, most, leaves_by)

    def _share_of(self, requests: int, needed_by: datetime, until: datetime) -> int:
        """The size of MOST_BATCHES that hold so many: told when there were as many as that."""
        share = -(-requests // MOST_BATCHES)
        if self._share and needed_by <= self._share[0]:
            until, share = max(until, self._share[0]), max(share, self._share[1])
        self._share = until, share
        return share

    def promise(self, batch: Batch) -> None:
        """Note with a batch that is to be sent when it ends, as far as is known now."""
        turnaround = self.choice.turnaround if self.choice else Turnaround.load(self.now)
        models = frozenset(batch.model_names)
        batch.foreseen_seconds = turnaround.foresee(batch.requests, models)
        batch.promised_seconds = list(turnaround.usual(batch.requests, models).seconds)

    def _reach(self, wish: Wish, choice: Choice) -> timedelta:
        return choice.reach(wish.percent, may_be_rescued=wish.may_be_rescued)

    def _waiting(self) -> dict[str, Any]:
        """The parameters of WAITING, and of what may be sent."""
        return {
            "now": self.now,
            # Whoever never pays the full price has wishes, and no deadlines.
            "held": [*standing.held(self.now), *self.never],
            "job_types": list(jobtypes.names()),
        }

    def _run(self, statement: str, choice: Choice) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                statement,
                {
                    **self._waiting(),
                    "moment": self.now + self._reach(USUAL, choice),
                    "certain_moment": self.now + choice.takes(1, USUAL.percent),
                    "most": MOST,
                    "tenants": list(self.wishes),
                    "moments": [
                        self.now + self._reach(one, choice) for one in self.wishes.values()
                    ],
                    "certain_moments": [
                        self.now + choice.takes(1, one.percent) for one in self.wishes.values()
                    ],
                    "lefts": [one.left_usd for one in self.wishes.values()],
                },
            )
            return cursor.fetchone()


def never_at_once() -> list[int]:
    """The tenants that never pay the full price."""
    return list(Tenant.objects.filter(full_price=False).values_list("pk", flat=True))


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
    spent = Rescue.objects.spent(tenant, start) + _to_be_rescued(tenant)
    return max(tenant.rescue_usd - spent, Decimal(0))


def _to_be_rescued(tenant: Tenant) -> Decimal:
    """The most that its jobs in batches may cost which are being canceled for a deadline's sake."""
    canceled = Batch.objects.exclude(rescued_at=None).exclude(status__in=Batch.FINAL)
    jobs = AIJob.objects.filter(
        tenant=tenant, batch__in=list(canceled), status=AIJob.Status.SUBMITTED
    )
    reserved = jobs.exclude(needed_by=None).aggregate(usd=Sum("reserved_usd"))["usd"]
    return (reserved or Decimal(0)) / 2
