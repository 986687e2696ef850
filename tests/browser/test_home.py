"""The first day of a new workspace: three steps, an example, an answer, and the steps are gone."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Page, expect

from tests.browser.arriving import is_live, leave_the_door
from tests.ground import Site

pytestmark = pytest.mark.browser

USER = """
INSERT INTO tenants_user (username, password, first_name, last_name, email, is_superuser, is_staff,
    is_active, date_joined)
VALUES (%s, %s, '', '', '', FALSE, FALSE, TRUE, now()) RETURNING id
"""
TENANT = """
INSERT INTO tenants_tenant (name, slug, is_active, is_demo, created_at)
VALUES ('Newcomers', %s, TRUE, FALSE, now()) RETURNING id
"""
MEMBERSHIP = """
INSERT INTO tenants_membership (tenant_id, user_id, role, created_at)
VALUES (%s, %s, 'owner', now())
"""


@pytest.fixture
def newcomer(page: Page, live_site: Site) -> Page:
    """The page, signed in as the owner of a workspace that has nothing yet."""
    with live_site.database() as database:
        name = f"newcomer-{uuid4().hex[:8]}"
        password = PBKDF2PasswordHasher().encode(name, "salt")
        [user] = database.execute(USER, [name, password]).fetchone() or [0]
        [tenant] = database.execute(TENANT, [name]).fetchone() or [0]
        database.execute(MEMBERSHIP, [tenant, user])
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(name)
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


def test_a_list_that_was_empty_tells_of_the_second_job_as_of_the_first(newcomer: Page) -> None:
    """The page of a new workspace lies open, while a colleague begins to work."""
    page = newcomer
    is_live(page)
    page.evaluate("window.unreloaded = true")
    colleague = page.context.new_page()
    rows, new = page.locator("#jobs tr[data-key]"), page.locator("[data-show-new]")
    for count in (1, 2):
        colleague.goto("/jobs/new")
        colleague.get_by_label("Document", exact=True).fill(
            f"Hail is insured, says letter {count}."
        )
        colleague.get_by_role("button", name="Queue document").click()
        expect(colleague).to_have_url(re.compile("/jobs/[0-9a-f-]{36}$"))
        expect(rows if count == 1 else new).to_have_count(1)
    new.click()
    expect(rows).to_have_count(2)
    page.get_by_label("Select all rows of this page").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    assert page.evaluate("window.unreloaded === true")
