"""On a telephone with a slow line: the list is live, the menu opens, a job is queued and read."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.arriving import arrive, is_live, leave_the_door
from tests.browser.test_journey import BATCH_SECONDS
from tests.ground import Site

pytestmark = pytest.mark.browser

# A train between two towns.
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 25_000}


@pytest.fixture
def phone(browser: Browser, live_site: Site) -> Iterator[Page]:
    context = browser.new_context(
        base_url=live_site.url,
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").tap()
    leave_the_door(page)
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    yield page
    context.close()


def test_a_job_is_queued_and_read_on_a_slow_phone(phone: Page) -> None:
    page = phone
    page.goto("/")
    is_live(page)
    menu = page.get_by_role("button", name="Menu")
    menu.tap()
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Collections").tap()
    arrive(page, re.compile("/collections/$"))
    page.goto("/jobs/new")
    page.get_by_label("Document", exact=True).fill("Hail on a roof is insured. " * 40)
    page.get_by_role("button", name="Queue document").tap()
    expect(page).to_have_url(re.compile("/jobs/[0-9a-f-]{36}$"), timeout=60_000)
    expect(page.locator(".page-head")).to_contain_text("Done", timeout=BATCH_SECONDS)
    expect(page.locator("main")).to_contain_text("Emulated answer")
    # Text and answer can be reached without moving sideways.
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
