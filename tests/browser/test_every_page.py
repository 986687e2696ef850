"""Every page can be read by everybody: axe finds nothing, and nothing is wider than the screen."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.ground import Site, serving, short_folder
from tests.pictures import world
from tests.pictures.states import STATES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES: dict[str, Any] = {"runOnly": {"type": "tag", "values": TAGS}}
# Telephones, a page at 200 % on a small one, a tablet on its side, a screen.
WIDTHS = (320, 390, 1024, 1440)
# An owner has so many pages that they are looked over in parts, each within the time of a test.
PARTS = {"": 1, world.OWNER: 4, world.NEWCOMER: 1}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A product of its own: what comes in the way here would come in the way of other tests."""
    with short_folder() as folder, serving(folder, **world.PACE) as site:
        yield site


@pytest.fixture(scope="module")
def filled(site: Site) -> world.World:
    """The product with something on every page."""
    return world.fill(site, large=0)


@pytest.mark.parametrize(
    ("person", "part"), [(person, part) for person, parts in PARTS.items() for part in range(parts)]
)
def test_axe_finds_nothing_and_nothing_is_cut(
    browser: Browser, filled: world.World, person: str, part: int
) -> None:
    pages = list(filled.pages(person))[part :: PARTS[person]]
    _look_over(browser, filled, person, pages)


@pytest.mark.parametrize("state", STATES)
def test_nor_while_something_is_in_the_way(
    browser: Browser, site: Site, filled: world.World, state: str
) -> None:
    world.begin(site, filled, state)
    _look_over(browser, filled, world.OWNER, list(filled.pages(world.OWNER)))


def _look_over(
    browser: Browser, filled: world.World, person: str, pages: list[tuple[str, str]]
) -> None:
    found: list[str] = []
    context = browser.new_context(base_url=filled.url, reduced_motion="reduce")
    page = context.new_page()
    if person:
        world.sign_in(page, person)
    for name, address in pages:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")
        page.goto(address)
        found += _faults(page, name, RULES)
        page.emulate_media(color_scheme="dark")
        found += _faults(page, f"{name}, dark", {"runOnly": ["color-contrast"]})
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            needed = page.evaluate("document.documentElement.scrollWidth")
            if needed > width:
                found.append(f"{name}: {needed} px wide on a screen of {width}")
    context.close()
    assert not found, "\n".join(found)


def _faults(page: Page, name: str, options: dict[str, Any]) -> list[str]:
    results = Axe().run(page, options=options).response["violations"]
    return [
        f"{name}: {one['id']}: {node['html'][:200]} ({node['failureSummary'][:200]})"
        for one in results
        for node in one["nodes"][:3]
    ]
