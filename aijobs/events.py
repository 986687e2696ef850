"""What PostgreSQL tells the outside: one NOTIFY channel, and how to read it.

Triggers (migrations 0003 and 0009) send the notices, so that no road can change a status without
one, and always in the transaction that made the change. A notice is a hint that carries ids and
statuses, never document text; the row is the truth. A statement that changes more than a notice
can hold says "resync" for the tenant instead of naming jobs. Of single jobs that are added one
soon after the other, one is named, and its notice says to look again.
"""

from dataclasses import dataclass
from typing import TypedDict

import orjson

CHANNEL = "aijobs"


class Change(TypedDict):
    job_id: str
    status: str
    collection_id: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Jobs of one tenant that changed; no `changes` means: too many to name, look again."""

    tenant_id: int
    changes: tuple[Change, ...] = ()
    again: bool = False
    """Other new jobs of the moment may have none: look again when it is over."""

    @property
    def is_resync(self) -> bool:
        return not self.changes


def read_notice(payload: str) -> Notice:
    """The notice in a NOTIFY payload: {"tenant": 1, "changes": [[job, status, collection]…]}.

    It may hold `"again": true` as well.
    """
    data = orjson.loads(payload)
    return Notice(
        tenant_id=data["tenant"],
        changes=tuple(
            Change(job_id=job, status=status, collection_id=collection)
            for job, status, collection in data.get("changes") or ()
        ),
        again=data.get("again", False),
    )
