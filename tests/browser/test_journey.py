"""The main job as a person sees it: the whole product, a real browser, nothing reloaded."""

import csv
import io
import json
import re
import time
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.arriving import arrive, is_live
from tests.ground import Emulator, Site

pytestmark = pytest.mark.browser

POLICY = "The insured must report hail damage within one week. The insurer pays for the repair. "
BATCH_SECONDS = 60_000


def queue_text(page: Page, text: str) -> None:
    page.get_by_role("link", name="New work").first.click()
    arrive(page, re.compile("/jobs/new$"))
    page.get_by_label("Document", exact=True).fill(text)
    page.get_by_role("button", name="Queue document").click()


def status(page: Page) -> Locator:
    """Where a job's page says how it stands."""
    return page.locator(".page-head")


def mark_page(page: Page) -> None:
    """A reload would forget this mark."""
    page.evaluate("window.unreloaded = true")


def was_reloaded(page: Page) -> bool:
    return not page.evaluate("window.unreloaded === true")


def test_a_queued_job_completes_on_the_open_page(signed_in: Page, held: Emulator) -> None:
    page = signed_in
    queue_text(page, POLICY * 20)
    arrive(page, re.compile("/jobs/[0-9a-f-]{36}$"))
    mark_page(page)
    expect(status(page)).to_contain_text("In progress", timeout=BATCH_SECONDS)
    held.release()
    expect(status(page)).to_contain_text("Done", timeout=BATCH_SECONDS)
    expect(page.locator("main")).to_contain_text("Emulated answer")
    expect(page.locator("main")).to_contain_text("Saved by batching")
    assert not was_reloaded(page)


def test_the_dashboard_follows_what_an_api_client_queues(
    signed_in: Page, live_site: Site, held: Emulator
) -> None:
    page = signed_in
    is_live(page)
    mark_page(page)
    name = f"A letter about hail {time.time_ns()}"
    request = Request(
        f"{live_site.url}/api/ai/summarize",
        data=json.dumps({"document_text": f"{name}. {POLICY * 9}"}).encode(),
        headers={
            "Authorization": f"Bearer {live_site.api_key}",
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=60) as response:
        job = json.load(response)["job_id"]
    row = page.locator(f'[data-key="{job}"]')
    # A list that is shown stays as it is until somebody asks; one that is empty does not.
    new = page.locator("[data-show-new]")
    expect(new.or_(row)).to_be_visible()
    # In one step of the page: a list that was empty may have taken them in meanwhile.
    page.evaluate("document.querySelector('[data-show-new]')?.click()")
    expect(row).to_be_visible()
    expect(row).to_contain_text("In progress", timeout=BATCH_SECONDS)
    held.release()
    expect(row).to_contain_text("Done", timeout=BATCH_SECONDS)
    expect(row).to_contain_text("$")
    assert not was_reloaded(page)


def test_a_pause_shows_on_the_open_page_as_long_as_it_lasts(
    signed_in: Page, live_site: Site
) -> None:
    page = signed_in
    is_live(page)
    mark_page(page)
    banner = page.get_by_text("Sending is paused.")
    with live_site.database() as database:
        database.execute(
            "INSERT INTO aijobs_circuitbreaker (reason, message, needs_answer, opened_at,"
            " probe_at, probes, closed_by)"
            " VALUES ('on_hold', '', FALSE, now(), now() + interval '1 hour', 0, '')"
        )
        expect(banner).to_be_visible()
        database.execute("UPDATE aijobs_circuitbreaker SET closed_at = now()")
        expect(banner).to_be_hidden()
    assert not was_reloaded(page)


def test_what_is_wanted_now_overtakes_the_batch(signed_in: Page) -> None:
    page = signed_in
    page.get_by_role("link", name="New work").first.click()
    arrive(page, re.compile("/jobs/new$"))
    page.get_by_label("Document", exact=True).fill(POLICY * 5)
    page.get_by_role("radio", name=re.compile("^Now")).check(force=True)
    page.get_by_role("button", name="Queue document").click()
    expect(status(page)).to_contain_text("Done", timeout=BATCH_SECONDS)
    expect(page.locator("main")).to_contain_text("full price", ignore_case=True)


def test_markup_in_a_document_is_shown_as_text(signed_in: Page) -> None:
    page = signed_in
    attack = '<img src=x onerror="window.attacked = true"><script>window.attacked = true</script>'
    queue_text(page, f"{attack} {POLICY * 5}")
    expect(page.locator("main")).to_contain_text("<script>window.attacked = true</script>")
    expect(status(page)).to_contain_text("Done", timeout=BATCH_SECONDS)
    assert page.evaluate("window.attacked") is None


def test_a_collection_from_a_table_completes_live(signed_in: Page, held: Emulator) -> None:
    page = signed_in
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["text"])
    rows.writerows([f"Hail fell on car {number}; the motor hood is dented."] for number in range(9))
    page.goto("/collections/new")
    page.get_by_label("Name").fill("Claims of May")
    page.get_by_role("radio", name="Classification").check(force=True)
    page.locator("input[type=file]").set_input_files(
        {"name": "claims.csv", "mimeType": "text/csv", "buffer": table.getvalue().encode()}
    )
    page.locator("textarea:visible").first.fill("motor\nhome\ntravel")
    page.locator("textarea:visible").first.blur()
    page.get_by_role("button", name="Queue 9 documents").click()
    arrive(page, re.compile("/collections/[0-9a-f-]{36}$"))
    mark_page(page)
    expect(page.locator("tbody .pill.submitted")).to_have_count(9, timeout=BATCH_SECONDS)
    held.release()
    expect(page.locator("tbody .pill.completed")).to_have_count(9, timeout=BATCH_SECONDS)
    assert not was_reloaded(page)


def test_a_table_with_a_bad_row_queues_nothing_and_names_it(signed_in: Page) -> None:
    page = signed_in
    page.goto("/collections/new")
    page.get_by_label("Name").fill("Half a table")
    page.get_by_role("radio", name="Summary").check(force=True)
    page.locator("input[type=file]").set_input_files(
        {
            "name": "letters.csv",
            "mimeType": "text/csv",
            "buffer": b"document_text,max_length\nA letter.,100\nAnother letter.,none\n",
        }
    )
    errors = page.get_by_label("Rows with errors")
    expect(errors).to_contain_text("1 row: max_length: Must be a whole number. (row 3)")
    expect(page.get_by_role("button", name="Queue collection")).to_be_disabled()
    page.goto("/collections/")
    expect(page.locator("main")).not_to_contain_text("Half a table")


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_is_wider_than_its_window(signed_in: Page, width: int) -> None:
    signed_in.set_viewport_size({"width": width, "height": 844})
    for path in ("/", "/jobs/new", "/collections/", "/collections/new", "/usage", "/usage/whatif"):
        signed_in.goto(path)
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= width, path
