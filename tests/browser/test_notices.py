"""Who looks elsewhere is told: by the title of the tab, and by a notice where it was asked for."""

import json
import re
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_draft import queue
from tests.ground import Site

pytestmark = pytest.mark.browser

# What a browser has, and a headless one shows nobody.
RECORDED = """
window.shown = [];
window.Notification = class extends EventTarget {
  static permission = "default";
  static async requestPermission() { return (this.permission = "granted"); }
  constructor(title, options) { super(); window.shown.push(options.body); }
  close() {}
};
Notification.permission = localStorage.getItem("allowed") ? "granted" : "default";
"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_counts_what_has_ended_and_shows_a_notice(
    signed_in: Page, live_site: Site
) -> None:
    page = signed_in
    page.add_init_script(RECORDED)
    page.goto("/settings/notices")
    part = page.locator("[data-browser-notices]")
    part.get_by_role("button", name="Switch on").click()
    expect(part).to_contain_text("They are on in this browser.")
    page.evaluate("localStorage.setItem('allowed', '1')")

    page.goto("/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    title = page.title()
    page.evaluate(HIDE, True)
    page.wait_for_timeout(500)
    queue(live_site, "summarize", document_text="The insurer pays for hail, says the notice.")
    expect(page).to_have_title(re.compile(r"^\(\d+\) "), timeout=20_000)
    shown = page.evaluate("window.shown")
    assert shown
    assert re.search(r"jobs? (is|are) done", shown[-1])
    assert "hail" not in " ".join(shown)
    page.evaluate(HIDE, False)
    expect(page).to_have_title(title)


def test_the_countdown_ticks_and_send_now_sends(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    queue_later(live_site)
    page.goto("/")
    part = page.locator(".next-batch")
    expect(part.locator("[data-countdown]")).to_have_text(re.compile(r"in \d+:\d\d|now"))


def queue_later(site: Site) -> None:
    request = Request(
        f"{site.url}/api/ai/summarize",
        json.dumps({"document_text": "It can wait.", "fresh": True}).encode(),
        {"Authorization": f"Bearer {site.api_key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=20) as answer:
        assert answer.status == 202
