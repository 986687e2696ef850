"""A collection beside an earlier one of the same name: what has changed."""

from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from aijobs.models import Collection
from aijobs.reading import comparing
from aijobs.web import parameters
from aijobs.web.collection_acts import collection_of
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.parameters import asks
from aijobs.web.short import in_short
from citizenapp.streaming import streamed

PAGE_SIZE = 25


@require_safe
@for_members
@asks(parameters.Compared)
def compare(
    request: MemberRequest, asked: parameters.Compared, collection_id: UUID
) -> HttpResponseBase:
    """Which rows have another category or highest risk than in an earlier collection."""
    tenant = request.access.tenant
    after = collection_of(request, collection_id)
    others = comparing.earlier(tenant, after)
    context = {"collection": after, "others": others, "asked": asked}
    if not others and not asked.other:
        return render(request, "collections/compare.html", context)
    before = _chosen(others, asked.other)
    found = comparing.compare(
        tenant, before, after, asked.position, cell=asked.cell, size=PAGE_SIZE
    )
    rows = [
        (row, in_short(after.job_type, row.was), in_short(after.job_type, row.now))
        for row in found.page.rows
    ]
    context |= {"before": before, "found": found, "page": found.page, "rows": rows}
    return render(request, "collections/compare.html", context)


@require_safe
@for_members
@asks(parameters.ComparedTable)
def table(
    request: MemberRequest, asked: parameters.ComparedTable, collection_id: UUID
) -> HttpResponseBase:
    """The same as CSV: the rows that changed, or all; none where there is no earlier collection."""
    tenant = request.access.tenant
    after = collection_of(request, collection_id)
    others = comparing.earlier(tenant, after)
    before = _chosen(others, asked.other) if others or asked.other else None
    name = f"{slugify(after.name) or 'collection'}-changes.csv"
    chunks = comparing.as_csv(tenant, before, after, is_all=asked.rows == "all")
    return streamed(request, chunks, "text/csv; charset=utf-8", name)


def _chosen(others: list[Collection], wanted: UUID | None) -> Collection:
    """The one that was asked for, or the latest of the earlier ones."""
    for one in others:
        if wanted in (None, one.pk):
            return one
    raise Http404
