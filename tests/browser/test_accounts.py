"""People at the door and in their account: codes, passkeys, forgotten passwords, sessions."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.arriving import is_live
from tests.browser.people import add_person
from tests.ground import Site
from tests.tenants.browser import App

pytestmark = pytest.mark.browser
NEW = "hail on nine cars"


def sign_in(page: Page, name: str, password: str = "") -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail or username").fill(name)
    page.get_by_label("Password").fill(password or name)
    page.get_by_role("button", name="Sign in").click()
    # To the second step, or into the product.
    expect(page).not_to_have_url(re.compile("/sign-in$"))
    page.wait_for_load_state()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page).to_have_url(re.compile("/sign-in$"))


def prove(page: Page, password: str) -> None:
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Go on").click()


def test_an_app_is_set_up_and_asked_for_from_then_on(page: Page, live_site: Site) -> None:
    name = add_person(live_site)
    sign_in(page, name)
    page.goto("/settings/security")
    page.get_by_role("link", name="Set up an authenticator app").click()
    prove(page, name)
    page.get_by_text("Or enter the key by hand").click()
    app = App(page.locator("code.key").inner_text())
    page.get_by_label("Code that the app shows").fill(app.code(time.time()))
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="10 of 10 are left")).to_be_visible()
    recovery = page.locator(".codes code").first.inner_text()
    page.goto("/settings/security")
    sign_out(page)

    sign_in(page, name)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    page.get_by_label("Code").fill(app.code(time.time(), 1))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="New work").first).to_be_visible()

    sign_out(page)
    sign_in(page, name)
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="New work").first).to_be_visible()


def test_a_passkey_is_added_and_signs_in_alone(browser: Browser, live_site: Site) -> None:
    name = add_person(live_site)
    # A passkey belongs to a name, which 127.0.0.1 is not.
    context = browser.new_context(base_url=live_site.url.replace("127.0.0.1", "localhost"))
    page = context.new_page()
    chromium = context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    chromium.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    sign_in(page, name)
    page.goto("/settings/security")
    page.get_by_role("link", name="Add a passkey").click()
    prove(page, name)
    page.get_by_label("Name").fill("Laptop of the office")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="10 of 10 are left")).to_be_visible()
    page.goto("/settings/security")
    expect(page.get_by_text("Laptop of the office").first).to_be_visible()
    sign_out(page)

    page.goto("/sign-in?next=/usage")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/usage$"))
    sign_out(page)

    sign_in(page, name)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("link", name="New work").first).to_be_visible()
    context.close()


def test_where_passkeys_cannot_be_the_page_says_why(page: Page, live_site: Site) -> None:
    name = add_person(live_site)
    sign_in(page, name)
    expect(page.get_by_role("link", name="New work").first).to_be_visible()
    page.goto("/settings/security/passkeys")
    prove(page, name)
    expect(page.get_by_text("this address is a number")).to_be_visible()


def test_a_forgotten_password_is_set_anew_by_the_mailbox(page: Page, live_site: Site) -> None:
    name = add_person(live_site)
    page.goto("/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail address").fill(f"{name}@example.com")
    page.get_by_role("button", name="Send the link").click()
    page.get_by_role("link", name="mailbox").click()
    letter = page.locator(".letter", has_text=name).first
    letter.get_by_role("link").click()
    for label in ("New password", "New password again"):
        page.get_by_label(label, exact=True).fill(NEW)
    page.get_by_role("button", name="Set this password").click()
    expect(page.get_by_text("Your password has changed.")).to_be_visible()

    sign_in(page, f"{name}@example.com", NEW)
    expect(page.get_by_role("link", name="New work").first).to_be_visible()


def test_signing_out_everywhere_signs_out_another_browser(
    page: Page, browser: Browser, live_site: Site
) -> None:
    name = add_person(live_site)
    other = browser.new_context(base_url=live_site.url).new_page()
    for one in (page, other):
        sign_in(one, name)
        is_live(one)
    page.goto("/settings/sessions")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You are signed out everywhere.")).to_be_visible()

    # Its socket was closed, so the page that lay open there asked who it is.
    expect(other).to_have_url(re.compile(r"/sign-in\?next=/$"))
    other.goto("/usage")
    expect(other).to_have_url(re.compile(r"/sign-in\?next=/usage$"))
    other.context.close()
