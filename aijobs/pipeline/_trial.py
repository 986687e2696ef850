"""A trial of a few: some jobs of a collection run at once, and the others wait for a person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from aijobs.models import FOR_A_PERSON, AIJob, Collection, Trial
from aijobs.pipeline._checks import Asked


class Trying:
    """Holds all jobs of a collection while they are being stored, then lets a few go."""

    def __init__(self, collection: Collection, jobs: int, now: datetime) -> None:
        self._collection = collection
        self._jobs = jobs
        self._now = now

    def starts(self, rows: Sequence[tuple[UUID, Asked]]) -> list[datetime]:
        """Until when each of these jobs waits in the queue."""
        return [FOR_A_PERSON] * len(rows)

    def save(self, repeated: int) -> None:
        """Choose those that run, the first, the last, and some between, once all are stored.

        `repeated`: how many are not sent, since others asked the same. They are none of those.
        """
        jobs = AIJob.objects.filter(collection=self._collection, answered_by=None)
        keys = jobs.order_by("pk").values_list("pk", flat=True)
        total = self._collection.total - repeated
        if not total:
            return
        places = {
            round(number * (total - 1) / max(self._jobs - 1, 1)) for number in range(self._jobs)
        }
        chosen = [key for place in places for key in keys[place : place + 1]]
        tried = jobs.filter(pk__in=chosen)
        # At the full price: twice that of a batch. With a deadline they have reserved it already.
        tried.filter(needed_by=None).update(reserved_usd=2 * F("reserved_usd"))
        tried.update(route=AIJob.Route.SYNC, needed_by=self._now, not_before=self._now)
        Trial.objects.create(collection=self._collection, jobs=len(chosen))
