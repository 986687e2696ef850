"""The audit of a tenant: a page of it, or all that fits, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from aijobs.reading.pages import NEWEST, Page, Position, first_id_of, page
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import AuditEntry, Tenant

PIECE = 1_000
COLUMNS = ("at", "who", "action", "subject", "details", "address", "program", "id")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Of whom, of what, from which moment on and before which; None filters nothing."""

    who: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(
    tenant: Tenant, only: AuditFilter, at: Position = NEWEST, *, size: int
) -> Page[AuditEntry]:
    """A page of the entries that fit, newest first. One query."""
    return page(_filtered(tenant, only), at, size)


def pieces(tenant: Tenant, only: AuditFilter) -> Iterator[Sequence[AuditEntry]]:
    """All that fit, newest first, some at a time. Those that come meanwhile are left out."""
    at = NEWEST
    while True:
        found = entries(tenant, only, at, size=PIECE)
        if found.rows:
            yield found.rows
        if found.older is None:
            return
        at = Position(before=found.older)


def told(entry: AuditEntry) -> dict[str, object]:
    """An entry by COLUMNS, as it is handed out."""
    values = (
        f"{entry.at:%Y-%m-%dT%H:%M:%SZ}",
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
        entry.address,
        entry.agent,
        str(entry.pk),
    )
    return dict(zip(COLUMNS, values, strict=True))


def cells(entry: AuditEntry) -> list[str]:
    """The same as the cells of a table."""
    row = told(entry) | {"details": in_words(entry)}
    return ["" if value is None else str(value) for value in row.values()]


def in_words(entry: AuditEntry) -> str:
    """Its details on one line."""
    return "; ".join(f"{_spelled(name)}: {value}" for name, value in entry.details.items())


def action_label(action: str) -> str:
    """What people call an action; the bare name where it is known no more."""
    return str(Action(action).label) if action in Action.values else action


def _spelled(name: str) -> str:
    """The name of a field as people write it: the API's `limit_usd` is the limit in USD."""
    return name.replace("_usd", " in USD").replace("_", " ")


def _filtered(tenant: Tenant, only: AuditFilter) -> "QuerySet[AuditEntry]":
    rows = AuditEntry.objects.filter(tenant=tenant)
    if only.who:
        rows = rows.filter(actor=only.who)
    if only.action:
        rows = rows.filter(action=only.action)
    if only.since:
        rows = rows.filter(pk__gte=first_id_of(only.since))
    if only.until:
        rows = rows.filter(pk__lt=first_id_of(only.until))
    return rows
