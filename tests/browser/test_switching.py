"""A person of two workspaces goes from one to the other, and leaves one of them."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.arriving import is_live, leave_the_door
from tests.browser.people import add_tenant, join_demo
from tests.browser.test_loading import queue
from tests.ground import Site

pytestmark = pytest.mark.browser


def test_one_switches_between_workspaces_and_leaves_one(page: Page, live_site: Site) -> None:
    name = add_tenant(live_site)
    join_demo(live_site, name)
    job = queue(live_site, f"Hail fell in Demo at {time.time_ns()}. " * 3)
    page.goto("/sign-in")
    page.get_by_label("E-mail or username").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Sign in").click()
    leave_the_door(page)

    where, workspace = page.locator(".who-text"), page.get_by_label("Workspace", exact=True)
    for label, said in (
        (f"{name} · Owner", f"Owner · {name}"),
        ("Demo Insurance · Member", "Member · Demo Insurance"),
    ):
        if said not in where.inner_text():
            workspace.select_option(label=label)
        expect(where).to_contain_text(said)
        page.goto("/?collections=apart")
        is_live(page)
        expect(page.locator(f'[data-key="{job}"]')).to_have_count(int("Demo" in label))
        expect(page.get_by_role("link", name="New work").first).to_be_visible()

    page.goto("/settings/people")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Leave").click()
    expect(where).to_contain_text(f"Owner · {name}")
    response = page.goto(f"/jobs/{job}")
    assert response
    assert response.status == 404
    expect(page.get_by_label("Workspace", exact=True)).to_have_count(0)

    # The last owner stays.
    page.goto("/settings/people")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_text("This is the last owner.")).to_be_visible()
    expect(where).to_contain_text(f"Owner · {name}")
