"""Keyset pages over ids that sort by time: as quick at the end of a list as at its start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

RowT = TypeVar("RowT")
OtherT = TypeVar("OtherT")
ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page lies: older than the id `before`, newer than the id `after`, or newest."""

    before: UUID | None = None
    after: UUID | None = None


NEWEST = Position()


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Rows, newest first. `older` and `newer` are ids to go on from; None where nothing follows."""

    rows: Sequence[RowT]
    older: UUID | None
    newer: UUID | None

    def of(self, rows: Sequence[OtherT]) -> "Page[OtherT]":
        """The same page with other rows: one for each of its own."""
        return Page(rows, self.older, self.newer)


# Lists of jobs are walked by an index of their inputs: only where their place in it is named too,
# PostgreSQL begins there, and not at the newest job or the oldest.
OF_JOBS = ("pk", "input__job")


def beyond(place: UUID, how: str, keys: Sequence[str] = OF_JOBS) -> Q:
    """The condition that a row is beyond this id: `how` is lt, lte, gt or gte."""
    return Q(**{f"{key}__{how}": place for key in keys})


def page(
    rows: "QuerySet[ModelT]",
    at: Position,
    size: int,
    *,
    within: Sequence[str] = (),
    keys: Sequence[str] = ("pk",),
) -> Page[ModelT]:
    """At most `size` of these rows, whose primary keys are ids that sort by time. One query.

    `within`: columns that are the same in all of these rows, and stand before the id in the index
    that should be walked.
    """
    if at.after is not None:
        # The nearest of the newer ones, turned round.
        found = list(
            rows.filter(beyond(at.after, "gt", keys)).order_by(
                *(f"-{one}" for one in within), "pk"
            )[: size + 1]
        )
        shown = found[:size][::-1]
        has_older, has_newer = True, len(found) > size
    else:
        older = rows if at.before is None else rows.filter(beyond(at.before, "lt", keys))
        found = list(older.order_by(*within, "-pk")[: size + 1])
        shown = found[:size]
        has_older, has_newer = len(found) > size, at.before is not None
    return Page(
        shown,
        older=shown[-1].pk if shown and has_older else None,
        newer=shown[0].pk if shown and has_newer else None,
    )


def first_id_of(moment: datetime) -> UUID:
    """No id made at this moment or later is lower.

    Ids are UUIDs of version 7, which begin with milliseconds: some made earlier in the same
    millisecond are not lower either.
    """
    return UUID(int=_milliseconds(moment) << 80)


def first_id_after(moment: datetime) -> UUID:
    """All ids made before this moment are lower, as are those of the rest of its millisecond."""
    return UUID(int=_milliseconds(moment) + 1 << 80)


def _milliseconds(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))
