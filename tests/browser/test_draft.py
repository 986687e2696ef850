"""What Claude writes stands on the open page of its job, until the result takes its place."""

import json
import re
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_journey import POLICY
from tests.ground import Site

pytestmark = pytest.mark.browser

MARKUP = "The insurer pays for <b>hail</b> and <img src=x onerror=alert(1)> for nothing else. "


@pytest.fixture
def slow(live_site: Site) -> Iterator[Site]:
    """The product, whose Claude takes its time to write."""
    live_site.emulator.control("POST", "settings", {"latency_message": 15})
    yield live_site
    live_site.emulator.control("POST", "settings", {"latency_message": 0})


def queue(site: Site, kind: str, **given: object) -> str:
    """A job that is needed now; returns its id."""
    request = Request(
        f"{site.url}/api/ai/{kind}",
        json.dumps(given | {"needed_within": 0, "fresh": True}).encode(),
        {"Authorization": f"Bearer {site.api_key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        key: str = json.load(answer)["job_id"]
    return key


def test_a_summary_grows_on_the_page_as_plain_text(signed_in: Page, slow: Site) -> None:
    page = signed_in
    page.goto(f"/jobs/{queue(slow, 'summarize', document_text=MARKUP * 30)}")
    draft = page.locator("[data-draft-text]")
    expect(draft).to_contain_text("<b>hail</b>")
    expect(page.locator("[data-draft-state]")).to_have_text("Claude is writing.")
    begun = draft.inner_text()
    assert draft.locator("*").count() == 0
    expect(draft).not_to_have_text(begun)
    assert draft.inner_text().startswith(begun)
    expect(page.locator(".page-head")).to_contain_text("Done")
    expect(draft).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Emulated answer")


def test_of_an_analysis_the_page_says_how_much_is_written(signed_in: Page, slow: Site) -> None:
    page = signed_in
    page.goto(f"/jobs/{queue(slow, 'analyze', document_text=POLICY * 20)}")
    said = re.compile(r"Claude is writing: [\d,]+ characters so far\.")
    expect(page.locator("[data-draft-state]")).to_have_text(said)
    expect(page.locator("[data-draft-text]")).to_be_hidden()
    expect(page.locator(".page-head")).to_contain_text("Done")
