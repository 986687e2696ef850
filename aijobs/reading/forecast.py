"""Between when a result may be expected, and why it is late.

Anthropic tells nothing about progress inside a batch, so there is no percentage to show: only what
is known of how long batches take, over all tenants, who share them (aijobs/turnaround/).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import connection

from aijobs.budgets.circumstances import MOST_WAITING, Circumstances, circumstances
from aijobs.models import FOR_A_PERSON, AIJob, Batch, Collection
from aijobs.models.rollups import Standing
from aijobs.reading import delays, last_ones, rescues
from aijobs.reading.last_ones import READS
from aijobs.turnaround.choice import CALL, SENDING, Choice, calls, may_be_rescued, ours
from aijobs.turnaround.history import Turnaround
from aijobs.turnaround.promise import EARLY, LATE, Promise
from citizenapp.tenants.models import Tenant

# Nobody can tell when a job runs at once behind so many.
MOST_CALLS = 1_000

# How many jobs are needed by a moment, as far as matters: for several moments at once.
_PRESSING = """
SELECT (
    SELECT count(*) FROM (
        SELECT FROM aijobs_aijob WHERE indexed_status = 'queued' AND needed_by <= asked.until
        ORDER BY tenant_id, needed_by, id LIMIT asked.most
    ) AS pressing
) FROM unnest(%s::timestamptz[], %s::int[]) WITH ORDINALITY AS asked(until, most, number)
ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Expected:
    """Eight of ten end between the two moments; None where nothing honest can be said.

    `late`: what it waits for beside its turn, or why it takes longer than usual.
    """

    soonest: datetime | None = None
    latest: datetime | None = None
    late: str | None = None


NOTHING = Expected()


