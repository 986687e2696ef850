"""Who looks elsewhere is told: by the title of the tab, and by a notice where it was asked for."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.arriving import is_live
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
    is_live(page)
    title = page.title()
    with page.expect_response("**/notices/open"):  # What was open when the tab was left.
        page.evaluate(HIDE, True)
    queue(live_site, "summarize", document_text="The insurer pays for hail, says the notice.")
    expect(page).to_have_title(re.compile(r"^\(\d+\) "), timeout=60_000)
    page.wait_for_function("window.shown.length")
    shown = page.evaluate("window.shown")
    assert re.search(r"jobs? (is|are) done", shown[-1])
    assert "hail" not in " ".join(shown)
    page.evaluate(HIDE, False)
    expect(page).to_have_title(title)


def test_what_counts_down_ticks_and_ends(signed_in: Page) -> None:
    """The product of these tests sends so often that nobody would see it wait."""
    page = signed_in
    page.evaluate(
        """() => {
          const at = new Date(Date.now() + 63_000).toISOString();
          const soon = new Date(Date.now() + 4_000).toISOString();
          document.querySelector("h1").insertAdjacentHTML("afterend", `
            <b id="later" data-countdown="${at}">at noon</b>
            <b id="soon" data-countdown="${soon}">at noon</b>`);
        }"""
    )
    later, clock = page.locator("#later"), re.compile(r"^in [01]:\d\d$")
    expect(later).to_have_text(clock)
    first = later.inner_text()
    expect(later).not_to_have_text(first)
    expect(later).to_have_text(clock)
    assert later.inner_text() < first
    expect(page.locator("#soon")).to_have_text("now")
