"""Collections as they are listed, and how far each has come."""

from collections import Counter, defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef

from aijobs.models import AIJob, Collection, StatusCounter, Trial
from aijobs.models.collections import CollectionQuerySet
from aijobs.models.rollups import StandingAt
from aijobs.reading import caching, pages, trials
from aijobs.reading.caching import Caching
from aijobs.reading.forecast import NOTHING, Expected, Forecast
from aijobs.reading.money import Money, spent_on_collection, spent_on_collections
from aijobs.reading.pages import NEWEST, Page, Position
from aijobs.reading.trials import Tried
from aijobs.turnaround.promise import LATE, Promise
from citizenapp.tenants.models import Tenant

WAITING, SLOWER = "Waits for the next batch", "Takes longer than usual"
# What people see of a job's life: of statuses that differ only at Anthropic they see one. A filter
# calls both of them UNDERWAY.
UNDERWAY = "underway"
STAGES: Mapping[str, tuple[str, ...]] = {
    "queued": ("queued",),
    "processing": ("processing", "submitted"),
    "completed": ("completed",),
    "failed": ("failed",),
    "canceled": ("canceled",),
}
# In the order of a job's life, ends first: the bar fills from the left.
ORDER = ("completed", "failed", "canceled", "processing", "queued")


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
    def underway(self) -> int:
        """Jobs that have left the queue and have not ended."""
        return self._at("processing")

    @property
    def stages(self) -> list[tuple[str, str, int]]:
        """Each stage: the status that stands for it, what a filter calls it, and how many jobs."""
        return [
            (status, UNDERWAY if status == "processing" else status, self._at(status))
            for status in STAGES
        ]

    def _at(self, stage: str) -> int:
        return sum(self.counts.get(status, 0) for status in STAGES[stage])

    @property
    def segments(self) -> list[Segment]:
        """The parts of the bar that have a job, from the left."""
        parts, start = [], 0.0
        for status in ORDER:
            jobs = self._at(status)
            if jobs:
                width = 100 * jobs / self.total
                parts.append(Segment(status, jobs, round(start, 3), round(width, 3)))
                start += width
        return parts


@dataclass(frozen=True, slots=True)
class CollectionFilter:
    """Which collections to list. None lets everything through.

    `search` is a part of the name; queued at `since` or later, and before `until`.
    """

    search: str | None = None
    job_type: str | None = None
    created_by: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == CollectionFilter()


EVERY = CollectionFilter()


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection in a list of the pages.

    `money` is None until there is a charge. `expected` is when what is underway should have ended.
    `waits_for_word`: somebody has to say whether the others of a trial may follow.
    """

    collection: Collection
    progress: Progress
    money: Money | None = None
    expected: Expected = NOTHING
    waits_for_word: bool = False

    @property
    def is_over(self) -> bool:
        """Whether all its jobs have ended."""
        return self.progress.ended == self.progress.total


@dataclass(frozen=True, slots=True)
class CollectionDetail:
    """One collection: how far it has come, what it cost so far, when all of it should be done.

    `caching` is None where no job of it went first. `has_earlier`: there is an earlier one of the
    same name and kind. Of so many on their way the answers are `dropped`.
    """

    collection: Collection
    progress: Progress
    money: Money
    expected: Expected
    caching: Caching | None
    trial: Tried | None
    has_earlier: bool = False
    dropped: int = 0

    @property
    def is_over(self) -> bool:
        """Whether all its jobs have ended."""
        return self.progress.ended == self.progress.total


def page(tenant: Tenant, at: Position = NEWEST, *, size: int) -> Page[Collection]:
    """A tenant's collections from the newest to the oldest. One query."""
    return pages.page(Collection.objects.of(tenant), at, size)


def page_with_progress(
    tenant: Tenant,
    at: Position = NEWEST,
    only: CollectionFilter = EVERY,
    *,
    size: int,
    now: datetime,
) -> Page[CollectionRow]:
    """The same with how far each has come, what it cost, and when it should end. Three queries."""
    found = pages.page(_filtered(tenant, only).select_related("trial"), at, size)
    ids = [one.pk for one in found.rows]
    counters = StatusCounter.objects.filter(collection__tenant=tenant, collection__in=ids)
    standing = counters.by_batch()
    counted: dict[UUID, Counter[str]] = defaultdict(Counter)
    for one in standing:
        counted[one.collection][one.shown_status] += one.jobs
    reached = _progress(ids, counted)
    money, expected = spent_on_collections(tenant, ids), _expected(standing, now)
    return found.of(
        [
            CollectionRow(
                one,
                reached[one.pk],
                money.get(one.pk),
                expected.get(one.pk, NOTHING),
                _waits_for_word(one) and reached[one.pk].counts["queued"] > 0,
            )
            for one in found.rows
        ]
    )


