"""Every page of a tenant asks the database ten times at most, whatever there is to show.

The session, the person and the banner above the page are counted too.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from aijobs.models import (
    FOR_A_PERSON,
    AIJob,
    BudgetNotice,
    Cancellation,
    Collection,
    Comment,
    Correction,
    JobAttempt,
    ReadMark,
    Rerun,
    Seeding,
    Trial,
    new_id,
)
from tests.addresses import OF_TENANTS
from tests.factories import (
    make_batch,
    make_charge,
    make_invitation,
    make_job,
    make_key,
    make_output,
    make_tenant,
    make_webhook,
)
from tests.reading.rows import make_collection
from tests.tenants.belongings import Batches, Belongings

pytestmark = pytest.mark.django_db

MOST = 10
# Pages that ask more often, and how often. Whoever adds one says why.
EXCEPTIONS: dict[str, int] = {}
PROMISED = [600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 43_200.0, 86_400.0]
FINDINGS = [
    {"kind": "risk", "severity": "high", "text": "Late notice.", "quote": "fox", "page": None}
]


class World:
    """A full workspace: all that a tenant can have, and jobs and collections in every state."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.rows = Belongings("acme")
        self.rows.store(Batches())
        self.tenant, self.owner = self.rows.tenant, self.rows.owner
        self.jobs: dict[str, AIJob] = {}
        self.collections: dict[str, Collection] = {}
        self._fill_workspace()
        self._fill_jobs()
        self._fill_collections()

    def _fill_workspace(self) -> None:
        tenant = self.tenant
        tenant.budget_usd, tenant.limit_usd = Decimal(1), Decimal(1_000_000)
        tenant.repeat_days, tenant.time_zone = 30, "Europe/Vienna"
        tenant.save()
        for name in ("beta", "gamma"):
            make_tenant(name).memberships.create(user=self.owner, role="owner")
        month = self.now.date().replace(day=1)
        BudgetNotice.objects.create(tenant=tenant, month=month, percent=80, told_at=self.now)
        make_webhook(tenant, state="failed")
        make_key(tenant, name="Import")
        make_invitation(tenant, "second@example.com")

    def _fill_jobs(self) -> None:
        now, soon = self.now, self.now + timedelta(hours=1)
        there = self._batch("submitted", submitted_at=now - timedelta(hours=3))
        self.add("waiting")
        self.add("waiting with a deadline", needed_by=now + timedelta(hours=30))
        self.add("waiting, soon needed", needed_by=soon)
        self.add("waiting, overdue", needed_by=now - timedelta(minutes=1))
        self.add("waiting for a call", route="sync", needed_by=soon)
        self.add("waiting after a failure", attempts=1, not_before=soon)
        self.fail("waiting after a failure")
        self.add("assembled", status="submitted", attempts=1, batch=self._batch("assembled"))
        self.add("running", status="submitted", attempts=1, batch=there)
        self.add("running again", status="submitted", attempts=2, batch=there)
        self.fail("running again")
        self.add("in doubt", status="submitted", attempts=1, batch=self._batch("unconfirmed"))
        canceling = self._batch("canceling", canceling_at=now, rescued_at=now)
        self.add("being canceled", status="submitted", attempts=1, batch=canceling, needed_by=soon)
        self.add("called", status="processing", attempts=1, route="sync", started_at=now)
        self.add("failed", status="failed", attempts=2, finished_at=now)
        self.fail("failed")
        self.add("canceled", status="canceled", finished_at=now)
        self.add("done", status="completed", attempts=1, finished_at=now)
        self.add("analysis", "analyze", status="completed", attempts=2, finished_at=now)
        self.fail("analysis")
        make_output(self.jobs["done"])
        make_output(self.jobs["analysis"], {"demands": [], "findings": FINDINGS})
        for name in ("done", "analysis", "failed"):
            make_charge(self.jobs[name], created_at=now)
        self._review(self.jobs["done"])
        self.add("sharing", answered_by=self.jobs["waiting with a deadline"].pk)
        self.add("sharing with one that runs", answered_by=self.jobs["running"].pk)

    def _review(self, job: AIJob) -> None:
        tenant, now = self.tenant, self.now
        Correction.objects.add(job, {"summary": "A dog."}, after=0, by="ann", now=now)
        for text in ("One.", "Two."):
            Comment.objects.add(job, text, by="ann", now=now)
        ReadMark.objects.add(job, self.owner, now)
        Rerun.objects.create(tenant=tenant, job=self.jobs["failed"], source_id=job.pk)
        Rerun.objects.create(tenant=tenant, job=job, source_id=self.jobs["canceled"].pk)

    def _fill_collections(self) -> None:
        now = self.now
        kept = {"seeding": self._collection("seeding"), "trial": self._collection("trial")}
        for name in ("earlier", "finished", "running"):
            kept[name] = self._collection("Claims" if name != "running" else name)
        there = [
            self._batch(status, submitted_at=now)
            for status in ("submitted", "submitted", "ended", "canceling")
        ]
        for name, collection in kept.items():
            of = {"collection": collection}
            for number, risk in enumerate(("a", "b", "c")):
                job = self.add(
                    f"{name} done {risk}", "classify", status="completed", finished_at=now,
                    attempts=1, row_number=number + 1, **of,
                )  # fmt: skip
                make_output(job, {"category": "motor" if risk == "a" else "home"})
                make_charge(job, created_at=now)
            failed = f"{name} failed"
            self.add(failed, "classify", status="failed", finished_at=now, attempts=1, **of)
            self.fail(failed)
        running = {"collection": kept["running"]}
        for name in ("seeding", "trial"):
            self.add(f"{name} waiting", "classify", not_before=FOR_A_PERSON, collection=kept[name])
        for number, batch in enumerate(there):
            self.add(
                f"running {number}", "classify", status="submitted", batch=batch, attempts=1,
                **running,
            )  # fmt: skip
        first = self.add("running waits", "classify", **running)
        soon = now + timedelta(hours=1)
        self.add("running soon", "classify", needed_by=soon, route="sync", **running)
        self.add("running called", "classify", status="processing", started_at=now, **running)
        self.add("running shares", "classify", answered_by=first.pk, **running)
        self.add(
            "running dropped", "classify", status="submitted", batch=there[0], dropped_at=now,
            attempts=1, **running,
        )  # fmt: skip
        Cancellation.objects.create(collection=kept["seeding"], initiated_at=now)
        Trial.objects.create(collection=kept["trial"], jobs=3)
        for name in ("seeding", "running"):
            Seeding.objects.create(
                collection=kept[name], job_id=first.pk, model="claude-haiku-5-5",
                prefix_sha256=b"x" * 32, prefix_tokens=2_000, prompt_tokens=3_000, rows=5,
                without_usd=Decimal(1), saving_usd=Decimal("0.5"),
                give_up_at=now + timedelta(hours=1),
            )  # fmt: skip
        self.collections = kept

    def add(self, name: str, job_type: str = "summarize", **fields: Any) -> AIJob:
        job = make_job(self.tenant, job_type, now=self.now, reference=name, **fields)
        self.jobs[name] = job
        return job

    def fail(self, name: str) -> None:
        batch = self._batch("settled", ended_at=self.now, submitted_at=self.now)
        JobAttempt.objects.create(
            job=self.jobs[name], number=1, route="batch", error_type="refusal", batch=batch,
            message="It was refused.", ended_at=self.now,
        )  # fmt: skip

    def _batch(self, status: str, **fields: Any) -> Any:
        return make_batch(status, promised_seconds=PROMISED, **fields)

    def _collection(self, name: str) -> Collection:
        return make_collection(
            self.tenant, name, id=new_id(self.now), job_type="classify", total=4,
            columns=["branch", "agent"], created_at=self.now,
        )  # fmt: skip

    def pages(self) -> Iterator[Iterable[str]]:
        """All there are, one address after the other.

        What in an address stands for a row is each that there is of it.
        """
        rows = self.rows
        values = rows.in_addresses | {
            "job_id": [str(job.pk) for job in self.jobs.values()],
            "collection_id": [str(one.pk) for one in self.collections.values()],
            "pk": [str(rows.row)],
            "job_type": ["summarize"],
        }
        for address in OF_TENANTS:
            if not address.is_anthropic_s and not address.path.startswith("/api/ai/"):
                yield address.filled(values)
        yield self._as_people_come_to_them()

    def _as_people_come_to_them(self) -> Iterator[str]:
        """The same pages with what their links put into the addresses."""
        named = {"collections": "apart"}
        running = self.collections["running"].pk
        lists: list[dict[str, Any]] = [
            *({"status": one} for one in ("queued", "in_progress", "completed", "failed")),
            {"q": "fox"},
            {"q": "fox", "collection": running},
            {"view": "cost"},
            named,
            {"collection": running},
            {"tag": "urgent", "by": "test", "from": self.now.date(), "cost_from": "0.1"},
            {"status": "in_progress", "q": "fox", "job_type": "classify"},
        ]
        for one in lists:
            yield f"/?{urlencode(one)}"
            yield f"/read?{urlencode(one)}"
        some = itertools.cycle(lists)
        for job in self.jobs.values():
            yield f"/jobs/{job.pk}?at=quote-1&{urlencode({'list': urlencode(next(some))})}"
        for name in ("done", "analysis"):
            yield f"/read?job={self.jobs[name].pk}"
            yield f"/read?job={self.jobs[name].pk}&unread=1&at=quote-1"
        of_rows: list[dict[str, Any]] = [
            *({"status": one} for one in ("queued", "underway", "completed", "failed")),
            *({"search": "fox"}, {"category": "motor"}, {"reason": "refusal"}, {"row": 2}),
        ]
        for collection in self.collections.values():
            yield from (f"/collections/{collection.pk}?{urlencode(one)}" for one in of_rows)
        ids = "&".join(f"job={job.pk}" for job in [*self.jobs.values()][:25])
        yield f"/jobs/expected?{ids}"
        yield "/jobs/new?example=true"
        yield from (f"/usage?month={self.now:%Y-%m}", "/usage?tab=year")
        yield f"/usage/whatif?model=claude-sonnet-5&from={self.now.date()}&to={self.now.date()}"


