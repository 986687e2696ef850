"""The jobs before and after one in a list, found by keys: as quick at its end as at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import JSONField, Q, Subquery

from aijobs.models import AIJob, Collection, unread_by
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading import jobs, pages, rows
from aijobs.reading.counting import Counted
from aijobs.reading.jobs import JobFilter
from aijobs.reading.rows import RowFilter
from citizenapp.tenants.models import Tenant, User

# A place in a list is told where so many at most stand on either side: nobody counts millions.
MOST_COUNTED = 200
MOST_UNREAD = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of jobs: which ones, and whether in the order of a table's rows, or newest first.

    `rows`: those that the page of a collection is narrowed to.
    """

    tenant: Tenant
    only: JobFilter
    by_rows: bool = False
    where: Q = field(default_factory=Q)
    rows: tuple[Collection, RowFilter] | None = None

    def before(self, job_id: UUID) -> AIJobQuerySet:
        """Those before it, the nearest first."""
        return self._ordered(self._after(job_id, is_later=not self.by_rows), not self.by_rows)

    def after(self, job_id: UUID) -> AIJobQuerySet:
        """Those after it, the nearest first."""
        return self._ordered(self._after(job_id, is_later=self.by_rows), self.by_rows)

    def all(self) -> AIJobQuerySet:
        return self._ordered(self._jobs(), self.by_rows)

    def _after(self, job_id: UUID, *, is_later: bool) -> AIJobQuerySet:
        return self._jobs().filter(pages.beyond(job_id, "gt" if is_later else "lt"))

    def _jobs(self) -> AIJobQuerySet:
        if self.rows is not None:
            return rows.filtered(self.tenant, *self.rows).filter(self.where)
        return jobs.filtered(self.tenant, self.only).filter(self.where)

    def _ordered(self, found: AIJobQuerySet, ascending: bool) -> AIJobQuerySet:
        """In the order of an index. That of a collection is asked for a range (reading/rows.py)."""
        collection = self.only.collection_id
        if collection is None:
            return found.order_by("pk" if ascending else "-pk")
        found = found.filter(collection__gte=collection, collection__lte=collection)
        names = ("collection_id", "pk")
        return found.order_by(*names if ascending else (f"-{name}" for name in names))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`number` counts from 1 of `total`; both are None where that would take long to count."""

    previous: UUID | None = None
    next: UUID | None = None
    number: int | None = None
    total: int | None = None


class _Nearest(Subquery):
    """The first key that another query finds, and how many: a search is long, and made once."""

    template = (
        "(SELECT jsonb_build_array((array_agg(key))[1], count(*))"
        " FROM (%(subquery)s) AS found (key))"
    )
    output_field = JSONField()


def expressions(listed: Listed, job_id: UUID) -> dict[str, Any]:
    """What to ask of the job, in whatever query, for `beside`."""
    before, after = (
        found.values("pk")[: MOST_COUNTED + 1]
        for found in (listed.before(job_id), listed.after(job_id))
    )
    return {"found_before": _Nearest(before), "found_after": _Nearest(after)}


def beside(found: Mapping[str, Any]) -> Neighbours:
    """What a query has found for these expressions."""
    (previous, before), (following, after) = found["found_before"], found["found_after"]
    is_countable = max(before, after) <= MOST_COUNTED
    return Neighbours(
        UUID(previous) if previous else None,
        UUID(following) if following else None,
        before + 1 if is_countable else None,
        before + 1 + after if is_countable else None,
    )


def of_job(listed: Listed, job_id: UUID) -> Neighbours:
    """What stands beside it in the list, whether or not it stands there itself. One query."""
    jobs_of_tenant = AIJob.objects.of(listed.tenant).filter(pk=job_id)
    found = jobs_of_tenant.values(**expressions(listed, job_id)).first()
    return beside(found) if found else Neighbours()


def first(listed: Listed, before: UUID | None = None) -> UUID | None:
    """The first job of the list, or of its page that begins behind this one. One query."""
    found = listed.after(before) if before else listed.all()
    return found.values_list("pk", flat=True).first()


def unread(listed: Listed, person: User) -> Counted:
    """How many of them the person has not read; MOST_UNREAD + 1 where they are more than that."""
    found = listed.all().filter(unread_by(person))
    return Counted(found.values("pk")[: MOST_UNREAD + 1])
