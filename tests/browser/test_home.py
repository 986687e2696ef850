"""The first day of a new workspace: three steps, an example, an answer, and the steps are gone."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Page, expect

from tests.browser.arriving import leave_the_door
from tests.ground import Site

pytestmark = pytest.mark.browser

USER = """
INSERT INTO tenants_user (username, password, first_name, last_name, email, is_superuser, is_staff,
    is_active, date_joined)
VALUES ('newcomer', %s, '', '', '', FALSE, FALSE, TRUE, now()) RETURNING id
"""
TENANT = """
INSERT INTO tenants_tenant (name, slug, is_active, is_demo, created_at)
VALUES ('Newcomers', 'newcomers', TRUE, FALSE, now()) RETURNING id
"""
MEMBERSHIP = """
INSERT INTO tenants_membership (tenant_id, user_id, role, created_at)
VALUES (%s, %s, 'owner', now())
"""


@pytest.fixture
def newcomer(page: Page, live_site: Site) -> Page:
    """The page, signed in as the owner of a workspace that has nothing yet."""
    with live_site.database() as database:
        [user] = database.execute(
            USER, [PBKDF2PasswordHasher().encode("newcomer", "salt")]
        ).fetchone() or [0]
        [tenant] = database.execute(TENANT).fetchone() or [0]
        database.execute(MEMBERSHIP, [tenant, user])
    page.goto("/")
    page.get_by_label("Username").fill("newcomer")
    page.get_by_label("Password").fill("newcomer")
    page.get_by_role("button", name="Sign in").click()
    leave_the_door(page)
    return page


def test_an_example_leads_to_a_first_result_and_the_steps_are_gone(newcomer: Page) -> None:
    page = newcomer
    steps = page.get_by_role("region", name="Three steps to your first result")
    expect(steps.get_by_role("listitem")).to_have_count(3)
    steps.get_by_role("button", name="Try a policy").click()
    expect(page.locator(".page-head")).to_contain_text("Done", timeout=60_000)
    expect(page.locator("main")).to_contain_text("HOUSEHOLD INSURANCE")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(page.get_by_text("Three steps")).to_have_count(0)
    expect(page.get_by_role("link", name="Example: household policy")).to_be_visible()
