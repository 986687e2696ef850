"""What the browser fetches to show a page, and that it fetches nothing twice."""

import json
import re
import time
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, Response, Route, WebSocket, expect

from tests.browser.arriving import is_live
from tests.ground import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

HASHED = re.compile(r"\.[0-9a-f]{12}\.(js|css|svg)$")


def await_rest(site: Site) -> None:
    """Returns when no job moves any more, whichever test queued it."""
    deadline = time.monotonic() + 90
    with site.database() as database:
        while database.execute(
            "SELECT 1 FROM aijobs_aijob WHERE status IN ('queued', 'submitted', 'processing')"
        ).fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.2)
    time.sleep(1.5)  # The relay tells of an addition a second time, up to a second later.


def queue(site: Site, text: str) -> str:
    """Queue a summary by the API; returns the id of its job."""
    request = Request(
        f"{site.url}/api/ai/summarize",
        data=json.dumps({"document_text": text}).encode(),
        headers={"Authorization": f"Bearer {site.api_key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as response:
        job: str = json.load(response)["job_id"]
        return job


def without_cache(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})


def fetches(page: Page, path: str = "/") -> list[str]:
    """What fetched this address, from now on: "document" is the browser, "fetch" the page."""
    found: list[str] = []
    page.on(
        "request",
        lambda request: (
            found.append(request.resource_type)
            if request.url.partition("//")[2].partition("/")[2] == path[1:]
            else None
        ),
    )
    return found


def test_a_page_that_missed_nothing_is_fetched_once(signed_in: Page, live_site: Site) -> None:
    is_live(signed_in)  # The server listens to changes from the first socket on.
    await_rest(live_site)
    told: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        # A list's own method will not do: Playwright marks each listener with an attribute.
        socket.on("framereceived", lambda text: told.extend([text]))

    signed_in.on("websocket", listen)
    found = fetches(signed_in)
    for _ in range(5):
        told.clear()
        found.clear()
        signed_in.reload()
        is_live(signed_in)
        signed_in.wait_for_timeout(2_000)
        # On a busy machine the relay may still have had something to tell of what was before.
        if len(told) == 1:
            break
    assert len(told) == 1
    assert json.loads(told[0])["type"] == "resync"
    assert found == ["document"]


def test_a_page_that_may_have_missed_a_change_is_fetched_again(
    signed_in: Page, live_site: Site
) -> None:
    is_live(signed_in)
    await_rest(live_site)
    queued: list[str] = []

    def change_meanwhile(route: Route) -> None:
        # The page is made by now, and its socket opens only when this script has come.
        queued.append(queue(live_site, f"Hail fell at {time.time_ns()}. " * 9))
        time.sleep(1.5)
        route.continue_()

    signed_in.route(re.compile(r"/js/live\."), change_meanwhile, times=1)
    without_cache(signed_in)
    found = fetches(signed_in)
    signed_in.reload()
    # New rows move nothing: the page says that there is one.
    expect(signed_in.locator("[data-show-new]")).to_be_visible()
    assert found[:2] == ["document", "fetch"]


def test_a_page_from_the_browsers_cache_is_fetched_again(signed_in: Page, live_site: Site) -> None:
    is_live(signed_in)
    await_rest(live_site)
    signed_in.get_by_role("link", name="Usage").first.click()
    expect(signed_in).to_have_url(re.compile("/usage$"))
    job = queue(live_site, f"Rain fell at {time.time_ns()}. " * 9)
    await_rest(live_site)
    signed_in.go_back()
    load = "performance.getEntriesByType('navigation')[0].transferSize"
    assert signed_in.evaluate(load) == 0, "It comes from the cache, or this shows nothing."
    signed_in.locator("[data-show-new]").click()
    expect(signed_in.locator(f'[data-key="{job}"]')).to_contain_text("Done")


def test_pages_come_compressed_and_every_static_file_by_a_hashed_name(
    signed_in: Page, live_site: Site
) -> None:
    answers: list[Response] = []
    signed_in.on("response", lambda response: answers.extend([response]))
    without_cache(signed_in)
    signed_in.reload()
    is_live(signed_in)
    page = next(one for one in answers if one.url == f"{live_site.url}/")
    assert page.headers["content-encoding"] == "gzip"
    static = [one for one in answers if "/static/" in one.url]
    names = [one.url.rpartition("/")[2] for one in static]
    assert {name.partition(".")[0] for name in names if name.endswith(".js")} == {
        *("app", "command", "countdown", "draft", "forms", "keys", "list", "live", "moments"),
        *("morph", "notices", "reader"),
    }  # fmt: skip
    assert [name for name in names if not HASHED.search(name)] == []
    for one in static:
        assert one.headers["cache-control"] == "max-age=315360000, public, immutable", one.url
        assert one.headers["content-encoding"] == "gzip", one.url
