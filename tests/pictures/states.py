"""What comes in the way of a whole workspace: sending that is paused, a limit that is spent."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.ground import Site
from tests.pictures.papers import CATEGORIES, claims

Queue = Callable[[str, str, list[object], dict[str, object]], str]
"""Queues a collection by name, kind, items and defaults; returns its id."""


@dataclass(frozen=True)
class State:
    """How it comes about, and names and addresses of the pages that show it, by person."""

    begin: Callable[[Site, Queue], dict[str, str]]
    """Returns addresses of the owner that exist from then on."""
    owner: dict[str, str]
    staff: dict[str, str]


def _pause(site: Site, queue: Queue) -> dict[str, str]:
    site.emulator.order(
        "create", "status", status=400, times=0,
        message="Your credit balance is too low to access the Anthropic API.",
    )  # fmt: skip
    waiting: list[object] = [{"text": text, "reference": name} for name, text in claims(30, seed=7)]
    collection = queue("Claims of December", "classify", waiting, {"categories": CATEGORIES})
    deadline = time.monotonic() + 60
    with site.database() as database:
        while not database.execute(
            "SELECT 1 FROM aijobs_circuitbreaker WHERE closed_at IS NULL"
        ).fetchone():
            assert time.monotonic() < deadline, site.said()
            time.sleep(0.3)
    return {"paused-collection": f"/collections/{collection}"}


def _spend(site: Site, queue: Queue) -> dict[str, str]:
    with site.database() as database:
        database.execute(
            "UPDATE tenants_tenant SET budget_usd = 0.10, limit_usd = 0.15 WHERE slug = 'demo'"
        )
        database.execute(
            """
            INSERT INTO aijobs_budgetnotice (tenant_id, month, percent, told_at, put_away_by)
            SELECT id, date_trunc('month', now() AT TIME ZONE time_zone)::date, 100, now(), ''
            FROM tenants_tenant WHERE slug = 'demo'
            ON CONFLICT (tenant_id, month, percent) DO UPDATE SET put_away_by = ''
            """
        )
        # What waits is held by the limit now.
        site.emulator.control("DELETE", "faults")
        database.execute("UPDATE aijobs_circuitbreaker SET closed_at = now()")
    return {}


STATES = {
    "paused": State(
        begin=_pause,
        owner={"paused-jobs": "/", "paused-new-job": "/jobs/new"},
        staff={"paused-admin": "/admin/"},
    ),
    "over-limit": State(
        begin=_spend,
        owner={
            "over-limit-jobs": "/",
            "over-limit-new-job": "/jobs/new",
            "over-limit-budget": "/settings/budget",
            "over-limit-usage": "/usage",
        },
        staff={},
    ),
}
