"""Who works in several workspaces sends nothing to the one that is not meant."""

import re
from typing import Any

import pytest
from django.test import Client

from aijobs.models import AIJob
from citizenapp.tenants.models import Membership, Tenant, User
from tests.factories import NOW, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db

FIELD = re.compile(r'name="workspace" value="(\d+)"')


@pytest.fixture
def here() -> Tenant:
    return make_tenant("Acme")


@pytest.fixture
def there() -> Tenant:
    return make_tenant("Zenith")


@pytest.fixture
def max_(client: Client, here: Tenant, there: Tenant) -> Client:
    user = make_user("max", here, "owner")
    Membership.objects.create(user=user, tenant=there, role="owner")
    client.force_login(user)
    return client


def workspace_of(client: Client, page: str) -> str:
    found = set(FIELD.findall(client.get(page).content.decode()))
    assert len(found) == 1, page
    return str(found.pop())


def switch(client: Client, tenant: Tenant, **fields: str) -> Any:
    return client.post("/switch", {"tenant": tenant.pk, **fields})


@pytest.mark.parametrize(
    ("page", "address", "form"),
    [
        ("/jobs/new", "/jobs/new", {"job_type": "summarize", "text": "A.", "urgency": "later"}),
        ("/", "/jobs/selection", {"do": "cancel", "all": "1", "sure": "1", "list": ""}),
        ("/", "/jobs/send-now", {}),
        ("/settings/budget", "/settings/budget", {"limit_usd": "1", "time_zone": "UTC"}),
        ("/settings/people", "/settings/people/leave", {}),
    ],
)
def test_a_form_of_one_workspace_does_nothing_in_another(
    max_: Client, here: Tenant, there: Tenant, page: str, address: str, form: dict[str, str]
) -> None:
    """It was opened in one tab, and in another one the person changed the workspace."""
    make_user("olga", there, "owner")
    make_job(there, now=NOW)
    form = {"workspace": workspace_of(max_, page), **form}
    switch(max_, there)
    before = list(AIJob.objects.values()), Tenant.objects.get(pk=there.pk).limit_usd
    response = max_.post(address, form)
    assert response.status_code == 409
    assert "made in <bdi>Acme</bdi>" in response.content.decode()
    assert (list(AIJob.objects.values()), Tenant.objects.get(pk=there.pk).limit_usd) == before
    assert Membership.objects.filter(user__username="max").count() == 2

    # One changes back by the page that says so, and the form is good again.
    switch(max_, here, workspace=workspace_of(max_, "/"))
    assert max_.post(address, form).status_code in (302, 422)


def test_who_was_removed_meanwhile_sends_nothing_to_the_workspace_that_is_left(
    max_: Client, here: Tenant
) -> None:
    told = workspace_of(max_, "/jobs/new")
    make_user("olga", here, "owner")
    Membership.objects.get(tenant=here, user=User.objects.get(username="max")).delete()
    form = {"job_type": "summarize", "text": "A secret.", "urgency": "later", "workspace": told}
    response = max_.post("/jobs/new", form)
    assert response.status_code == 409
    page = response.content.decode()
    assert "do not belong to any more" in page
    assert "Acme" not in page
    assert not AIJob.objects.exists()


@pytest.mark.parametrize("told", ["", "0", "nonsense", "9" * 400])
def test_nonsense_is_no_workspace_of_ones_own(max_: Client, told: str) -> None:
    assert max_.post("/jobs/send-now", {"workspace": told}).status_code == 409


def test_an_open_page_learns_of_which_workspace_its_rows_are(max_: Client, there: Tenant) -> None:
    before = max_.get("/").content.decode()
    switch(max_, there)
    after = max_.get("/", headers={"X-Live": "1"}).content.decode()
    found = [re.findall(r'data-workspace="(\d+)"', page) for page in (before, after)]
    assert found[0] != found[1] == [str(there.pk)]


def test_staff_and_strangers_are_in_no_workspace(admin_client: Client) -> None:
    for client, page in ((admin_client, "/admin/tenants/tenant/add/"), (Client(), "/sign-in")):
        text = client.get(page).content.decode()
        assert 'name="csrfmiddlewaretoken"' in text
        assert 'name="workspace"' not in text
