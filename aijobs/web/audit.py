"""The audit of a workspace, for its owners and admins."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from aijobs.models import dump_json
from aijobs.reading import audit as reading
from aijobs.reading import people
from aijobs.reading.audit import COLUMNS, AuditFilter
from aijobs.reading.tables import csv_lines
from aijobs.web import parameters
from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.parameters import asks
from citizenapp.streaming import streamed
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import AuditEntry, Tenant

PAGE_SIZE = 50
TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, and what it did in words."""

    entry: AuditEntry
    who: str
    did: str
    subject: str
    details: str


@require_safe
@for_administrators
@asks(parameters.AuditPage)
def overview(request: MemberRequest, asked: parameters.AuditPage) -> HttpResponseBase:
    """A page of entries, newest first."""
    tenant = request.access.tenant
    page = reading.entries(tenant, _filter(asked, tenant), asked.position, size=PAGE_SIZE)
    authors = people.authors(tenant)
    names = dict(authors)
    if asked.who and asked.who not in names:
        authors.append((asked.who, asked.who))  # Gone by now, or of the staff.
    lines = [
        Line(
            one,
            names.get(one.actor, one.actor),
            reading.action_label(one.action),
            # “Made a key key P2ks”: the action says already what it is.
            one.subject.removeprefix("key ") if one.action.startswith("key") else one.subject,
            reading.in_words(one),
        )
        for one in page.rows
    ]
    given = {"who": asked.who, "action": asked.action, "from": asked.since, "to": asked.until}
    context = {
        "page": page.of(lines),
        "asked": asked,
        "is_filtered": any(given.values()),
        "authors": authors,
        "actions": Action.choices,
        "zone": tenant.time_zone,
    }
    return render(request, "settings/audit.html", context)


@require_safe
@for_administrators
@asks(parameters.AuditDownload)
def download(request: MemberRequest, asked: parameters.AuditDownload) -> HttpResponseBase:
    """All entries that fit, as lines of CSV or JSON."""
    tenant = request.access.tenant
    only = _filter(asked, tenant)
    if request.method == "GET":
        audit.of_request(request, request.access, Action.AUDIT_EXPORTED, details={"as": asked.form})
    chunks = _csv(tenant, only) if asked.form == "csv" else _ndjson(tenant, only)
    if request.method == "HEAD":
        chunks = iter(())
    return streamed(request, chunks, TYPES[asked.form], f"audit-{tenant.slug}.{asked.form}")


def _csv(tenant: Tenant, only: AuditFilter) -> Iterator[bytes]:
    yield csv_lines([COLUMNS])
    for rows in reading.pieces(tenant, only):
        yield csv_lines(map(reading.cells, rows))


def _ndjson(tenant: Tenant, only: AuditFilter) -> Iterator[bytes]:
    for rows in reading.pieces(tenant, only):
        yield "".join(f"{dump_json(reading.told(one))}\n" for one in rows).encode()


def _filter(asked: parameters.AuditFilters, tenant: Tenant) -> AuditFilter:
    """Days begin where the workspace is."""

    def begin(day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(tenant.time_zone)).astimezone(UTC)

    return AuditFilter(
        asked.who,
        asked.action,
        begin(asked.since) if asked.since else None,
        begin(asked.until + timedelta(days=1)) if asked.until else None,
    )
