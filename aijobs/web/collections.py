"""Collections: many documents queued together, out of one table."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from aijobs import jobtypes
from aijobs.models import Collection
from aijobs.quotes import stored
from aijobs.reading import collections, comparing, operations, rows
from aijobs.reading.collections import CollectionDetail
from aijobs.reading.next_batch import next_batch
from aijobs.reading.pages import NEWEST
from aijobs.reading.rows import Bar, Row, RowFilter
from aijobs.web import job_parameters, parameters, quotes
from aijobs.web.guards import MemberRequest, for_members, or_404
from aijobs.web.parameters import asks
from aijobs.web.reasons import why
from aijobs.web.short import in_short

PAGE_SIZE = 25
# What narrows the rows that are shown narrows what is downloaded.
_FILTERS = ("status", "category", "risk", "reason", "search")


@require_safe
@for_members
@asks(parameters.Collections)
def overview(request: MemberRequest, asked: parameters.Collections) -> HttpResponseBase:
    """The tenant's collections, newest first: how far each has come, and what it cost."""
    tenant, now = request.access.tenant, timezone.now()
    only = asked.only(tenant)
    page = collections.page_with_progress(tenant, asked.position, only, size=PAGE_SIZE, now=now)
    return render(
        request,
        "collections/list.html",
        {
            "page": page,
            "asked": asked,
            "is_filtered": not only.is_empty,
            "kinds": jobtypes.offered(),
            "senders": sorted({row.collection.created_by for row in page.rows}),
            "erasing": operations.erasing(tenant),
            "now": now,
        },
    )


@require_safe
@for_members
@asks(parameters.RowsOfCollection)
def detail(
    request: MemberRequest, asked: parameters.RowsOfCollection, collection_id: UUID
) -> HttpResponseBase:
    """A collection: how far it has come, what it cost, and its rows with their results."""
    tenant, now = request.access.tenant, timezone.now()
    with or_404():
        found = collections.detail(tenant, collection_id, now=now)
    collection, counts = found.collection, found.progress.counts
    only, at, number, start = asked.only, asked.position, None, None
    pages = max(1, -(-found.progress.total // PAGE_SIZE))
    if asked.row and at == NEWEST:
        start = rows.before_row(tenant, collection, asked.row)
    elif only.is_empty and at == NEWEST:
        number = min(asked.page or 1, pages)
        start = rows.before_page(tenant, collection, number, size=PAGE_SIZE)
    page = rows.page(tenant, collection, only, at, size=PAGE_SIZE, start=start)
    rows_query = job_parameters.query_of(collection, only)
    bars, reasons = rows.charts(tenant, collection)
    own = [*enumerate(collection.columns or [])]
    shown = [(key, name) for key, name in own if key in asked.columns]
    return render(
        request,
        "collections/detail.html",
        {
            "collection": collection,
            "counts": counts,
            "expected": found.expected,
            "deadline": found.deadline,
            "now": now,
            "next_batch": next_batch(tenant, now) if counts["queued"] else None,
            "caching": found.caching,
            "trial": found.trial,
            "rest": _price_of_rest(found) if found.trial else None,
            "change_address": _where_to_change(request, found, now),
            "progress": found.progress,
            "dropped": found.dropped,
            "left_open": found.progress.total - counts["completed"],
            "money": found.money,
            "page": page,
            "number": number,
            "pages": pages,
            "results": [_shown(collection, row, [name for _, name in shown]) for row in page.rows],
            "own_columns": own,
            "shown_columns": shown,
            "most_columns": parameters.MOST_SHOWN_COLUMNS,
            "chart": _chart(collection, bars, only),
            "reasons": [(one, why(one.name)) for one in reasons],
            "only": only,
            "only_why": why(only.reason) if only.reason else "",
            "rows_query": rows_query,
            "list_query": urlencode({"list": rows_query}),
            "download": urlencode(
                {name: value for name in _FILTERS if (value := getattr(only, name))}
            ),
            "searches_text": collection.total <= rows.MOST_SEARCHED,
            "is_offered": collection.job_type in [kind.name for kind in jobtypes.offered()],
            "earlier": found.has_earlier and collection.job_type in comparing.COMPARABLE,
        },
    )


def _where_to_change(request: MemberRequest, found: CollectionDetail, now: datetime) -> str:
    """The form that a trial came from, filled in as it was where it is still kept."""
    if found.trial is None:
        return ""
    kept = stored.form_of_trial(request.access.tenant, found.collection.pk, now)
    if kept is None:
        return f"{reverse('new-collection')}?job_type={found.collection.job_type}"
    return f"{quotes.form_address(kept)}?quote={kept.pk}"


def _shown(collection: Collection, row: Row, columns: list[str]) -> dict[str, Any]:
    """A row as it stands in the table."""
    own = row.job.input.metadata or {}
    return {
        "row": row,
        "short": in_short(collection.job_type, row.result),
        "failure": why(row.error) if row.error else "",
        "cells": [(name, own.get(name, "")) for name in columns],
    }


# Of which answers there is a chart: its title, and the filter of its bars.
_CHARTS = {"classify": ("Categories", "category"), "analyze": ("Highest risk", "risk")}


def _chart(collection: Collection, bars: Sequence[Bar], only: RowFilter) -> dict[str, Any]:
    """Bars of what can be counted of the answers; nothing where there is no such thing."""
    if collection.job_type not in _CHARTS:
        return {}
    title, field = _CHARTS[collection.job_type]
    return {"title": title, "field": field, "bars": bars, "chosen": getattr(only, field)}


def _price_of_rest(found: CollectionDetail) -> Decimal | None:
    """What the others would cost by batch at the rate of those that ran, for half the price."""
    trial = found.trial
    if trial is None or not trial.completed or not trial.is_open:
        return None
    return found.money.full / trial.completed * trial.waiting / 2
