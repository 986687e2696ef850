"""The page of the API: nothing from elsewhere, in light and in dark."""

import pytest
from playwright.sync_api import Page

DARK, LIGHT = "rgb(28, 32, 34)", "rgb(250, 250, 250)"


def background(page: Page) -> str:
    page.goto("/api/docs")
    page.locator("#operations-jobs-summarize").get_by_role("button").first.click()
    page.get_by_text("Try it out").wait_for()
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


@pytest.mark.parametrize(("scheme", "colour"), [("light", LIGHT), ("dark", DARK)])
def test_it_follows_the_system(page: Page, scheme: str, colour: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")

    assert background(page) == colour


def test_it_follows_what_was_chosen_on_other_pages(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/sign-in")
    page.evaluate("document.cookie = 'theme=dark; path=/'")

    assert background(page) == DARK


def test_it_needs_no_network(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    background(page)

    ours = page.url.partition("/api/")[0]
    assert asked
    assert all(url.startswith((ours, "data:")) for url in asked)
