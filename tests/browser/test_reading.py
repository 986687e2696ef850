"""Reading results: by keyboard, from a quotation to its passage, on paper, on a small phone."""

import json
import re
import time
from typing import Any
from urllib.request import Request, urlopen

import docx
import pytest
from playwright.sync_api import Page, expect

from tests.ground import Site

pytestmark = pytest.mark.browser

SECONDS = 60_000
SENTENCE = "The insured must report hail damage within one week of the loss."
POLICY = " ".join(f"{SENTENCE} This is clause {n}." for n in range(1, 900))
NAME = "Versicherungspolice_" + "x" * 176 + ".txt"


def call(site: Site, path: str, body: dict[str, Any] | None = None) -> Any:
    request = Request(
        f"{site.url}/api/ai/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {site.api_key}",
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=60) as response:
        return json.load(response)


def finished(site: Site, path: str) -> Any:
    end = time.monotonic() + SECONDS / 1000
    while time.monotonic() < end:
        found = call(site, path)
        if found.get("status") == "completed" or found.get("counts", {}).get("completed", 0) >= 5:
            return found
        time.sleep(0.3)
    raise AssertionError(found)


def heading(page: Page) -> Any:
    return page.locator("h1")


def test_five_results_are_read_by_keyboard_one_corrected_and_one_commented(
    signed_in: Page, live_site: Site
) -> None:
    page = signed_in
    items = [
        {"document_text": f"Letter {n} about hail.", "reference": f"Claim {n}"} for n in range(1, 6)
    ]
    body = {
        "name": f"Claims {time.time_ns()}",
        "job_type": "classify",
        "items": items,
        "defaults": {"categories": ["motor", "home"]},
    }
    made = call(live_site, "collections", body)["collection_id"]
    finished(live_site, f"collections/{made}")

    page.goto(f"/read?collection={made}&order=rows")
    page.evaluate("window.unreloaded = true")
    expect(heading(page)).to_have_text("Claim 1")
    for number in range(2, 6):
        page.keyboard.press("j")
        expect(heading(page)).to_have_text(f"Claim {number}")
        expect(page.locator(".place")).to_have_text(f"{number} of 5")
    page.keyboard.press("k")
    expect(heading(page)).to_have_text("Claim 4")
    page.go_back()
    expect(heading(page)).to_have_text("Claim 5")
    assert page.evaluate("window.unreloaded === true")

    # Mark as read, and go on with what is unread.
    page.keyboard.press("k")
    expect(heading(page)).to_have_text("Claim 4")
    page.keyboard.press("m")
    expect(heading(page)).to_have_text("Claim 5")
    expect(page.get_by_role("link", name="Unread 4")).to_be_visible()

    chosen = page.locator(".categories .chosen").first.inner_text().split()[0]
    other = "home" if chosen == "motor" else "motor"
    page.keyboard.press("e")
    expect(page.get_by_role("radio", name=other)).to_be_visible()
    page.get_by_role("radio", name=other).check()
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_text("Corrected by demo")).to_be_visible()
    page.wait_for_load_state()
    expect(page.locator("#answer-text .chosen")).to_contain_text(other)
    expect(heading(page)).to_have_text("Claim 5")

    page.keyboard.press("c")
    expect(page.locator("#comment-text")).to_be_focused()
    page.keyboard.type("It is about a house.")
    page.get_by_role("button", name="Save the comment").click()
    expect(page.locator(".comments")).to_contain_text("It is about a house.")
    page.get_by_role("link", name="Unread 4").click()
    expect(page.locator(".place")).to_contain_text("of 4")


def test_a_quotation_leads_to_its_passage(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    body = {"document_text": POLICY, "reference": f"Policy {time.time_ns()}", "needed_within": 0}
    job = call(live_site, "analyze", body)["job_id"]
    result = finished(live_site, f"jobs/{job}")["result"]
    quotes = [one["quote"] for one in result["findings"] if one["quote"]]
    assert quotes
    page.set_viewport_size({"width": 1280, "height": 700})
    page.goto(f"/jobs/{job}?at=part-2")
    page.evaluate("window.unreloaded = true")
    page.locator("blockquote a").first.click()
    mark = page.locator("mark.here")
    expect(mark).to_be_in_viewport()
    expect(mark).to_be_focused()
    assert re.sub(r"\s+", " ", mark.inner_text()) in quotes[0]
    assert page.evaluate("window.unreloaded === true")
    # The two panes scroll by themselves: the quotation is still in sight beside its passage.
    expect(page.locator("blockquote a").first).to_be_in_viewport()


def test_an_answer_is_copied_and_downloaded(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    body = {"document_text": f"{POLICY[:2_000]} {time.time_ns()}", "needed_within": 0}
    job = call(live_site, "summarize", body)["job_id"]
    summary = finished(live_site, f"jobs/{job}")["result"]["summary"]
    page.goto(f"/jobs/{job}")
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split()[:9] == summary.split()[:9]
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Word")).click()
    paragraphs = [one.text for one in docx.Document(str(download.value.path())).paragraphs]
    assert summary.split(".")[0] in " ".join(paragraphs)


def test_a_long_name_fits_a_small_phone_and_paper_shows_what_matters(
    signed_in: Page, live_site: Site
) -> None:
    page = signed_in
    page.goto("/jobs/new")
    page.locator('input[type="file"]').set_input_files(
        {"name": NAME, "mimeType": "text/plain", "buffer": (POLICY[:3_000]).encode()}
    )
    page.get_by_role("button", name="Queue document").click()
    expect(page).to_have_url(re.compile("/jobs/[0-9a-f-]{36}$"))
    expect(page.locator(".page-head")).to_contain_text("Done", timeout=SECONDS)
    address = page.url
    for width in (320, 390, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        for path in (address, address.replace("/jobs/", "/read?job=")):
            page.goto(path)
            expect(heading(page)).to_contain_text("Versicherungspolice")
            over = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert over <= 0, (width, path)
            cards = page.locator(".card").evaluate_all(
                "all => all.map(one => one.getBoundingClientRect())"
                ".map(({left, right, top, bottom}) => [left, right, top, bottom])"
            )
            for number, (left, right, top, bottom) in enumerate(cards):
                for other in cards[number + 1 :]:
                    apart = right <= other[0] or other[1] <= left
                    assert apart or bottom <= other[2] or other[3] <= top, (width, path)
    page.goto(address)
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    expect(page.locator("#document-text")).to_be_visible()
    for gone in (".side", ".tools", ".page-head .actions", ".comment", ".reviewing"):
        for one in page.locator(gone).all():
            expect(one).to_be_hidden()
    box = page.locator("#document-text")
    assert box.evaluate("one => one.scrollHeight <= one.clientHeight + 1")
