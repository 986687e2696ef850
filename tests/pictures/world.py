"""A product with something on every page: what pictures show, and what is looked over."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Page

from tests.ground import Site
from tests.pictures import office, papers
from tests.pictures.states import STATES

# Batches leave soon, and nothing that the pages name is in a hurry.
PACE = {"AIJOBS_SUBMIT_EVERY": "1", "AIJOBS_POLL_EVERY": "1", "AIJOBS_API_RATE": "10000"}
OWNER, NEWCOMER, STAFF = "demo", "nora", "admin"
LONG_NAME = "Rahmenvertrag_Betriebshaftpflicht_" * 6 + ".txt"
RIGHT_TO_LEFT = "פוליסה לביטוח דירה 4711"


@dataclass
class World:
    """The addresses of what there is."""

    url: str
    jobs: dict[str, str] = field(default_factory=dict)
    collections: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    """Names and addresses of what else the owner has."""
    staff: dict[str, str] = field(default_factory=dict)
    """Names and addresses of what staff look into."""
    state: str = ""
    """What is in the workspace's way: one of STATES."""
    people: tuple[str, ...] = ("", OWNER, NEWCOMER, STAFF)

    def pages(self, person: str) -> Iterator[tuple[str, str]]:
        """Names and addresses of the pages that somebody looks at; "" is a stranger."""
        if self.state:
            state = STATES[self.state]
            yield from {OWNER: state.owner | self.made, STAFF: state.staff}.get(person, {}).items()
            return
        if person != OWNER:
            others = {"": OF_A_STRANGER, NEWCOMER: OF_A_NEWCOMER, STAFF: OF_STAFF | self.staff}
            yield from others[person].items()
            return
        yield from (OF_AN_OWNER | self.made).items()
        yield from ((f"job-{name}", f"/jobs/{job}") for name, job in self.jobs.items())
        for name, collection in self.collections.items():
            yield f"collection-{name}", f"/collections/{collection}"
        for act in ("again", "erase"):
            yield f"job-{act}", f"/jobs/{self.jobs['analysis']}/{act}"
        for act, name in ACTS.items():
            yield f"collection-{act}", f"/collections/{self.collections[name]}/{act}"
        yield "reading-desk", f"/read?collection={self.collections['policies']}&order=rows"


OF_A_STRANGER = {
    "sign-in": "/sign-in",
    "docs": "/api/docs",
    "docs-jobs": "/api/docs/jobs",
    "docs-guide": "/api/docs/guides/quickstart",
    "problem": "/problems/",
    "forgotten": "/sign-in/forgotten",
    "not-there": "/nothing-here",
}
OF_A_NEWCOMER = {
    "home-empty": "/",
    "collections-empty": "/collections/",
    "usage-empty": "/usage",
    "views-empty": "/views/",
    "operations-empty": "/operations/",
    "reading-empty": "/read",
}
OF_AN_OWNER = {
    "jobs": "/",
    "jobs-failed": "/?status=failed",
    "jobs-each": "/?collections=apart",
    "jobs-found": "/?q=parquet",
    "jobs-costs": "/?view=cost&collections=apart",
    "new-job": "/jobs/new",
    "new-job-example": "/jobs/new?example=true",
    "new-collection": "/collections/new",
    "collections": "/collections/",
    "usage": "/usage",
    "whatif": "/usage/whatif",
    "mailbox": "/mailbox",
    "settings": "/settings/",
    "views": "/views/",
    "operations": "/operations/",
    "refused": "/?status=nonsense",
    "password": "/settings/security/password",
    "address": "/settings/security/address",
    **{
        name: f"/settings/{name}"
        for name in (
            *("general", "people", "keys", "webhooks", "budget", "defaults", "categories/new"),
            *("deadlines", "repeats", "long-prompts", "audit"),
            *("notices", "you/dates", "security", "security/app", "sessions"),
        )
    },
}
OF_STAFF = {
    "admin": "/admin/",
    "admin-batches": "/admin/aijobs/batch/",
    "admin-turnaround": "/admin/aijobs/batch/turnaround/",
    "admin-jobs": "/admin/aijobs/aijob/",
    "admin-collections": "/admin/aijobs/collection/",
    "admin-spending": "/admin/aijobs/usagerollup/",
    "admin-charges": "/admin/aijobs/ledgerentry/",
    "admin-tenants": "/admin/tenants/tenant/",
}
# What can be done to a collection, and the one whose page is looked at.
ACTS = {
    "compare": "done",
    "again": "done",
    "retry": "failed",
    "cancel": "busy",
    "erase": "busy",
}


