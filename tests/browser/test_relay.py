"""The relay, which tells of changes, dies while a page is open: the page says so, and is right."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from citizenapp.local import locks
from tests.browser.arriving import is_live
from tests.browser.test_loading import queue
from tests.ground import Site

pytestmark = pytest.mark.browser

SECONDS = 90_000  # ms


@pytest.fixture
def silent_relay(live_site: Site) -> Iterator[list[int]]:
    """The processes of the relay, which do nothing any more. Ended, they are started anew."""
    pids = [*locks.holders(live_site.var / "run" / "relay.lock")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield pids
    for pid in pids:
        if pid in locks.holders(live_site.var / "run" / "relay.lock"):
            os.kill(pid, signal.SIGKILL)


def row_of(page: Page, job: str) -> None:
    """Return once the list shows the job. Rows that are read stay until new ones are asked for."""
    row, new = page.locator(f'[data-key="{job}"]'), page.locator("[data-show-new]")
    expect(row.or_(new)).to_be_visible(timeout=SECONDS)
    # In one step of the page: a list that was empty may have taken them in meanwhile.
    page.evaluate("document.querySelector('[data-show-new]')?.click()")
    expect(row).to_be_visible()


def test_a_page_outlives_the_relay_and_shows_what_changed_meanwhile(
    signed_in: Page, live_site: Site, request: pytest.FixtureRequest
) -> None:
    page = signed_in
    page.goto("/?collections=apart")
    is_live(page)
    page.evaluate("window.unreloaded = true")
    sign = page.locator("[data-live-state]")

    pids = request.getfixturevalue("silent_relay")
    expect(sign).to_have_text("Reconnecting", timeout=SECONDS)
    meanwhile = queue(live_site, f"Hail fell at {time.time_ns()}. " * 5)
    row_of(page, meanwhile)
    expect(page.locator(f'[data-key="{meanwhile}"]')).to_contain_text("Done", timeout=SECONDS)
    expect(sign).to_have_text("Reconnecting")

    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    died = queue(live_site, f"Rain fell at {time.time_ns()}. " * 5)
    expect(sign).to_have_text("Live", timeout=SECONDS)
    row_of(page, died)
    expect(page.locator(f'[data-key="{died}"]')).to_contain_text("Done", timeout=SECONDS)
    assert page.evaluate("window.unreloaded === true")
