"""A table of somebody else's making, given its meaning in the browser before it is queued."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TABLE = "no,prose,branch\nP-1,Hail on a roof is insured.,north\nP-2,Theft is not insured.,south\n"


def choose_table(page: Page, table: str) -> None:
    page.goto("/collections/new")
    page.get_by_label("Name").fill("Policies of June")
    page.get_by_role("radio", name="Summary").check(force=True)
    page.locator("input[type=file]").set_input_files(
        {"name": "policies.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )


def test_columns_are_chosen_and_their_rows_are_shown_before_anything_is_queued(
    signed_in: Page,
) -> None:
    page = signed_in
    choose_table(page, TABLE)
    expect(page.get_by_label("Reference")).to_have_value("no")
    expect(page.get_by_text("Choose the column that holds the text")).to_be_visible()
    expect(page.get_by_role("button", name="Queue collection")).to_be_disabled()
    page.get_by_label("Document text").select_option("prose")
    first = page.get_by_role("region", name="The first rows")
    expect(first).to_contain_text("Hail on a roof is insured.")
    expect(first).to_contain_text("north")
    page.get_by_role("button", name="Queue 2 documents").click()
    expect(page).to_have_url(re.compile("/collections/[0-9a-f-]{36}$"))
    rows = page.locator("table.rows tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("P-1")
    expect(rows.first.locator(".cell-row")).to_have_text("2")


def test_markup_in_a_cell_is_shown_as_text(signed_in: Page) -> None:
    choose_table(signed_in, "text\n<img src=x onerror='window.attacked = true'>\n")
    first = signed_in.get_by_role("region", name="The first rows")
    expect(first).to_contain_text("<img src=x")
    assert signed_in.evaluate("window.attacked") is None
