"""What keeps a text from being queued stands once, at the text."""

import pytest
from playwright.sync_api import Page, expect

from tests.ground import Site
from tests.long_texts import LONG

pytestmark = pytest.mark.browser


def test_a_text_that_is_too_long_is_refused_once_beside_it(
    signed_in: Page, live_site: Site
) -> None:
    page = signed_in
    with live_site.database() as database:
        database.execute("UPDATE tenants_tenant SET long_prompts = 'refuse'")
    try:
        page.goto("/jobs/new")
        page.get_by_label("Document", exact=True).fill(LONG)
        said = page.get_by_text("The prompt would have").filter(visible=True)
        expect(said).to_have_count(1)
        expect(page.locator('[data-problems="text"]')).to_be_visible()
        page.get_by_role("button", name="Queue document").click()
        expect(page.locator("ul.errors")).to_be_visible()
        page.wait_for_timeout(1_500)
        expect(said).to_have_count(1)
        expect(page.locator(".wrong .drop")).to_have_count(0)
    finally:
        with live_site.database() as database:
            database.execute("UPDATE tenants_tenant SET long_prompts = 'run'")
