"""Two customers side by side, each in a browser of their own: nobody sees a trace of the other."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.arriving import arrive, is_live, leave_the_door
from tests.browser.people import add_tenant
from tests.ground import Site

pytestmark = pytest.mark.browser

SECONDS = 60_000  # ms
# In documents of both: a search finds those of one's own.
SHARED = "The insurer pays for hail"


@dataclass
class Customer:
    """A page of somebody who owns a workspace, and a word that is in all of its work."""

    page: Page
    key: str
    word: str


@contextmanager
def customer(browser: Browser, site: Site) -> Iterator[Customer]:
    name = add_tenant(site)
    context = browser.new_context(base_url=site.url)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail or username").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Sign in").click()
    leave_the_door(page)
    page.goto("/settings/keys")
    page.get_by_label("Name").fill("A program")
    page.get_by_role("button", name=re.compile("Make")).click()
    key = page.locator(".secret code").first.inner_text()
    yield Customer(page, key, name)
    context.close()


@pytest.fixture
def both(browser: Browser, live_site: Site) -> Iterator[list[Customer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(customer(browser, live_site)) for _ in range(2)]


def post(site: Site, one: Customer, path: str, body: Mapping[str, Any]) -> dict[str, str]:
    request = Request(
        f"{site.url}/api/ai/{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {one.key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as response:
        answer: dict[str, str] = json.load(response)
    return answer


def show_new(page: Page) -> None:
    """What is new is shown, where rows stand already and wait to be asked for.

    In one step of the page: it may have come by itself before a pointer is there.
    """
    page.evaluate("document.querySelector('[data-show-new]')?.click()")


def test_each_sees_its_own_work_and_none_of_the_other(
    both: list[Customer], live_site: Site
) -> None:
    for one in both:
        one.page.goto("/?collections=apart")
        is_live(one.page)
    # Both at once, and not equally many: a count tells whose it is.
    jobs: dict[str, list[str]] = {one.word: [] for one in both}
    for number in range(3):
        for one, most in zip(both, (2, 3), strict=True):
            if number < most:
                text = {"document_text": f"{SHARED}, says {one.word}, part {number}. " * 3}
                named = text | {"reference": f"{one.word}-{number}"}
                jobs[one.word].append(post(live_site, one, "summarize", named)["job_id"])
    made = {}
    for one in both:
        items = [{"text": f"{SHARED}. {one.word}", "reference": f"{one.word}-of-a-list"}]
        body: dict[str, Any] = {
            "name": f"Letters of {one.word}",
            "job_type": "classify",
            "items": items,
        }
        options = {"defaults": {"categories": ["motor", "home"]}}
        made[one.word] = post(live_site, one, "collections", body | options)["collection_id"]

    for one, other in (both, both[::-1]):
        page, own = one.page, jobs[one.word]
        # Live: nothing was loaded since the work was queued.
        for job in own:
            expect(
                page.locator(f'[data-key="{job}"]').or_(page.locator("[data-show-new]")).first
            ).to_be_visible(timeout=SECONDS)
            show_new(page)
            expect(page.locator(f'[data-key="{job}"]')).to_contain_text("Done", timeout=SECONDS)
        expect(page.locator("#jobs")).not_to_contain_text(other.word)
        # Tabs count one's own, and so does the line above the list.
        count = len(own) + 1
        expect(page.locator("#tabs")).to_contain_text(
            re.compile(rf"Done\s+{count}(?!\d)"), timeout=SECONDS
        )
        expect(page.locator("#total")).to_have_text(re.compile(rf"^\s*{count} jobs"))

        # A search for what stands in documents of both. The index is written a moment later.
        deadline = time.monotonic() + SECONDS / 1000
        page.goto("/?q=hail&collections=apart")
        while page.locator("#jobs tr[data-key]").count() < count and time.monotonic() < deadline:
            time.sleep(1)
            page.reload()
        expect(page.locator("#total")).to_have_text(re.compile(rf"^\s*{count} jobs found"))
        expect(page.locator("main")).not_to_contain_text(other.word)
        page.goto(f"/?q={other.word}")
        expect(page.locator("#jobs tr[data-key]")).to_have_count(0)

        page.goto("/collections/")
        expect(page.locator("main")).to_contain_text(f"Letters of {one.word}")
        expect(page.locator("main")).not_to_contain_text(other.word)
        for address in (f"/jobs/{jobs[other.word][0]}", f"/collections/{made[other.word]}"):
            response = page.goto(address)
            assert response
            assert response.status == 404

        page.goto("/usage")
        page.keyboard.press("Control+k")
        field = page.get_by_role("combobox", name="Search or jump to")
        told = page.locator("#command [data-told]")
        field.fill(other.word)
        expect(told).to_have_text("Nothing is called so.")
        field.fill(f"{one.word}-0")
        expect(page.get_by_role("option", name=f"{one.word}-0")).to_be_visible()
        page.keyboard.press("Enter")
        arrive(page, re.compile(own[0]))
