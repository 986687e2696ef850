"""What a viewer, a member and an administrator may do."""

import pytest
from django.test import Client
from django.urls import reverse

from aijobs.models import AIJob
from tests.factories import make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db


def test_a_viewer_is_offered_nothing_to_change(client: Client) -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    client.force_login(make_user("vera", tenant, role="viewer"))
    assert "New work" not in client.get("/").content.decode()
    assert "Cancel job" not in client.get(f"/jobs/{job.pk}").content.decode()


def test_a_member_is_offered_what_a_viewer_is_not(client: Client) -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    client.force_login(make_user("max", tenant, role="member"))
    assert "New work" in client.get("/").content.decode()
    assert "Cancel job" in client.get(f"/jobs/{job.pk}").content.decode()


@pytest.mark.parametrize("action", ["cancel-job", "retry-job"])
def test_a_viewer_changes_no_job(client: Client, action: str) -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    client.force_login(make_user("vera", tenant, role="viewer"))
    response = client.post(reverse(action, args=[job.pk]))
    assert response.status_code == 403
    assert "read but not change" in response.content.decode()
    assert AIJob.objects.get().status == "queued"


@pytest.mark.parametrize("name", ["new-job", "new-collection"])
def test_a_viewer_queues_nothing(client: Client, name: str) -> None:
    client.force_login(make_user("vera", make_tenant(), role="viewer"))
    assert client.get(reverse(name)).status_code == 403
    form = {"job_type": "summarize", "text": "A text.", "urgency": "later"}
    assert client.post(reverse(name), form).status_code == 403
    assert not AIJob.objects.exists()


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403)])
def test_only_administrators_open_the_keys(client: Client, role: str, status: int) -> None:
    client.force_login(make_user("max", make_tenant(), role=role))
    assert client.get("/settings/keys").status_code == status
