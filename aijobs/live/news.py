"""What travels over the channel layer: one numbered message with a text for each tenant."""

from typing import Literal, NotRequired, TypedDict

import orjson

from aijobs.events import Change, Notice

GROUP = "jobs"
RESYNC = '{"type":"resync"}'
# The same while nobody tells of changes: more such follow, every few seconds.
BEHIND = '{"type":"resync","behind":true}'
MOST_CHANGES = 100


class News(TypedDict):
    """`session` is one unbroken LISTEN; within it `number` counts up by one, from 1.

    A hub that hears of a new session, or finds a gap in the numbers, knows that something may be
    missing. News without texts is a heartbeat. `texts` are (tenant id, message for its sockets),
    `ends` whose access to look at again, in the words of citizenapp/tenants/ends.py.
    """

    type: Literal["jobs.news"]
    session: str
    number: int
    texts: list[tuple[int, str]]
    ends: NotRequired[list[str]]  # A relay of the version before says none.


class Digest:
    """Notices put together: what changed for each tenant, the latest status of a job only."""

    def __init__(self) -> None:
        # By tenant, then by job. None where the tenant's sockets are told to look at the rows.
        self._changes: dict[int, dict[str, Change] | None] = {}
        # Each once, in their order.
        self._ends: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._changes or self._ends)

    def add_end(self, whose: str) -> None:
        """Take in whose access may have ended."""
        self._ends[whose] = None

    def ends(self) -> list[str]:
        """Whose access to look at again."""
        return [*self._ends]

    def add(self, notice: Notice) -> None:
        """Take in what a notice says; more than MOST_CHANGES jobs of a tenant become a resync."""
        changes = self._changes.setdefault(notice.tenant_id, {})
        if changes is None:
            return
        for change in notice.changes:
            changes.pop(change["job_id"], None)
            changes[change["job_id"]] = change
        if notice.is_resync or len(changes) > MOST_CHANGES:
            self._changes[notice.tenant_id] = None

    def texts(self) -> list[tuple[int, str]]:
        """(tenant id, the message for its sockets as JSON), one for each tenant that changed."""
        return [
            (tenant_id, RESYNC if changes is None else _told([*changes.values()]))
            for tenant_id, changes in self._changes.items()
        ]


def _told(changes: list[Change]) -> str:
    return orjson.dumps({"type": "job.changed", "changes": changes}).decode()
