"""What PostgreSQL tells the outside: one NOTIFY channel, and how to read it.

Triggers (aijobs/sql/notify*.sql) send the notices, so that no road can change a status without
one, and always in the transaction that made the change. A notice is a hint that carries ids and
statuses, never document text; the row is the truth. A statement that changes more than 50 jobs
of a tenant names none of them: listeners look at the tenant's rows.

Additions are told at most once in 250 ms for each tenant (aijobs/sql/may_tell_of_additions.sql).
Jobs that are added within that time get no notice of their own. The notice before them has
`again`, which asks listeners to look at the rows once more a moment later.
"""

from dataclasses import dataclass
from typing import TypedDict

import orjson

from citizenapp.tenants import ends

CHANNEL = "aijobs"
# On another one, whose access to look at again: citizenapp/tenants/ends.py.
ENDS_CHANNEL = ends.CHANNEL


class Change(TypedDict):
    """A job that was added or got another status; ids are UUIDs as text."""

    job_id: str
    status: str
    collection_id: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Jobs of one tenant that changed; no `changes` means: too many to name, look at the rows."""

    tenant_id: int
    changes: tuple[Change, ...] = ()
    again: bool = False
    """Jobs added in the next 250 ms may have no notice: look at the rows when they are over."""

    @property
    def is_resync(self) -> bool:
        """Whether listeners have to look at the rows, since no job is named."""
        return not self.changes


def read_notice(payload: str) -> Notice:
    """The notice in a NOTIFY payload: {"tenant": 1, "changes": [[job, status, collection]…]}.

    `changes` is absent where no job is named. `"again": true` is there only where it applies.
    Raises ValueError, KeyError or TypeError for a payload of another form.
    """
    data = orjson.loads(payload)
    return Notice(
        tenant_id=data["tenant"],
        changes=tuple(
            Change(job_id=job, status=status, collection_id=collection)
            for job, status, collection in data.get("changes", ())
        ),
        again=data.get("again", False),
    )
