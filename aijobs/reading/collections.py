"""Collections as they are listed, and how far each has come."""

from collections import Counter, defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import JSONObject

from aijobs.models import AIJob, Collection, StatusCounter, Trial
from aijobs.models.collections import CollectionQuerySet
from aijobs.models.jobs import AIJobQuerySet
from aijobs.models.rollups import Standing, StandingAt
from aijobs.reading import caching, pages, trials
from aijobs.reading.caching import Caching
from aijobs.reading.counting import Counted
from aijobs.reading.forecast import NOTHING, Expected, Forecast
from aijobs.reading.money import Money, spent_on_collections, sums_of_collection, sums_told
from aijobs.reading.pages import NEWEST, Page, Position
from aijobs.reading.trials import Tried
from aijobs.reading.words import last_unread
from aijobs.turnaround.promise import LATE, Promise
from citizenapp.tenants.models import Tenant
from citizenapp.tenants.senders import called

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
    same name and kind. Of so many on their way the answers are `dropped`. `deadline`: when it is
    needed, while it is not over.
    """

    collection: Collection
    progress: Progress
    money: Money
    expected: Expected
    caching: Caching | None
    trial: Tried | None
    has_earlier: bool = False
    dropped: int = 0
    deadline: datetime | None = None

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
    known = _filtered(tenant, only).select_related("trial")
    found = pages.page(known.annotate(sender=called(tenant, "created_by")), at, size)
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
    beside = {
        "sender": called(tenant, "created_by"),
        "has_earlier": _earlier(),
        "last_unread": Subquery(last_unread()[:1]),
        "last": Subquery(_last_job(tenant)),
        "sums": Subquery(sums_of_collection(tenant)),
        "dropped": _dropped_of_canceled(tenant),
        **trials.expressions(tenant),
    }
    known = Collection.objects.of(tenant).select_related("trial", "seeding", "cancellation")
    collection = known.annotate(**beside).get(pk=collection_id)
    found = vars(collection)
    standing = StatusCounter.objects.filter(collection=collection).standing()
    reached = _reached(standing)
    is_over = reached.ended == reached.total
    money = sums_told(found["sums"])
    return CollectionDetail(
        collection,
        reached,
        money,
        NOTHING if is_over else Forecast(tenant, now).of_collection(collection, standing),
        caching.of_collection(tenant, collection, money),
        trials.of_collection(tenant, collection, found),
        found["has_earlier"],
        found["dropped"],
        deadline=None if is_over else _deadline(found["last"]),
    )


def _reached(standing: Iterable[Standing]) -> Progress:
    counted = Counter(dict.fromkeys(AIJob.Status.values, 0))
    for one in standing:
        counted[one.shown_status] += one.jobs
    return Progress(counted)


def _earlier() -> Exists:
    """Whether there is an earlier one of the same name and kind."""
    same = {name: OuterRef(name) for name in ("tenant", "name", "job_type")}
    return Exists(Collection.objects.filter(**same, pk__lt=OuterRef("pk"), erasing_since=None))


def _last_job(tenant: Tenant) -> "QuerySet[Any, Any]":
    """When the last of its jobs was queued and is needed.

    All jobs of a collection have one deadline, but for a trial: the first ones. In the order of the
    index `job_of_collection`: a range, since of an equal column the order would be nothing to
    PostgreSQL.
    """
    key = OuterRef("pk")
    jobs = AIJob.objects.of(tenant).filter(collection__gte=key, collection__lte=key)
    moments = JSONObject(created_at="created_at", needed_by="needed_by")
    return jobs.order_by("-collection_id", "-pk").values(moments=moments)[:1]


def _deadline(last: Mapping[str, str | None] | None) -> datetime | None:
    """When its results are needed."""
    moments = {name: datetime.fromisoformat(one) for name, one in (last or {}).items() if one}
    return AIJob(**moments).deadline if len(moments) == 2 else None


def progress(tenant: Tenant, collections: Iterable[Collection]) -> dict[UUID, Progress]:
    """By the id of each collection; statuses without jobs are 0. One query."""
    ids = [collection.pk for collection in collections]
    counters = StatusCounter.objects.filter(collection__tenant=tenant, collection__in=ids)
    return _progress(ids, counters.counts())


def dropped(tenant: Tenant, collection: Collection) -> int:
    """How many of its jobs are on their way whose answers will not be kept. One query."""
    return _dropped(tenant).filter(collection=collection).count()


def _dropped(tenant: Tenant) -> AIJobQuerySet:
    found: AIJobQuerySet = AIJob.objects.of(tenant).filter(dropped_at__isnull=False)
    return found.exclude(status__in=AIJob.FINAL)


def _dropped_of_canceled(tenant: Tenant) -> Case:
    """The same of the collection of a query. Only who sends nothing more of one drops answers."""
    some = _dropped(tenant).filter(collection=OuterRef("pk"))
    is_canceled = When(cancellation__isnull=False, then=Counted(some.values("pk")))
    return Case(is_canceled, default=0, output_field=IntegerField())


def states(ids: Several[UUID]) -> dict[UUID, Progress]:
    """The same for collections of any tenant: is another whenever a job of theirs has moved.

    For whoever waits for collections that their own tenants were shown.
    """
    return _progress(ids, StatusCounter.objects.filter(collection__in=ids).counts())


def _progress(ids: Iterable[UUID], found: Mapping[UUID, Mapping[str, int]]) -> dict[UUID, Progress]:
    return {
        one: Progress({s: found.get(one, {}).get(s, 0) for s in AIJob.Status.values}) for one in ids
    }
