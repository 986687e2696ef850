"""Keyset pages over ids that sort by time: as quick at the end of a list as at its start."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from aijobs.jobtypes import InvalidInput

RowT = TypeVar("RowT", bound=Model)

_CURSOR = re.compile(r"(older|newer)\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Rows, newest first, and the addresses of the pages beside them."""

    rows: list[RowT]
    next: str | None
    previous: str | None


def page(rows: "QuerySet[RowT]", request: Request, cursor: str | None, size: int) -> Page[RowT]:
    """The page of `rows` that `cursor` names. Raises InvalidInput for a cursor that is none."""
    way, edge = _read(cursor)
    if way == "newer":
        # The nearest of the newer ones, turned round.
        found = list(rows.filter(pk__gt=edge).order_by("pk")[: size + 1])
        has_more, found = len(found) > size, found[:size][::-1]
        has_newer, has_older = has_more, True
    else:
        older = rows.filter(pk__lt=edge) if edge else rows
        found = list(older.order_by("-pk")[: size + 1])
        has_more, found = len(found) > size, found[:size]
        has_newer, has_older = edge is not None, has_more
    return Page(
        rows=found,
        next=_address(request, "older", found[-1]) if found and has_older else None,
        previous=_address(request, "newer", found[0]) if found and has_newer else None,
    )


def ids_of(moment: datetime) -> tuple[UUID, UUID]:
    """Ids made before `moment` are under the second, ids made from then on not under the first.

    UUIDs of version 7 begin with milliseconds, so both hold for ids made in its millisecond.
    """
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80), UUID(int=milliseconds + 1 << 80)


def _read(cursor: str | None) -> tuple[str, UUID | None]:
    if cursor is None:
        return "older", None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInput({"cursor": ["Must come from `next` or `previous` of a page."]})
    return match[1], UUID(match[2])


def _address(request: Request, way: str, edge: Model) -> str:
    query = request.query_params.copy()
    query["cursor"] = f"{way}.{edge.pk.hex}"
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