class Newcomer:
    """A workspace that has queued something, and has no answer yet."""

    def __init__(self) -> None:
        self.rows, now = Belongings("new", timedelta(milliseconds=1)), timezone.now()
        self.rows.sign_up()
        running = make_batch("submitted", promised_seconds=PROMISED)
        single = make_job(self.rows.tenant, now=now, needed_by=now + timedelta(hours=30))
        make_job(self.rows.tenant, now=now, status="submitted", batch=running, attempts=1)
        make_job(self.rows.tenant, now=now, answered_by=single.pk)
        collection = make_collection(self.rows.tenant, id=new_id(now), total=1)
        make_job(self.rows.tenant, now=now, collection=collection)

    def pages(self) -> Iterator[Iterable[str]]:
        yield ("/", "/?status=queued", "/?status=in_progress", "/?collections=apart")


class Listener:
    """Hears what is asked of the database. Tests run in a transaction: others are savepoints."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if not re.match("(RELEASE )?SAVEPOINT", sql):
            self.heard.append(sql)
        return execute(sql, params, many, context)


def _what_pages_ask(world: World | Newcomer) -> dict[str, list[str]]:
    """By the address of each page; what is no page is left out."""
    client, found = world.rows.browser(), {}
    for paths in world.pages():
        for path in paths:
            listener = Listener()
            with connection.execute_wrapper(listener):
                response = client.get(path)
            if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                break
            is_page = response.headers.get("Content-Type", "").startswith("text/html")
            if is_page and response.status_code == HTTPStatus.OK:
                found[path] = listener.heard
    return found


def test_every_page_asks_ten_times_at_most(settings: Settings) -> None:
    settings.AIJOBS_MONTHLY_LIMIT_USD = Decimal(1_000_000)
    shown = _what_pages_ask(World())
    assert len(shown) > 200
    shown |= _what_pages_ask(Newcomer())
    asked = {path: len(found) for path, found in shown.items()}
    assert {path: times for path, times in asked.items() if times > MOST} == EXCEPTIONS
