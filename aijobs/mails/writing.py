"""Store e-mails together with what they tell of, one for each person who chose to be told."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import connection, transaction

from aijobs.models import FailureToTell, MailKind
from aijobs.models.fields import dump_json

# A choice that is deleted meanwhile is waited for, so that no e-mail is left without it.
WRITE = """
INSERT INTO aijobs_mail (choice_id, kind, collection_id, data, happened_at, next_at)
SELECT id, %(kind)s, %(collection)s, %(data)s::jsonb, %(now)s, %(now)s
FROM aijobs_mailchoice WHERE tenant_id = %(tenant)s AND kinds && %(wanted)s::varchar[]
FOR KEY SHARE OF aijobs_mailchoice
"""
TAKE_FAILURES = """
WITH due AS (
    SELECT DISTINCT tenant_id FROM aijobs_failuretotell WHERE happened_at <= %(before)s
), taken AS (
    DELETE FROM aijobs_failuretotell WHERE id IN (
        SELECT id FROM aijobs_failuretotell WHERE tenant_id IN (SELECT tenant_id FROM due)
        FOR UPDATE SKIP LOCKED)
    RETURNING tenant_id, jobs
)
SELECT tenant_id, sum(jobs) FROM taken GROUP BY tenant_id
"""


def collection_over(tenant: int, collection: str, counts: Mapping[str, int], now: datetime) -> None:
    """All its jobs have ended, so many in each way. Nothing is told where all were canceled.

    Call it in the transaction that knows this to be the end.
    """
    if not counts["completed"] and not counts["failed"]:
        return
    wanted = [MailKind.COLLECTION_DONE, *([MailKind.JOBS_FAILED] if counts["failed"] else [])]
    _write(tenant, MailKind.COLLECTION_DONE, wanted, dict(counts), now, collection)


def budget_reached(tenant: int, month: date, percent: int, now: datetime) -> None:
    """So many percent of the month's budget are spent."""
    data = {"month": f"{month:%Y-%m}", "percent": percent}
    _write(tenant, MailKind.BUDGET_REACHED, [MailKind.BUDGET_REACHED], data, now)


@transaction.atomic
def gather_failures(now: datetime) -> int:
    """Turn notes of failed jobs that have waited for others into e-mails; returns for how many
    tenants."""
    before = now - FailureToTell.GATHERED_FOR
    with connection.cursor() as cursor:
        cursor.execute(TAKE_FAILURES, {"before": before})
        found = cursor.fetchall()
    for tenant, jobs in found:
        _write(tenant, MailKind.JOBS_FAILED, [MailKind.JOBS_FAILED], {"failed": int(jobs)}, now)
    return len(found)


def _write(
    tenant: int,
    kind: MailKind,
    wanted: list[MailKind],
    data: Mapping[str, object],
    now: datetime,
    collection: str | None = None,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "tenant": tenant,
                "kind": kind.value,
                "wanted": [one.value for one in wanted],
                "collection": collection,
                "data": dump_json(data),
                "now": now,
            },
        )