def fill(site: Site, *, large: int = 10_000) -> World:
    """Queue work of every kind through the API, and wait until all but the held has ended."""
    filled, api = World(site.url), Api(site)
    site.emulator.release()
    claims = [{"text": text, "reference": name} for name, text in papers.claims(500)]
    options = {"categories": papers.CATEGORIES}
    earlier = [{"text": text, "reference": name} for name, text in papers.claims(500, seed=6)]
    api.collection("Claims of October", "classify", earlier[:80], options)
    filled.collections["done"] = api.collection("Claims of October", "classify", claims, options)
    policies = [{"policy_text": text, "reference": name} for name, text in papers.policies(40)]
    filled.collections["policies"] = api.collection("Policies to renew", "analyze", policies)
    bad = [
        {"text": f"{text} [[emulate:errored:invalid_request_error]]" if n % 4 == 0 else text}
        for n, (_, text) in enumerate(papers.claims(12, seed=3))
    ]
    filled.collections["failed"] = api.collection("Claims by fax", "classify", bad, options)
    if large:
        many = [{"text": text, "reference": name} for name, text in papers.claims(large, seed=4)]
        filled.collections["large"] = api.collection(
            "All claims of 2025", "classify", many, options
        )
    (_, policy), *_ = papers.policies(1, seed=9)
    filled.jobs["analysis"] = api.job("analyze", {"policy_text": policy, "reference": "POL-4711"})
    filled.jobs["summary"] = api.job("summarize", {"document_text": policy, "max_length": 60})
    filled.jobs["long-name"] = api.job(
        "summarize", {"document_text": policy, "reference": LONG_NAME[:200]}
    )
    filled.jobs["right-to-left"] = api.job(
        "classify", {"text": RIGHT_TO_LEFT, "reference": RIGHT_TO_LEFT} | options
    )
    filled.jobs["failed"] = api.job(
        "summarize",
        {"document_text": f"{policy} [[emulate:errored:invalid_request_error]]"},
    )
    _await_rest(site)
    site.emulator.hold()
    held = [{"text": text, "reference": name} for name, text in papers.claims(120, seed=5)]
    filled.collections["busy"] = api.collection("Claims of November", "classify", held, options)
    filled.jobs["in-progress"] = api.job("summarize", {"document_text": policy + " Again."})
    _await_sent(site, filled.jobs["in-progress"])
    filled.jobs["waiting"] = api.job(
        "summarize", {"document_text": policy + " Once more.", "needed_within": 80_000}
    )
    filled.made = office.fill(site, filled.jobs)
    with site.database() as database:
        for name in ("batch", "aijob", "collection"):
            newest = database.execute(
                f"SELECT id::text FROM aijobs_{name} ORDER BY aijobs_{name}.id DESC LIMIT 1"
            ).fetchone()
            assert newest
            filled.staff[f"admin-{name}"] = f"/admin/aijobs/{name}/{newest[0]}/change/"
    _newcomer(site)
    return filled


def begin(site: Site, filled: World, state: str) -> None:
    """One of STATES begins; from now on its pages are those of the world."""
    filled.made = STATES[state].begin(site, Api(site).collection)
    filled.state = state


class Api:
    """The REST API of a product, as its demo workspace calls it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def post(self, path: str, body: object) -> dict[str, Any]:
        request = Request(
            f"{self._site.url}/api/ai/{path}",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._site.api_key}",
                "Content-Type": "application/json",
            },
        )
        with urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def job(self, job_type: str, body: dict[str, Any]) -> str:
        """Queue one job; returns its id."""
        return str(self.post(job_type, body)["job_id"])

    def collection(
        self, name: str, job_type: str, items: list[Any], defaults: dict[str, Any] | None = None
    ) -> str:
        """Queue a collection; returns its id."""
        body = {"name": name, "job_type": job_type, "items": items, "defaults": defaults or {}}
        return str(self.post("collections", body)["collection_id"])


def sign_in(page: Page, person: str) -> None:
    """Sign in as somebody of local mode, whose password is the name."""
    page.goto("/sign-in")
    page.locator("form").first.locator("input:not([type=hidden])").first.fill(person)
    page.locator("input[type=password]").first.fill(person)
    page.locator("form").first.get_by_role("button").first.click()
    # On a telephone it is in the menu, which is closed.
    page.locator(".side-actions form").wait_for(state="attached")


def _await_rest(site: Site, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    with site.database() as database:
        while database.execute(
            "SELECT 1 FROM aijobs_aijob WHERE status IN ('queued', 'submitted', 'processing')"
        ).fetchone():
            assert time.monotonic() < deadline, site.said()
            time.sleep(0.3)


def _await_sent(site: Site, job: str, seconds: float = 120) -> None:
    """Return when this job is with Claude, and so is what was queued before it."""
    deadline = time.monotonic() + seconds
    with site.database() as database:
        while not database.execute(
            "SELECT 1 FROM aijobs_aijob WHERE id = %s AND status <> 'queued'", [job]
        ).fetchone():
            assert time.monotonic() < deadline, site.said()
            time.sleep(0.3)


def _newcomer(site: Site) -> None:
    """A person of a workspace that has nothing yet."""
    with site.database() as database:
        tenant = database.execute(
            "INSERT INTO tenants_tenant (name, slug, is_active, is_demo, created_at)"
            " VALUES ('Alpine Mutual', 'alpine', true, false, now()) RETURNING id"
        ).fetchone()
        person = database.execute(
            "INSERT INTO tenants_user (username, password, email, first_name, last_name,"
            " is_active, is_staff, is_superuser, date_joined)"
            " VALUES (%s, %s, '', '', '', true, false, false, now()) RETURNING id",
            (NEWCOMER, PBKDF2PasswordHasher().encode(NEWCOMER, NEWCOMER)),
        ).fetchone()
        assert tenant
        assert person
        database.execute(
            "INSERT INTO tenants_membership (tenant_id, user_id, role, created_at)"
            " VALUES (%s, %s, 'owner', now())",
            (tenant[0], person[0]),
        )
