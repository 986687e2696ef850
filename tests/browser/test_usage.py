"""What a day in a chart stands for is read by keyboard, and the page fits the smallest phone."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_draft import queue
from tests.ground import Site

pytestmark = pytest.mark.browser


def test_days_are_read_by_keyboard(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    job = queue(live_site, "summarize", document_text="The insurer pays for hail and wind.")
    page.goto(f"/jobs/{job}")
    expect(page.locator(".page-head")).to_contain_text("Done", timeout=60_000)
    page.goto("/usage?days=7")
    chart = page.locator("[data-chart]").first
    # One stop of the Tab key: the newest day of which there is anything to say.
    assert chart.locator("[tabindex='0']").count() == 1
    today = chart.locator("[tabindex='0']")
    today.focus()
    tip = chart.locator(".tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(re.compile(r"\$\d.*spent"))
    expect(today).to_have_accessible_name(re.compile(r"\w+ \d+: \$\d.* spent, \$\d.* saved"))
    first = tip.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(tip).not_to_have_text(first)
    page.keyboard.press("Home")
    expect(chart.locator("[data-day]").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_no_width_makes_it_wider_than_the_screen(signed_in: Page) -> None:
    page = signed_in
    for path in ("/usage", "/settings/notices", "/settings/defaults", "/"):
        page.goto(path)
        for width in (1_280, 1_024, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            time.sleep(0.1)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                path,
                width,
            )
