"""When a result may be expected, from how long past batches took.

Anthropic tells nothing about progress inside a batch, so there is no percentage to show: only
what was usual lately, over all tenants, who share batches. Without a history there is no forecast
either.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, cast
from uuid import UUID

from django.conf import settings

from aijobs.models import FOR_A_PERSON, AIJob, Batch, Collection
from citizenapp.tenants.models import Tenant

# Recent batches to learn from, and the share of them that a forecast covers.
BATCHES = 50
COVERED = 0.9


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long nine of ten recent batches took, from submission to their results at most."""

    duration: timedelta | None

    @classmethod
    def from_history(cls) -> Self:
        """One query; use one forecast for a whole page."""
        recent = (
            Batch.objects.filter(status=Batch.Status.SETTLED, submitted_at__isnull=False)
            .order_by("-pk")
            .values_list("submitted_at", "settled_at")[:BATCHES]
        )
        durations = sorted(
            settled - submitted for submitted, settled in recent if submitted and settled
        )
        return cls(durations[int(COVERED * (len(durations) - 1))] if durations else None)

    def of_job(self, job: AIJob, *, now: datetime) -> datetime | None:
        """When the job's result may be expected; None where nothing honest can be said.

        Reads `job.batch`: select it with the jobs.
        """
        if self.duration is None:
            return None
        if job.status == AIJob.Status.QUEUED and job.answered_by:
            return self._of_sharing(job, now)
        if job.route == AIJob.Route.SYNC or job.not_before == FOR_A_PERSON:
            return None
        if job.status == AIJob.Status.QUEUED:
            return self._of_waiting(job.not_before, now)
        if job.status == AIJob.Status.SUBMITTED:
            assert job.batch is not None
            return self._of_batch(job.batch.submitted_at, now)
        return None

    def of_collection(
        self, tenant: Tenant, collection: Collection, *, now: datetime
    ) -> datetime | None:
        """When the last of its results may be expected; None as soon as one is unknown."""
        if self.duration is None:
            return None
        moments: list[datetime | None] = []
        # Jobs of one batch end together.
        for status, submitted_at in collection.counters.unfinished():
            if status == AIJob.Status.SUBMITTED:
                moments.append(self._of_batch(submitted_at, now))
            else:
                moments += self._of_last_ones(tenant, collection, status, now)
        known = [moment for moment in moments if moment is not None]
        return max(known) if known and len(known) == len(moments) else None

    def _of_last_ones(
        self, tenant: Tenant, collection: Collection, status: str, now: datetime
    ) -> list[datetime | None]:
        """Of the jobs in no batch, the last ones: of each route, and of those that share."""
        jobs = AIJob.objects.of(tenant).filter(collection=collection, indexed_status=status)
        sent, sharing = jobs.filter(answered_by=None), jobs.exclude(answered_by=None)
        last_ones = (
            *(
                sent.filter(route=route).order_by("-not_before", "-pk").first()
                for route in AIJob.Route.values
            ),
            sharing.order_by("-answered_by").first(),
        )
        return [self.of_job(job, now=now) for job in last_ones if job]

    def _of_sharing(self, job: AIJob, now: datetime) -> datetime | None:
        """It is over when the job is that it waits for."""
        sent = AIJob.objects.filter(tenant=job.tenant_id, answered_by=None)
        first = sent.select_related("batch").filter(pk=cast(UUID, job.answered_by)).first()
        if first is None or first.status in AIJob.FINAL:
            return now
        return self.of_job(first, now=now)

    def _of_waiting(self, not_before: datetime, now: datetime) -> datetime:
        assert self.duration is not None
        wait = timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
        return max(not_before + wait, now) + self.duration

    def _of_batch(self, submitted_at: datetime | None, now: datetime) -> datetime | None:
        assert self.duration is not None
        expected = (submitted_at or now) + self.duration
        # Later than usual: how much later nobody knows.
        return expected if expected >= now else None


def expected_end(job: AIJob, *, now: datetime) -> datetime | None:
    """When one job's result may be expected."""
    return Forecast.from_history().of_job(job, now=now)
