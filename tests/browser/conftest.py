"""A real Chromium. Where there is none, these tests are skipped and say so."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.arriving import leave_the_door
from tests.ground import Emulator, Site

# Whoever waits for what comes at once has the patience of a busy machine.
SECONDS = 30_000  # ms
expect.set_options(timeout=SECONDS)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--no-sandbox",  # which root can't have
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Not for the session: while Playwright runs, Django takes this thread for an asynchronous one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium, or `make test` as root")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_site: Site) -> Iterator[Page]:
    """A page of a browser that was never here before; relative addresses lead to the product.

    A script error on the page fails the test.
    """
    context = browser.new_context(base_url=live_site.url)
    context.set_default_timeout(SECONDS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


@pytest.fixture
def signed_in(page: Page) -> Page:
    """The page, signed in as the demo user and showing the dashboard."""
    page.goto("/")
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    leave_the_door(page)
    return page


@pytest.fixture
def held(live_site: Site) -> Iterator[Emulator]:
    """The product's emulator, whose batches go on until the test releases them, or ends."""
    live_site.emulator.hold()
    yield live_site.emulator
    live_site.emulator.release()