@dataclass
class Forecast:
    """What a tenant may expect at a moment. Use one for a whole page: it reads nothing twice."""

    tenant: Tenant
    now: datetime
    _company: dict[datetime, tuple[datetime, int]] = field(default_factory=dict)
    _pressing: dict[tuple[datetime, int], int] = field(default_factory=dict)
    _first_ones: dict[UUID, AIJob | None] = field(default_factory=dict)

    @cached_property
    def known(self) -> Circumstances:
        return circumstances(self.tenant, self.now)

    @property
    def turnaround(self) -> Turnaround:
        return self.known.turnaround

    @cached_property
    def choice(self) -> Choice:
        return Choice(self.turnaround, self.known.queue.called)

    def of_jobs(self, jobs: Iterable[AIJob], first_ones: Iterable[AIJob] = ()) -> list[Expected]:
        """The same of several, in two queries more than of none at the most.

        `first_ones`: those whose results answer others, as far as they are there and not over.
        """
        some, others = list(jobs), list(first_ones)
        self._first_ones |= dict.fromkeys(job.answered_by for job in some if job.answered_by)
        self._first_ones |= {one.pk: one for one in (*some, *others)}
        if not self._stopped:
            self._count_pressing([*some, *others])
        return [self.of_job(job) for job in some]

    def of_job(self, job: AIJob) -> Expected:
        """When the job's result may be expected. Select READS with it."""
        found = self._on_its_way(job)
        is_over = job.status in AIJob.FINAL
        if is_over or job.needed_by is None or not job.created_at < job.needed_by <= self.now:
            return found
        return replace(found, late=" ".join(filter(None, (delays.OVERDUE, found.late))))

    def _on_its_way(self, job: AIJob) -> Expected:
        match job.status:
            case AIJob.Status.QUEUED:
                return self._of_queued(job)
            case AIJob.Status.SUBMITTED:
                assert job.batch is not None
                return self._rescued(job.needed_by, self.of_batch(job.batch))
            case AIJob.Status.PROCESSING:
                return self._of_call(job.started_at or self.now)
            case _:
                return NOTHING

    def _of_queued(self, job: AIJob) -> Expected:
        if job.answered_by:
            return self._of_sharing(job)
        if self._stopped:
            return Expected(late=self._stopped)
        if job.not_before == FOR_A_PERSON:
            return Expected(late=delays.decision(job))
        if job.route == AIJob.Route.SYNC or self.is_late(job):
            return self._of_waiting_call(job.not_before)
        return self._rescued(job.needed_by, self._of_waiting(job))

    def of_collection(
        self, collection: Collection, standing: Iterable[Standing] | None = None
    ) -> Expected:
        """When the last of its results may be expected; nothing as soon as one is unknown.

        `standing`: where its jobs stand, for who has read that.
        """
        known = collection.counters.standing() if standing is None else standing
        going_on = [one for one in known if one.status not in AIJob.FINAL]
        # Jobs of one batch end together.
        batches = {one.batch.pk: one.batch for one in going_on if one.batch}
        found = [self.of_batch(batch) for batch in batches.values()]
        if statuses := {one.status for one in going_on if not one.batch}:
            own, others = last_ones.last_ones(self.tenant, collection, sorted(statuses))
            found += self.of_jobs(own, others)
        return _last(found)

    def of_batch(self, batch: Batch) -> Expected:
        """When the results of a batch may be expected."""
        match batch.status:
            case Batch.Status.ASSEMBLED:
                return self._of_assembled(batch)
            case Batch.Status.SUBMITTING | Batch.Status.SUBMITTED:
                return self._of_running(batch, batch.submitted_at or self.now)
            case Batch.Status.UNCONFIRMED:
                return Expected(late=delays.IN_DOUBT)
            case Batch.Status.CANCELING:
                return self._of_canceled(batch, batch.canceling_at or self.now)
            case _:
                return self._between(timedelta(), ours(batch.requests))

    def of_new(self, needed_within: float | None) -> Expected:
        """When the answer to a job may be expected that would be queued now."""
        if self._stopped:
            return Expected(late=self._stopped)
        if self.goes_at_once(needed_within):
            return self._of_waiting_call(self.now)
        leaves = self.now + timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
        found = self._of_new_batch(1, self.now, leaves)
        if needed_within is None:
            return found
        return self._rescued(self.now + timedelta(seconds=needed_within), found)

    def goes_at_once(self, needed_within: float | None) -> bool:
        """Whether a job that would be queued now would run at once, at the full price."""
        if needed_within is None:
            return False
        return self.choice.runs_at_once(self.tenant, timedelta(seconds=needed_within))

    def is_late(self, job: AIJob) -> bool:
        """Whether a waiting job is about to run at once, since no batch is in time for it."""
        if job.needed_by is None:
            return False
        if not self.choice.runs_at_once(self.tenant, job.needed_by - self.now):
            return False
        if self.tenant.rescue_usd is None or job.attempts <= job.forgiven_attempts:
            return True
        return self._rescues + job.reserved_usd / 2 <= self.tenant.rescue_usd

    @cached_property
    def _rescues(self) -> Decimal:
        return rescues.spent(self.tenant, self.now)

    @cached_property
    def _stopped(self) -> str:
        return delays.stopped(self.known.facts)

    def _of_waiting(self, job: AIJob) -> Expected:
        """It leaves with the next batch, at the latest when it has waited for others long enough.

        What waits for the first job of its collection may be let go at any moment.
        """
        first, late = max(job.not_before, self.now), ""
        if job.not_before > self.now:
            late = delays.pause(job)
            if late == delays.SEED:
                first = self.now
        leaves = max(job.not_before + timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY), self.now)
        requests = max(1, self._waiting_with(job))
        if requests < MOST_WAITING:
            return self._of_new_batch(requests, first, leaves, late=late)
        # As large as a batch may be. Behind a full queue, nobody can tell how many turns it takes.
        found = self._of_new_batch(settings.AIJOBS_BATCH_REQUESTS, first, leaves, late=late)
        return Expected(late=found.late) if found.late == delays.TURNS else found

    def _of_assembled(self, batch: Batch) -> Expected:
        if self._stopped:
            return Expected(late=self._stopped)
        models = frozenset(batch.model_names)
        return self._of_new_batch(batch.requests, self.now, self.now, models)

    def _of_new_batch(
        self,
        requests: int,
        first: datetime,
        leaves: datetime,
        models: frozenset[str] = frozenset(),
        late: str = "",
    ) -> Expected:
        """Of so many requests that leave between two moments."""
        slots, room = settings.AIJOBS_QUEUE_SLOTS, settings.AIJOBS_BATCH_REQUESTS
        most = min(requests, room, slots or room)
        promise = self.turnaround.promise(most, models)
        longest = timedelta(seconds=promise.within(LATE)) + ours(most)
        late = late or self.turnaround.conditions.told
        rounds = 1
        if slots and (ahead := self.known.queue.at_anthropic) + requests > slots:
            # One after the other, each as large as the queue has room for.
            rounds = -(-(ahead + requests) // slots)
            late = delays.TURNS
        return self._between(
            first - self.now + timedelta(seconds=promise.within(EARLY)),
            leaves - self.now + rounds * longest,
            late,
        )

    def _of_running(self, batch: Batch, since: datetime) -> Expected:
        elapsed = max((self.now - since).total_seconds(), 0.0)
        promise = self.turnaround.of_batch(batch)
        late = self.turnaround.conditions.told
        usual = Promise(batch.promised_seconds) if batch.promised_seconds else promise
        if not late and elapsed > usual.within(LATE):
            late = delays.slower(usual.within(LATE))
        return self._between(
            timedelta(seconds=promise.more(EARLY, elapsed)),
            timedelta(seconds=promise.more(LATE, elapsed)) + ours(batch.requests),
            late,
        )

    def _of_canceled(self, batch: Batch, since: datetime) -> Expected:
        """What it has not answered runs at once, or goes into another batch."""
        model = self.turnaround.model
        ends = since - self.now + timedelta(seconds=model.canceled_within(LATE))
        ends = max(ends, timedelta(seconds=model.canceled_within(0.5))) + ours(batch.requests)
        if batch.after_cancel == Batch.AfterCancel.REQUEUE:
            if batch.rescued_at and self.tenant.full_price:
                ends += calls(batch.requests)
            else:
                again = self.turnaround.promise(batch.requests, frozenset(batch.model_names))
                ends += timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY + again.within(LATE))
                ends += ours(batch.requests)
        return self._between(timedelta(), ends, delays.CANCELING)

    def _of_waiting_call(self, not_before: datetime) -> Expected:
        start = max(not_before - self.now, timedelta())
        ahead = self.known.queue.waiting_calls
        late = delays.AGAIN if start else ""
        if ahead > settings.AIJOBS_URGENT_AT_ONCE:
            late = late or delays.CALLS
        if ahead >= MOST_CALLS:
            return Expected(late=late)
        return self._between(start, start + SENDING + calls(max(1, ahead)), late)

    def _of_call(self, started_at: datetime) -> Expected:
        left = started_at + CALL - self.now
        if left > timedelta():
            return self._between(timedelta(), left)
        return self._between(timedelta(), CALL, delays.SLOW_CALL)

    def _of_sharing(self, job: AIJob) -> Expected:
        """It is over when the job is that it waits for."""
        first = self._first_of(cast(UUID, job.answered_by))
        if first is None or first.status in AIJob.FINAL:
            return self._between(timedelta(), ours(1), delays.SHARING)
        found = self.of_job(first)
        return Expected(found.soonest, found.latest, found.late or delays.SHARING)

    def _first_of(self, key: UUID) -> AIJob | None:
        if key not in self._first_ones:
            sent = AIJob.objects.filter(tenant=self.tenant, pk=key).select_related(*READS)
            self._first_ones[key] = sent.first()
        found = self._first_ones[key]
        return found if found and found.answered_by is None else None

    def _rescued(self, needed_by: datetime | None, found: Expected) -> Expected:
        """A batch that takes too long for a deadline is canceled, and the job runs in time."""
        if needed_by is None or found.latest is None or found.soonest is None:
            return found
        if not (may_be_rescued(self.tenant) and self.now < needed_by < found.latest):
            return found
        return Expected(min(found.soonest, needed_by), needed_by, found.late)

    def _waiting_with(self, job: AIJob) -> int:
        """How many wait that may go into the same batch, as far as that matters."""
        if job.needed_by is None:
            return self.known.queue.waiting
        self._count_pressing([job])
        return self._pressing[self._pressing_with(job.needed_by)]

    def _pressing_with(self, needed_by: datetime) -> tuple[datetime, int]:
        """Until when others are needed that may go along, and how far they are counted."""
        if needed_by not in self._company:
            self._company[needed_by] = self._find_company(needed_by)
        return self._company[needed_by]

    def _find_company(self, needed_by: datetime) -> tuple[datetime, int]:
        left = max(needed_by - self.now, self.choice.reach_of(self.tenant))
        percent, may_be = self.tenant.deadline_percent, may_be_rescued(self.tenant)
        most = max(1, self.choice.largest(left, percent, may_be_rescued=may_be))
        return self.now + 2 * left, min(most, MOST_WAITING)

    def _count_pressing(self, jobs: Iterable[AIJob]) -> None:
        """Of all these jobs that wait for a batch by a deadline at once. One query, or none."""
        wanted = {
            self._pressing_with(job.needed_by)
            for job in jobs
            if job.needed_by
            and job.status == AIJob.Status.QUEUED
            and job.route == AIJob.Route.BATCH
            and job.not_before != FOR_A_PERSON
            and not job.answered_by
        }
        if missing := sorted(wanted - self._pressing.keys()):
            with connection.cursor() as cursor:
                cursor.execute(
                    _PRESSING, [[one[0] for one in missing], [one[1] for one in missing]]
                )
                counted = [count for (count,) in cursor.fetchall()]
            self._pressing |= dict(zip(missing, counted, strict=True))

    def _between(self, soonest: timedelta, latest: timedelta, late: str = "") -> Expected:
        """So long from now, to the second."""
        first = (self.now + soonest).replace(microsecond=0)
        last = (self.now + latest + timedelta(milliseconds=999)).replace(microsecond=0)
        return Expected(max(first, self.now), max(first, last), late or None)


def _last(found: list[Expected]) -> Expected:
    """The last of them. What is unknown may be that; why it is unknown is said first."""
    late = [one.late for one in sorted(found, key=lambda one: one.latest is not None) if one.late]
    soonest = [one.soonest for one in found if one.soonest]
    latest = [one.latest for one in found if one.latest]
    if not found or len(latest) < len(found):
        return Expected(late=late[0] if late else None)
    return Expected(max(soonest), max(latest), late[0] if late else None)
