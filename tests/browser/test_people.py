"""People: invited, joined, removed while they look. Two people in two browsers at once."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.arriving import is_live
from tests.ground import Site

pytestmark = pytest.mark.browser
# Less than what a page without a socket, or a look each minute, would take.
AT_ONCE = 12_000  # ms


@contextmanager
def another(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of another person's browser."""
    context = browser.new_context(base_url=site.url)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_a_colleague_is_invited_joins_and_is_removed_while_looking(
    signed_in: Page, browser: Browser, live_site: Site
) -> None:
    """The link is in the e-mail, which local mode shows. The colleague's page closes at once."""
    owner, email = signed_in, f"colleague-{time.time_ns()}@example.com"
    owner.goto("/settings/people")
    owner.get_by_label("E-mail addresses").fill(email)
    owner.get_by_role("button", name="Send invitations").click()
    expect(owner.locator("main")).to_contain_text(email)
    owner.goto("/mailbox")
    letter = owner.locator(".letter", has_text=email)
    link = str(letter.locator('a[href*="/join/"]').get_attribute("href"))

    with another(browser, live_site) as colleague:
        colleague.goto(link)
        expect(colleague.get_by_role("heading", level=1)).to_have_text("Join Demo Insurance")
        colleague.get_by_label("Your name").fill("Carla Colleague")
        colleague.get_by_label("A password").fill("short")
        colleague.get_by_role("button", name="Join").click()
        expect(colleague.locator(".errors").first).to_contain_text("too short")
        expect(colleague.get_by_label("Your name")).to_have_value("Carla Colleague")
        colleague.get_by_label("A password").fill("a long walk by the sea")
        colleague.get_by_role("button", name="Join").click()
        expect(colleague.locator("main")).to_contain_text("You work in Demo Insurance now")
        is_live(colleague)

        owner.goto("/settings/people")
        row = owner.locator("tr", has_text=email)
        row.get_by_label(re.compile("Role of")).select_option("viewer")
        row.get_by_role("button", name="Change").click()
        expect(owner.locator("main")).to_contain_text("is now a viewer")
        # The colleague's page has loaded itself, and offers no new work any more.
        expect(colleague.get_by_role("link", name="New work")).to_have_count(0, timeout=AT_ONCE)
        is_live(colleague)

        owner.once("dialog", lambda dialog: dialog.accept())
        owner.locator("tr", has_text=email).get_by_role("button", name="Remove").click()
        expect(owner.locator("main")).to_contain_text("is removed")
        expect(colleague.get_by_role("heading", level=1)).to_contain_text(
            "no workspace", timeout=AT_ONCE
        )

        colleague.goto(link)
        expect(colleague.get_by_role("heading", level=1)).to_contain_text("no longer open")


def test_signing_out_in_one_tab_leads_the_others_to_the_door(signed_in: Page) -> None:
    other = signed_in.context.new_page()
    other.goto("/")
    is_live(other)
    signed_in.goto("/settings/people")
    signed_in.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("/sign-in"), timeout=AT_ONCE)
