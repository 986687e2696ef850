"""Collections as they are listed, and how far each has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from aijobs.models import AIJob, Collection, StatusCounter
from citizenapp.tenants.models import Tenant

PAGE_SIZE = 25
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
    """How many jobs have which status. Ended jobs are counted, nothing is guessed."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return sum(self.counts.get(status, 0) for status in AIJob.FINAL)

    @property
    def segments(self) -> list[Segment]:
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
    collection: Collection
    progress: Progress


@dataclass(frozen=True, slots=True)
class CollectionsPage:
    """`older` is an id to page on from; None at the end."""

    rows: list[CollectionRow]
    older: UUID | None


def page(tenant: Tenant, *, before: UUID | None = None) -> CollectionsPage:
    """Collections from the newest to the oldest."""
    collections = Collection.objects.filter(tenant=tenant).order_by("-id")
    if before is not None:
        collections = collections.filter(pk__lt=before)
    found = list(collections[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    counts = StatusCounter.objects.filter(collection__in=shown).counts()
    return CollectionsPage(
        [CollectionRow(one, Progress(counts.get(one.pk, {}))) for one in shown],
        older=shown[-1].pk if len(found) > PAGE_SIZE else None,
    )
