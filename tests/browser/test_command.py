"""The command menu: by keyboard alone, to a page, to an action, to a job by its reference."""

import json
import re
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.arriving import arrive
from tests.ground import Site

pytestmark = pytest.mark.browser


def queue(site: Site, reference: str) -> str:
    request = Request(
        f"{site.url}/api/ai/summarize",
        data=json.dumps({"document_text": "Hail.", "reference": reference}).encode(),
        headers={"Authorization": f"Bearer {site.api_key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as response:
        job: str = json.load(response)["job_id"]
        return job


def test_everything_is_reached_by_keyboard(signed_in: Page, live_site: Site) -> None:
    page, job = signed_in, queue(live_site, "COMMAND-4711")
    field = page.get_by_role("combobox", name="Search or jump to")
    expect(field).to_be_hidden()

    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type("usa")
    options = page.locator("#command").get_by_role("option")
    expect(options).to_have_count(1)
    chosen = field.get_attribute("aria-activedescendant")
    assert options.first.get_attribute("id") == chosen
    page.keyboard.press("Enter")
    arrive(page, re.compile(r"/usage$"))

    page.keyboard.press("Control+k")
    page.keyboard.type("command-47")
    expect(page.locator("#command").get_by_role("option", name="COMMAND-4711")).to_be_visible()
    page.keyboard.press("Enter")
    arrive(page, re.compile(job))

    page.keyboard.press("Control+k")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#command [aria-selected=true]")).to_have_text(re.compile("New collection"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#command [aria-selected=true]")).to_have_text(re.compile("Sign out"))
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()

    before = page.locator("html").get_attribute("data-theme")
    page.keyboard.press("Control+k")
    page.keyboard.type("light or dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).not_to_have_attribute("data-theme", before or "none")


def test_a_name_with_markup_is_text(signed_in: Page, live_site: Site) -> None:
    queue(live_site, "<img src=x onerror=alert(1)>")
    page = signed_in
    page.get_by_role("button", name="Search or jump").click()
    page.keyboard.type("<img")
    expect(page.get_by_role("option", name="<img src=x")).to_be_visible()
    assert page.locator("[role=option] img").count() == 0
