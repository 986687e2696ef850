"""One person, two workspaces, two tabs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.ground import Site

pytestmark = pytest.mark.browser

OTHER = "Zenith Re"
# Another tenant like the one of the demo, and the person of the demo in it.
JOIN_ANOTHER = f"""
WITH made AS (
    INSERT INTO tenants_tenant
    SELECT (jsonb_populate_record(tenant, jsonb_build_object(
        'id', nextval(pg_get_serial_sequence('tenants_tenant', 'id')),
        'name', '{OTHER}', 'slug', 'zenith-' || extract(epoch FROM now())::bigint))).*
    FROM tenants_tenant AS tenant JOIN tenants_membership AS member ON member.tenant_id = tenant.id
    JOIN tenants_user AS person ON person.id = member.user_id WHERE person.username = 'demo'
    LIMIT 1
    RETURNING id
)
INSERT INTO tenants_membership (tenant_id, user_id, role, created_at)
SELECT made.id, person.id, 'owner', now() FROM made, tenants_user AS person
WHERE person.username = 'demo'
"""
LEAVE_IT = f"""
DELETE FROM tenants_membership
WHERE tenant_id IN (SELECT id FROM tenants_tenant WHERE name = '{OTHER}')
"""


@pytest.fixture
def of_two(signed_in: Page, live_site: Site) -> Iterator[Page]:
    with live_site.database() as database:
        database.execute(JOIN_ANOTHER)
    yield signed_in
    with live_site.database() as database:
        database.execute(LEAVE_IT)


def test_a_form_of_one_workspace_is_not_queued_in_the_other_and_loses_nothing(
    of_two: Page,
) -> None:
    form, other = of_two, of_two.context.new_page()
    form.goto("/jobs/new")
    form.get_by_label("Document", exact=True).fill("Hail is insured.")
    other.goto("/")
    other.get_by_label("Workspace", exact=True).select_option(label=f"{OTHER} · Owner")
    expect(other.locator("main")).to_contain_text(f"You work in {OTHER} now.")

    form.get_by_role("button", name="Queue document").click()
    expect(form.get_by_text("Nothing was done.")).to_be_visible()
    expect(form.get_by_label("Document", exact=True)).to_have_value("Hail is insured.")
    other.goto("/")
    expect(other.get_by_text("Hail is insured.")).to_have_count(0)

    other.get_by_label("Workspace", exact=True).select_option(index=0)
    expect(other.locator("main")).to_contain_text("You work in")
    form.get_by_role("button", name="Queue document").click()
    expect(form.get_by_text("Queued. The result will appear on this page.")).to_be_visible()
