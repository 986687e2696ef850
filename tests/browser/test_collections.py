"""A collection as a person works on it: run again with other settings, compared, canceled."""

import csv
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.ground import Emulator, Site

pytestmark = pytest.mark.browser

BATCH_SECONDS = 60_000
CATEGORIES = ["motor", "home", "travel"]


def queue(site: Site, name: str, rows: int = 6, marks: Mapping[int, str] | None = None) -> str:
    """A collection of letters; returns its id. `marks`: what becomes of some, for the emulator."""
    marks = marks or {}
    items: list[dict[str, Any]] = [
        {
            "text": f"Letter {number} about {name}. " * 5 + marks.get(number, ""),
            "reference": f"P-{number}",
        }
        for number in range(rows)
    ]
    body = {"name": name, "job_type": "classify", "items": items}
    request = Request(
        f"{site.url}/api/ai/collections",
        data=json.dumps(body | {"defaults": {"categories": CATEGORIES}}).encode(),
        headers={"Authorization": f"Bearer {site.api_key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as response:
        return str(json.load(response)["collection_id"])


def test_a_collection_is_run_again_with_other_settings_and_compared(
    signed_in: Page, live_site: Site
) -> None:
    page = signed_in
    first = queue(live_site, f"Run {time.time_ns()}")
    page.goto(f"/collections/{first}")
    expect(page.locator(".progress")).to_contain_text("All done.", timeout=BATCH_SECONDS)
    page.locator("summary", has_text="More").click()
    page.get_by_role("link", name=re.compile("Run again")).click()
    page.get_by_label("Categories").fill("\n".join(f"other {one}" for one in CATEGORIES))
    page.get_by_role("button", name="Show price").click()
    page.get_by_role("button", name=re.compile("^Queue 6 documents")).click()
    expect(page).to_have_url(re.compile("/collections/[0-9a-f-]{36}$"))
    assert first not in page.url
    expect(page.locator(".progress")).to_contain_text("All done.", timeout=BATCH_SECONDS)

    page.get_by_role("link", name="Compare").click()
    expect(page.locator("main")).to_contain_text("6 of 6 rows changed")
    expect(page.locator("main")).to_contain_text("Rows are matched by reference.")
    page.locator(".bars a").first.click()
    expect(page.locator(".filtered")).to_contain_text("before")
    with page.expect_download() as download:
        page.get_by_role("link", name="Changed rows as CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 7


def test_what_failed_is_tried_again_and_the_answers_are_taken_along(
    signed_in: Page, live_site: Site
) -> None:
    page = signed_in
    marks = dict.fromkeys((1, 4), "[[emulate:errored:invalid_request_error*1]]")
    made = queue(live_site, f"Fax {time.time_ns()}", marks=marks)
    page.goto(f"/collections/{made}")
    expect(page.locator(".legend")).to_contain_text(re.compile(r"Done\s+4"), timeout=BATCH_SECONDS)
    page.get_by_role("link", name="Try 2 failed again").click()
    expect(page.locator("main")).to_contain_text("Most likely $")
    page.get_by_role("button", name="Queue 2 again").click()
    expect(page.locator(".progress")).to_contain_text("All done.", timeout=BATCH_SECONDS)
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV for Excel").click()
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert [row["reference"] for row in rows] == [f"P-{number}" for number in range(6)]
    assert {row["category"] for row in rows} <= set(CATEGORIES)


def test_what_has_left_is_canceled_with_a_choice(
    signed_in: Page, live_site: Site, held: Emulator
) -> None:
    page = signed_in
    name = f"Hail {time.time_ns()}"
    made = queue(live_site, name)
    page.goto(f"/collections/{made}")
    expect(page.locator(".legend")).to_contain_text("In progress", timeout=BATCH_SECONDS)
    # In a batch that is not sent yet, they could still be taken back for nothing.
    deadline = time.monotonic() + BATCH_SECONDS / 1000
    while all(batch["ended_at"] for batch in held.control("GET", "batches")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page.locator("summary", has_text="More").click()
    page.get_by_role("link", name=re.compile("^Cancel")).click()
    expect(page.locator("main")).to_contain_text("left for Claude already")
    page.get_by_label(re.compile("^Do not keep")).check()
    page.locator("form .danger").click()
    expect(page.locator("main")).to_contain_text("their answers are not kept.")
    expect(page.locator("main")).to_contain_text("Of 6 with Claude the answers will not be kept")
    held.release()
    expect(page.locator(".progress-head")).to_contain_text("6 canceled", timeout=BATCH_SECONDS)
    expect(page.locator(".sums")).to_contain_text("$")


def test_what_drops_down_closes_and_the_link_is_copied(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    made = queue(live_site, f"Link {time.time_ns()}", rows=2)
    page.goto(f"/collections/{made}?status=failed&page=2")
    more = page.locator("details", has=page.locator("summary", has_text="More"))
    more.locator("summary").click()
    page.get_by_role("button", name=re.compile("Copy link")).click()
    expect(more).to_contain_text("Link copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"/collections/{made}?status=failed")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("Link copied"))).to_be_hidden()
    expect(more.locator("summary")).to_be_focused()