def _expected(standing: Iterable[StandingAt], now: datetime) -> dict[UUID, Expected]:
    """When the batches of each should have ended, by what was promised when they were sent.

    A list has no time for more: the page of one asks what is known by now.
    """
    found: dict[UUID, Expected] = {}
    for one in standing:
        if one.shown_status in AIJob.FINAL:
            continue
        known = found.setdefault(one.collection, NOTHING)
        if one.shown_status == AIJob.Status.QUEUED:
            found[one.collection] = Expected(late=WAITING)
        elif one.submitted_at and one.promised_seconds and not known.late:
            longest = timedelta(seconds=Promise(one.promised_seconds).within(LATE))
            latest = max(filter(None, (one.submitted_at + longest, known.latest)))
            found[one.collection] = (
                Expected(latest=latest) if latest > now else Expected(late=SLOWER)
            )
    return found


def _filtered(tenant: Tenant, only: CollectionFilter) -> CollectionQuerySet:
    rows = Collection.objects.of(tenant)
    if only.search:
        rows = rows.filter(name__icontains=only.search)
    if only.job_type:
        rows = rows.filter(job_type=only.job_type)
    if only.created_by:
        rows = rows.filter(created_by__icontains=only.created_by)
    if only.since:
        rows = rows.filter(pk__gte=pages.first_id_of(only.since))
    if only.until:
        rows = rows.filter(pk__lt=pages.first_id_of(only.until))
    return rows


def _waits_for_word(collection: Collection) -> bool:
    trial: Trial | None = getattr(collection, "trial", None)
    return trial is not None and trial.state == Trial.State.OPEN


def collection_of(tenant: Tenant, collection_id: UUID) -> Collection:
    """Raises Collection.DoesNotExist for one of somebody else, as for one that never was."""
    return Collection.objects.of(tenant).get(pk=collection_id)


def detail(tenant: Tenant, collection_id: UUID, *, now: datetime) -> CollectionDetail:
    """One collection. Raises Collection.DoesNotExist as `collection_of` does."""
    known = Collection.objects.of(tenant).select_related("trial", "seeding", "cancellation")
    collection = known.annotate(has_earlier=_earlier()).get(pk=collection_id)
    money = spent_on_collection(tenant, collection.pk)
    reached = progress(tenant, [collection])[collection.pk]
    is_over = reached.ended == reached.total
    return CollectionDetail(
        collection,
        reached,
        money,
        NOTHING if is_over else Forecast(tenant, now).of_collection(collection),
        caching.of_collection(tenant, collection, money),
        trials.of_collection(tenant, collection),
        getattr(collection, "has_earlier", False),
        # Answers are dropped by who sends nothing more of it.
        dropped(tenant, collection)
        if reached.underway and getattr(collection, "cancellation", None)
        else 0,
    )


def _earlier() -> Exists:
    """Whether there is an earlier one of the same name and kind."""
    same = {name: OuterRef(name) for name in ("tenant", "name", "job_type")}
    return Exists(Collection.objects.filter(**same, pk__lt=OuterRef("pk"), erasing_since=None))


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


def dropped(tenant: Tenant, collection: Collection) -> int:
    """How many of its jobs are on their way whose answers will not be kept. One query."""
    jobs = AIJob.objects.of(tenant).filter(collection=collection, dropped_at__isnull=False)
    return jobs.exclude(status__in=AIJob.FINAL).count()


def states(ids: Several[UUID]) -> dict[UUID, Progress]:
    """The same for collections of any tenant: is another whenever a job of theirs has moved.

    For whoever waits for collections that their own tenants were shown.
    """
    return _progress(ids, StatusCounter.objects.filter(collection__in=ids).counts())


def _progress(ids: Iterable[UUID], found: Mapping[UUID, Mapping[str, int]]) -> dict[UUID, Progress]:
    return {
        one: Progress({s: found.get(one, {}).get(s, 0) for s in AIJob.Status.values}) for one in ids
    }
