"""Collections as they are listed, and how far each has come."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aijobs.models import AIJob, Collection, StatusCounter
from aijobs.reading import caching, pages, trials
from aijobs.reading.caching import Caching
from aijobs.reading.forecast import Expected, Forecast
from aijobs.reading.money import Money, spent_on_collection
from aijobs.reading.pages import NEWEST, Page, Position
from aijobs.reading.trials import Tried
from citizenapp.tenants.models import Tenant

# In the order of a job's life, ends first: the bar fills from the left.
ORDER = ("completed", "failed", "canceled", "processing", "submitted", "queued")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar: `start` and `width` in percent of it."""

    status: str
    jobs: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How many jobs have which shown status. Ended jobs are counted, nothing is guessed."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All jobs there are of it."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """Jobs that nothing will happen to any more."""
        return sum(self.counts.get(status, 0) for status in AIJob.FINAL)

    @property
    def segments(self) -> list[Segment]:
        """The parts of the bar that have a job, from the left."""
        parts, start = [], 0.0
        for status in ORDER:
            jobs = self.counts.get(status, 0)
            if jobs:
                width = 100 * jobs / self.total
                parts.append(Segment(status, jobs, round(start, 3), round(width, 3)))
                start += width
        return parts


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection in a list of the pages."""

    collection: Collection
    progress: Progress


@dataclass(frozen=True, slots=True)
class CollectionDetail:
    """One collection: how far it has come, what it cost so far, when all of it should be done.

    `caching` is None where no job of it went first.
    """

    collection: Collection
    progress: Progress
    money: Money
    expected: Expected
    caching: Caching | None
    trial: Tried | None

    @property
    def is_over(self) -> bool:
        """Whether all its jobs have ended."""
        return self.progress.ended == self.progress.total


def page(tenant: Tenant, at: Position = NEWEST, *, size: int) -> Page[Collection]:
    """A tenant's collections from the newest to the oldest. One query."""
    return pages.page(Collection.objects.of(tenant), at, size)


def page_with_progress(tenant: Tenant, at: Position = NEWEST, *, size: int) -> Page[CollectionRow]:
    """The same with how far each has come. Two queries."""
    found = page(tenant, at, size=size)
    reached = progress(tenant, found.rows)
    return found.of([CollectionRow(one, reached[one.pk]) for one in found.rows])


def collection_of(tenant: Tenant, collection_id: UUID) -> Collection:
    """Raises Collection.DoesNotExist for one of somebody else, as for one that never was."""
    return Collection.objects.of(tenant).get(pk=collection_id)


def detail(tenant: Tenant, collection_id: UUID, *, now: datetime) -> CollectionDetail:
    """One collection. Raises Collection.DoesNotExist as `collection_of` does."""
    collection = collection_of(tenant, collection_id)
    money = spent_on_collection(tenant, collection.pk)
    return CollectionDetail(
        collection,
        progress(tenant, [collection])[collection.pk],
        money,
        Forecast(tenant, now).of_collection(collection),
        caching.of_collection(tenant, collection, money),
        trials.of_collection(tenant, collection),
    )


def deadline_of(tenant: Tenant, collection: Collection) -> datetime | None:
    """When its results are needed. All its jobs have one deadline, but for a trial: the first ones.

    So the last one tells. One query, in the order of the index `job_of_collection`: a range, since
    of an equal column the order would be nothing to PostgreSQL.
    """
    jobs = AIJob.objects.of(tenant).filter(collection__gte=collection, collection__lte=collection)
    last = jobs.order_by("-collection_id", "-pk").only("created_at", "needed_by").first()
    return last.deadline if last else None


def progress(tenant: Tenant, collections: Iterable[Collection]) -> dict[UUID, Progress]:
    """By the id of each collection; statuses without jobs are 0. One query."""
    ids = [collection.pk for collection in collections]
    counters = StatusCounter.objects.filter(collection__tenant=tenant, collection__in=ids)
    return _progress(ids, counters.counts())


def states(ids: Several[UUID]) -> dict[UUID, Progress]:
    """The same for collections of any tenant: is another whenever a job of theirs has moved.

    For whoever waits for collections that their own tenants were shown.
    """
    return _progress(ids, StatusCounter.objects.filter(collection__in=ids).counts())


def _progress(ids: Iterable[UUID], found: Mapping[UUID, Mapping[str, int]]) -> dict[UUID, Progress]:
    return {
        one: Progress({s: found.get(one, {}).get(s, 0) for s in AIJob.Status.values}) for one in ids
    }
