"""When a page may be used that was not opened by its address.

`goto` and `reload` wait until everything of a page is there. A click or a key that leads to another
page does not: what is pressed there before its scripts have started goes nowhere.
"""

import re

from playwright.sync_api import Page, expect


def arrive(page: Page, address: "str | re.Pattern[str]") -> None:
    """Return once this page is there, and its scripts have started."""
    expect(page).to_have_url(address)
    page.wait_for_load_state()


def is_live(page: Page) -> None:
    """Return once the page hears of changes."""
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.wait_for_load_state()


def leave_the_door(page: Page) -> None:
    """Return once somebody is signed in, and the page that follows can be used."""
    # On a telephone it is in the menu, which is closed.
    expect(page.locator(".side-actions form")).to_be_attached()
    page.wait_for_load_state()
