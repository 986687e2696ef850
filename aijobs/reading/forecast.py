"""Between when a result may be expected, and why it is late.

Anthropic tells nothing about progress inside a batch, so there is no percentage to show: only what
is known of how long batches take, over all tenants, who share them (aijobs/turnaround/).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from aijobs.models import FOR_A_PERSON, AIJob, Batch, Collection
from aijobs.reading import delays, rescues
from aijobs.turnaround.choice import CALL, SENDING, Choice, called, calls, may_be_rescued, ours
from aijobs.turnaround.history import Turnaround
from aijobs.turnaround.promise import EARLY, LATE, Promise
from citizenapp.tenants.models import Tenant

# What waits is counted as far as this, since a page has no time for more: for a batch, and to run
# at once.
MOST_WAITING, MOST_CALLS = 20_000, 1_000


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

    @cached_property
    def turnaround(self) -> Turnaround:
        return Turnaround.load(self.now)

    @cached_property
    def choice(self) -> Choice:
        return Choice(self.turnaround, called())

    def of_job(self, job: AIJob) -> Expected:
        """When the job's result may be expected. Reads `job.batch`: select it with the jobs."""
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
            return Expected(late=delays.decision(self.tenant, job.collection_id))
        if job.route == AIJob.Route.SYNC or self.is_late(job):
            return self._of_waiting_call(job.not_before)
        return self._rescued(job.needed_by, self._of_waiting(job))

    def of_collection(self, collection: Collection) -> Expected:
        """When the last of its results may be expected; nothing as soon as one is unknown."""
        unfinished = collection.counters.unfinished()
        batches = Batch.objects.in_bulk([key for _, key in unfinished if key is not None])
        found: list[Expected] = []
        # Jobs of one batch end together.
        for status, key in unfinished:
            if key is not None:
                found.append(self.of_batch(batches[key]))
            else:
                found += map(self.of_job, self._last_ones(collection, status))
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
        was_sent = job.attempts > job.forgiven_attempts
        return not was_sent or rescues.may_be_paid(self.tenant, job.reserved_usd / 2, self.now)

    @cached_property
    def _stopped(self) -> str:
        return delays.stopped(self.tenant, self.now)

    def _of_waiting(self, job: AIJob) -> Expected:
        """It leaves with the next batch, at the latest when it has waited for others long enough.

        What waits for the first job of its collection may be let go at any moment.
        """
        first, late = max(job.not_before, self.now), ""
        if job.not_before > self.now:
            late = delays.pause(self.tenant, job)
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
        if slots and (ahead := self._at_anthropic) + requests > slots:
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
        ahead = self._waiting_calls
        late = delays.AGAIN if start else ""
        if ahead > settings.AIJOBS_URGENT_AT_ONCE:
            late = late or delays.CALLS
        if ahead >= MOST_CALLS:
            return Expected(late=late)
        return self._between(start, start + SENDING + calls(max(1, ahead)), late)

    @cached_property
    def _waiting_calls(self) -> int:
        calls_ = AIJob.objects.filter(
            indexed_status=AIJob.Status.QUEUED, route=AIJob.Route.SYNC
        ).order_by("tenant_id", "needed_by", "pk")
        return calls_.values("pk")[:MOST_CALLS].count()

    def _of_call(self, started_at: datetime) -> Expected:
        left = started_at + CALL - self.now
        if left > timedelta():
            return self._between(timedelta(), left)
        return self._between(timedelta(), CALL, delays.SLOW_CALL)

    def _of_sharing(self, job: AIJob) -> Expected:
        """It is over when the job is that it waits for."""
        sent = AIJob.objects.filter(tenant=job.tenant_id, answered_by=None)
        first = sent.select_related("batch").filter(pk=cast(UUID, job.answered_by)).first()
        if first is None or first.status in AIJob.FINAL:
            return self._between(timedelta(), ours(1), delays.SHARING)
        found = self.of_job(first)
        return Expected(found.soonest, found.latest, found.late or delays.SHARING)

    def _rescued(self, needed_by: datetime | None, found: Expected) -> Expected:
        """A batch that takes too long for a deadline is canceled, and the job runs in time."""
        if needed_by is None or found.latest is None or found.soonest is None:
            return found
        if not (may_be_rescued(self.tenant) and self.now < needed_by < found.latest):
            return found
        return Expected(min(found.soonest, needed_by), needed_by, found.late)

    @cached_property
    def _waiting_for_a_batch(self) -> int:
        """How many may leave with the next one. In the order of an index: no row is read."""
        waiting = AIJob.objects.filter(indexed_status=AIJob.Status.QUEUED)
        batch = waiting.filter(route=AIJob.Route.BATCH, not_before__lte=self.now)
        return batch.order_by("tenant_id", "not_before", "pk").values("pk")[:MOST_WAITING].count()

    def _waiting_with(self, job: AIJob) -> int:
        """How many wait that may go into the same batch, as far as that matters."""
        if job.needed_by is None:
            return self._waiting_for_a_batch
        waiting = AIJob.objects.filter(indexed_status=AIJob.Status.QUEUED)
        left = max(job.needed_by - self.now, self.choice.reach_of(self.tenant))
        percent, may_be = self.tenant.deadline_percent, may_be_rescued(self.tenant)
        most = max(1, self.choice.largest(left, percent, may_be_rescued=may_be))
        most = min(most, MOST_WAITING)
        pressing = waiting.filter(needed_by__lte=self.now + 2 * left)
        return pressing.order_by("tenant_id", "needed_by", "pk").values("pk")[:most].count()

    @cached_property
    def _at_anthropic(self) -> int:
        """Requests that have a place in its queue."""
        there = Batch.objects.filter(
            status__in=(*Batch.REMOTE, Batch.Status.SUBMITTING, Batch.Status.UNCONFIRMED)
        )
        return there.aggregate(total=Sum("requests"))["total"] or 0

    def _last_ones(self, collection: Collection, status: str) -> list[AIJob]:
        """Of its jobs in no batch, the last ones: of each route, and of those that share."""
        jobs = AIJob.objects.of(self.tenant).filter(collection=collection, indexed_status=status)
        sent, sharing = jobs.filter(answered_by=None), jobs.exclude(answered_by=None)
        last_ones = (
            *(
                sent.filter(route=route).order_by("-not_before", "-pk").first()
                for route in AIJob.Route.values
            ),
            sharing.order_by("-answered_by").first(),
        )
        return [job for job in last_ones if job]

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
