"""The documentation of the API: in our own frame, with nothing from elsewhere."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_stranger_finds_a_call_and_copies_its_example(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs")
    page.get_by_label("Find a call").fill("cancel collection")
    expect(page.get_by_role("status").filter(has_text="found")).to_have_text("2 found")
    page.get_by_role("link", name="Cancel the jobs of a collection that still wait").click()
    expect(page).to_have_url(re.compile(r"/api/docs/collections#"))
    call = page.locator("article:target")
    expect(call.get_by_role("heading", level=2)).to_contain_text("Cancel the jobs")
    expect(call.locator("pre")).to_contain_text("curl")
    page.get_by_role("navigation", name="Documentation").get_by_role("link", name="Errors").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Errors")

    ours = page.url.partition("/api/")[0]
    assert asked
    assert all(url.startswith((ours, "data:")) for url in asked)


def test_who_is_signed_in_stays_in_the_frame_and_in_the_dark(signed_in: Page) -> None:
    page = signed_in
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Light or dark").click()
    page.get_by_role("link", name="API", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
