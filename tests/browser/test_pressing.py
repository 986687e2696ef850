"""Leaving a field by pressing a button: the click counts, though the press changed the form."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_mapping import choose_table

pytestmark = pytest.mark.browser

TABLE = "no,text\nP-1,Hail on a roof is insured.\nP-2,Theft is not insured.\n"


def press(page: Page, name: str, milliseconds: int) -> None:
    """Press a button with a mouse as a hand does it: it is let go only after a while.

    Not `click`: that waits until the button is enabled, and lets go at once.
    """
    button = page.get_by_role("button", name=name)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(milliseconds)
    page.mouse.up()


def fill_in(page: Page) -> None:
    """What is typed last is a field of which the page is not told before it is left."""
    choose_table(page, TABLE)
    expect(page.get_by_role("button", name="Queue 2 documents")).to_be_enabled()
    page.locator('input[name="summarize-max_length"]').fill("120")


@pytest.mark.parametrize("milliseconds", [60, 500])
@pytest.mark.parametrize(
    ("button", "leads_to"), [("Show price", "quotes"), ("Queue 2 documents", "collections")]
)
def test_a_button_pressed_straight_from_a_field_does_its_work(
    signed_in: Page, button: str, leads_to: str, milliseconds: int
) -> None:
    fill_in(signed_in)
    press(signed_in, button, milliseconds)
    expect(signed_in).to_have_url(re.compile(f"/{leads_to}/[0-9a-f-]{{36}}$"))


def test_what_says_something_else_by_then_is_not_queued(signed_in: Page) -> None:
    page = signed_in
    choose_table(page, "no,text,other\nP-1,Hail.,Rain.\nP-2,Theft.,\n")
    expect(page.get_by_role("button", name="Queue 2 documents")).to_be_enabled()
    page.get_by_role("radio", name="Skip the row").check(force=True)
    page.get_by_label("Document text").select_option("other")
    press(page, "Queue 2 documents", 60)
    expect(page.get_by_role("button", name="Queue 1 document")).to_be_enabled()
    page.wait_for_timeout(500)
    expect(page).to_have_url(re.compile("/collections/new$"))
