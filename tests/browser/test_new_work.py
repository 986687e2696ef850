"""New work in a browser: files that come one by one, and nothing lost or queued twice."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from tests.browser.arriving import leave_the_door
from tests.ground import Site

pytestmark = pytest.mark.browser

JOB = re.compile("/jobs/[0-9a-f-]{36}$")
COLLECTION = re.compile("/collections/[0-9a-f-]{36}$")


def file(name: str, content: bytes = b"Hail on a roof is insured. " * 9) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def choose(page: Page, *files: FilePayload) -> None:
    page.goto("/jobs/new")
    page.locator("input[type=file]").set_input_files(list(files))


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Files").get_by_role("listitem").filter(has_text=name)


def unique() -> str:
    return f"ref-{time.time_ns()}"


def queued(site: Site, reference: str) -> int:
    with site.database() as database:
        found = database.execute(
            "SELECT count(*) FROM aijobs_jobinput WHERE reference = %s", [reference]
        ).fetchone()
    assert found
    return int(found[0])


def fill_in(page: Page, reference: str) -> None:
    page.goto("/jobs/new")
    page.get_by_label("Document", exact=True).fill(f"Hail is insured. {reference}")
    page.get_by_label("Reference").fill(reference)


def press(page: Page) -> None:
    page.get_by_role("button", name="Queue document").click()


def test_of_three_files_one_is_refused_and_left_out_and_the_others_are_queued(
    signed_in: Page,
) -> None:
    page = signed_in
    choose(page, file("roof.txt"), file("photo.bin", b"\0\1"), file("cellar.txt"))
    expect(
        page.get_by_role("status").filter(has_text="2 of 3 files ready, 1 refused.")
    ).to_be_visible()
    expect(row(page, "photo.bin")).to_contain_text("Refused: The file is not plain text")
    expect(page.locator("[data-basis]:visible").first).to_have_text("for these 2 files")

    page.get_by_role("button", name="Queue 2 documents").click()
    expect(page.get_by_role("alert")).to_contain_text("photo.bin cannot be")
    expect(row(page, "photo.bin").get_by_role("button")).to_be_focused()
    page.get_by_role("button", name="Leave out the one").click()
    page.get_by_label("Name of the collection").fill("Roof and cellar")
    page.get_by_role("button", name="Queue 2 documents").click()
    expect(page).to_have_url(COLLECTION)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Roof and cellar")
    expect(page.locator("main")).to_contain_text("cellar.txt")


def test_a_file_that_was_cut_off_is_sent_again_by_a_button_and_nothing_typed_is_lost(
    signed_in: Page,
) -> None:
    page = signed_in
    page.goto("/jobs/new")
    page.get_by_label("Reference").fill("POL-7")
    page.route("**/uploads", lambda route: route.abort(), times=1)
    page.locator("input[type=file]").set_input_files(file("roof.txt"))
    expect(row(page, "roof.txt")).to_contain_text("Not sent: the connection was lost.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("Not all files were sent")
    page.get_by_role("button", name="Try again: roof.txt").click()
    expect(row(page, "roof.txt")).to_contain_text("Read")
    press(page)
    expect(page).to_have_url(JOB)
    expect(page.get_by_role("heading", level=1)).to_have_text("POL-7")


def test_on_a_slow_line_each_file_says_how_far_it_is_and_a_click_waits_for_it(
    signed_in: Page,
) -> None:
    page = signed_in
    page.goto("/jobs/new")
    line = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 100, "downloadThroughput": -1, "uploadThroughput": 20_000}
    line.send("Network.emulateNetworkConditions", slow)
    page.locator("input[type=file]").set_input_files(
        file("large.txt", b"Hail is insured. " * 20_000)
    )
    expect(row(page, "large.txt")).to_contain_text(re.compile(r"Uploading \d+ %"))
    expect(page.get_by_role("progressbar", name="Upload of large.txt")).to_be_visible()
    press(page)
    expect(page.get_by_text("It goes on as soon as all files are read.")).to_be_visible()
    line.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    expect(page).to_have_url(JOB, timeout=60_000)


def test_two_clicks_queue_once_and_so_does_back_and_again(signed_in: Page, live_site: Site) -> None:
    page, reference = signed_in, unique()
    fill_in(page, reference)
    page.get_by_role("button", name="Queue document").dblclick()
    expect(page).to_have_url(JOB)
    job = page.url
    page.go_back()
    expect(page.get_by_text("You have queued this already.")).to_be_visible()
    expect(page.get_by_label("Reference")).to_have_value(reference)
    press(page)
    expect(page).to_have_url(job)
    expect(page.get_by_text("This was queued already.")).to_be_visible()
    assert queued(live_site, reference) == 1


def test_an_answer_that_got_lost_is_told_and_the_second_try_finds_the_job(
    signed_in: Page, live_site: Site
) -> None:
    page, reference = signed_in, unique()
    fill_in(page, reference)

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch(max_redirects=0)
            return route.abort()
        return route.continue_()

    page.route("**/jobs/new", lose, times=1)
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    press(page)
    expect(page).to_have_url(JOB)
    expect(page.get_by_text("This was queued already.")).to_be_visible()
    assert queued(live_site, reference) == 1


def test_an_expired_session_and_a_reload_lose_nothing(signed_in: Page) -> None:
    page, reference = signed_in, unique()
    fill_in(page, reference)
    page.locator("input[type=file]").set_input_files([])
    page.wait_for_function(
        "reference => (sessionStorage.getItem('draft:/jobs/new') ?? '').includes(reference)",
        arg=reference,
    )
    page.reload()
    expect(page.get_by_label("Reference")).to_have_value(reference)
    page.context.clear_cookies(name="sessionid")
    press(page)
    page.get_by_role("link", name="Sign in and come back").click()
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("What you had filled in is here again.")).to_be_visible()
    expect(page.get_by_label("Reference")).to_have_value(reference)
    press(page)
    expect(page).to_have_url(JOB)
    page.goto("/jobs/new")
    expect(page.get_by_label("Reference")).to_have_value("")


def test_what_is_wrong_has_the_focus_and_the_price_is_that_of_the_file(signed_in: Page) -> None:
    page = signed_in
    page.goto("/jobs/new")
    expect(page.locator("[data-basis]:visible").first).to_have_text("for ten pages")
    press(page)
    expect(page.get_by_label("Document", exact=True)).to_be_focused()
    page.locator("input[type=file]").set_input_files(file("photo.bin", b"\0\1"))
    expect(page.locator("[data-basis]:visible").first).to_have_text("nothing to price yet")
    press(page)
    expect(page.get_by_role("button", name="Remove photo.bin")).to_be_focused()


def test_a_table_that_was_dropped_among_files_is_set_up_as_one(signed_in: Page) -> None:
    page = signed_in
    choose(page, file("claims.csv", b"text\nHail.\nFire.\n"))
    page.get_by_role("link", name="Set it up as a table").click()
    expect(page.get_by_role("button", name="Queue 2 documents")).to_be_enabled()
    expect(page.get_by_label("Name")).to_have_value("claims")


def test_an_example_table_is_there_at_a_click_and_can_be_tried(signed_in: Page) -> None:
    page = signed_in
    page.goto("/collections/new")
    page.get_by_role("button", name="Try with an example").click()
    expect(page.get_by_role("button", name="Queue 10 documents")).to_be_enabled()
    page.get_by_role("button", name="Show price").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("10 documents for $")
    expect(page.get_by_role("button", name="Queue 10 documents")).to_be_visible()
    page.get_by_role("button", name="Try 5 first").click()
    expect(page).to_have_url(COLLECTION)
    expect(page.get_by_text("5 documents run now.")).to_be_visible()
    page.get_by_role("button", name="Queue the other").click()  # Nothing waits for other tests.
    expect(page.get_by_text("jobs will be sent.")).to_be_visible()


@pytest.fixture
def without_scripts(browser: Browser, live_site: Site) -> Iterator[Page]:
    """The page of a browser that runs no scripts, signed in."""
    context = browser.new_context(base_url=live_site.url, java_script_enabled=False)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    leave_the_door(page)
    yield page
    context.close()


def test_without_scripts_a_text_and_a_file_are_queued_and_an_error_loses_neither(
    without_scripts: Page, live_site: Site
) -> None:
    page, reference = without_scripts, unique()
    fill_in(page, reference)
    press(page)
    expect(page).to_have_url(JOB)
    assert queued(live_site, reference) == 1

    page.goto("/jobs/new")
    page.get_by_role("radio", name="Classification", exact=True).check(force=True)
    page.locator("input[type=file]").set_input_files([file("roof.txt"), file("photo.bin", b"\0")])
    press(page)
    expect(row(page, "photo.bin")).to_contain_text("Refused")
    page.get_by_role("button", name="Remove photo.bin").click()
    expect(row(page, "roof.txt")).to_contain_text("Read")
    page.get_by_role("radio", name="Summary", exact=True).check(force=True)
    press(page)
    expect(page).to_have_url(JOB)


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_long_names_and_right_to_left_ones_stay_where_they_belong(
    signed_in: Page, width: int
) -> None:
    page = signed_in
    page.set_viewport_size({"width": width, "height": 800})
    choose(page, file("x" * 200 + ".txt"), file("ملف-التأمين.txt"))
    expect(page.locator(".file")).to_have_count(2)
    expect(page.locator(".file.going")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".form-foot").get_by_role("button", name="Show price").click()
    expect(page).to_have_url(re.compile("/quotes/"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
