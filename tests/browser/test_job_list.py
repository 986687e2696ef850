"""The list of jobs as people work in it: by keys, by ticks, live, and back again."""

import json
import re
import time
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.ground import Emulator, Site

pytestmark = pytest.mark.browser

LETTER = "The insured must report hail damage within one week. "
STAGE_SECONDS = 30_000


def post(site: Site, text: str, **fields: object) -> str:
    request = Request(
        f"{site.url}/api/ai/summarize",
        data=json.dumps({"document_text": f"{text} {LETTER * 4}", **fields}).encode(),
        headers={
            "Authorization": f"Bearer {site.api_key}",
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=20) as response:
        return str(json.load(response)["job_id"])


def a_word() -> str:
    """One that no other test searches for."""
    return f"w{time.time_ns()}"


@pytest.fixture
def signed_in(signed_in: Page) -> Page:
    """The dashboard stands, and nothing navigates any more."""
    expect(signed_in.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    return signed_in


def all_over(site: Site) -> None:
    """Nothing moves any more."""
    deadline = time.monotonic() + 90
    with site.database() as database:
        while time.monotonic() < deadline:
            row = database.execute(
                "SELECT count(*) FROM aijobs_aijob"
                " WHERE status NOT IN ('completed', 'failed', 'canceled')"
            ).fetchone()
            if row == (0,):
                return
            time.sleep(1)
    raise AssertionError("Jobs are still under way.")


def live(page: Page) -> None:
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def keys(page: Page) -> list[str]:
    found: list[str] = page.locator("#jobs tr[data-key]").evaluate_all(
        "rows => rows.map((row) => row.dataset.key)"
    )
    return found


def test_new_rows_move_nothing_until_somebody_asks_for_them(
    signed_in: Page, live_site: Site, held: Emulator
) -> None:
    page, word = signed_in, a_word()
    first = post(live_site, f"First {word}")
    page.goto("/?status=queued&collections=apart")
    live(page)
    row = page.locator(f'[data-key="{first}"]')
    expect(row).to_be_visible()
    before, shown = row.bounding_box(), keys(page)
    post(live_site, f"Second {word}")
    new = page.locator("[data-show-new]")
    expect(new).to_be_visible(timeout=STAGE_SECONDS)
    assert (row.bounding_box(), keys(page)) == (before, shown)
    # What it shows changes in its place, also when it no longer waits.
    expect(row).to_contain_text("In progress", timeout=60_000)
    assert (row.bounding_box(), keys(page)) == (before, shown)
    expect(new).to_be_visible()
    new.click()
    expect(new).to_be_hidden()
    assert first not in keys(page)
    held.release()


def test_a_list_is_worked_through_by_keys(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    jobs = [post(live_site, f"Letter {number}", fresh=True) for number in range(2)]
    page.goto("/?collections=apart")
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f'[data-key="{jobs[0]}"] [data-row-link]')).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator(f'[data-key="{jobs[0]}"] input')).to_be_checked()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/jobs/{jobs[1]}\?list=collections%3Dapart"))
    # Keys work as soon as its script runs.
    live(page)
    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("/$"))
    page.keyboard.press("/")
    expect(page.get_by_label("Search jobs")).to_be_focused()
    # While one types, letters are letters.
    page.keyboard.type("nj?x")
    expect(page.get_by_label("Search jobs")).to_have_value("nj?x")
    page.get_by_label("Search jobs").blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Select the row")


def test_all_that_match_are_found_by_a_word_and_canceled(
    signed_in: Page, live_site: Site, held: Emulator
) -> None:
    page, word = signed_in, a_word()
    with live_site.database() as database:
        # Nothing leaves, so that all can be canceled.
        database.execute(
            "INSERT INTO aijobs_circuitbreaker (reason, message, needs_answer, opened_at,"
            " probe_at, probes, closed_by)"
            " VALUES ('on_hold', '', FALSE, now(), now() + interval '1 hour', 0, '')"
        )
        try:
            for number in range(3):
                post(live_site, f"Letter {number} of {word}")
            page.goto("/")
            deadline = time.monotonic() + 40
            while time.monotonic() < deadline:
                page.get_by_label("Search jobs").fill(word)
                page.get_by_label("Search jobs").press("Enter")
                page.wait_for_load_state()
                if len(keys(page)) == 3:
                    break
                time.sleep(1)
            expect(page).to_have_url(re.compile(rf"\?q={word}$"))
            expect(page.locator("#total")).to_have_text(re.compile("3 jobs found"))
            page.get_by_label("Select all rows of this page").check()
            page.get_by_label("All 3 that match").check()
            page.get_by_role("button", name="Cancel").click()
            page.get_by_role("button", name="Cancel 3 jobs").click()
            expect(page.locator("main")).to_contain_text("Canceled 3.", timeout=60_000)
            page.get_by_role("link", name="Back to the list").click()
            expect(page.locator("#jobs .pill.canceled")).to_have_count(3)
        finally:
            database.execute("UPDATE aijobs_circuitbreaker SET closed_at = now()")


def test_back_shows_what_the_rows_say(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    post(live_site, "A letter to come back to")
    page.goto("/?collections=apart")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Kind").select_option("classify")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("job_type=classify"))
    expect(page.locator(".chips-of-list")).to_contain_text("Kind: Classification")
    page.go_back()
    expect(page).to_have_url(re.compile("collections=apart$"))
    assert page.locator("#kind").input_value() == ""
    assert keys(page)
    page.go_forward()
    assert page.locator("#kind").input_value() == "classify"


def test_after_a_cut_the_page_is_right_and_says_so(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    held: list[WebSocketRoute] = []
    cut = [False]

    def route(socket: WebSocketRoute) -> None:
        if cut[0]:
            socket.close()
            return
        socket.connect_to_server()
        held.append(socket)

    page.route_web_socket("**/ws/jobs/**", route)
    job = post(live_site, "A letter")
    page.goto("/?collections=apart")
    live(page)
    row = page.locator(f'[data-key="{job}"]')
    expect(row).to_contain_text("Done", timeout=60_000)
    for width in (1440, 1024, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        cut[0] = True
        for socket in held:
            socket.close()
        held.clear()
        sign = page.locator("[data-live-state]")
        expect(sign).to_contain_text("Reconnecting")
        brand, words = page.locator(".brand").bounding_box(), sign.bounding_box()
        assert brand
        assert words
        assert (
            words["x"] >= brand["x"] + brand["width"] or words["y"] >= brand["y"] + brand["height"]
        )
        cut[0] = False
        expect(sign).to_contain_text("Live", timeout=STAGE_SECONDS)
    with live_site.database() as database:
        database.execute(
            "UPDATE aijobs_jobinput SET reference = 'meanwhile' WHERE job_id = %s", [job]
        )
    cut[0] = True
    for socket in held:
        socket.close()
    expect(page.locator("[data-live-state]")).to_contain_text("Reconnecting")
    cut[0] = False
    expect(row).to_contain_text("meanwhile", timeout=STAGE_SECONDS)


def test_the_first_view_is_small_and_asks_once(signed_in: Page, live_site: Site) -> None:
    page = signed_in
    for number in range(30):
        post(live_site, f"Letter {number}")
    all_over(live_site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    client = page.context.new_cdp_session(page)
    received = [0.0]
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    client.on(
        "Network.loadingFinished",
        lambda event: received.append(float(event["encodedDataLength"])),
    )
    page.goto("/?collections=apart")
    live(page)
    page.wait_for_timeout(2_000)
    again = [url for url in asked[1:] if url.rstrip("/").endswith("?collections=apart")]
    assert len(again) <= 1, asked
    assert sum(received) <= 100_000
    blocking = page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter((one) => one.renderBlockingStatus === 'blocking').length"
    )
    assert blocking <= 3
