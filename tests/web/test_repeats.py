"""The same question twice, on the pages."""

from typing import Any

import pytest
from django.test import Client

from aijobs.models import AIJob
from citizenapp.tenants.models import Tenant
from tests.factories import make_output, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant(repeat_days=30)


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def send(client: Client, **fields: Any) -> AIJob:
    form = {"job_type": "summarize", "text": "A policy.", "urgency": "later"}
    assert client.post("/jobs/new", form | fields).status_code == 302
    return AIJob.objects.latest("pk")


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_of_a_repeat_names_the_job_that_was_asked(owner: Client) -> None:
    first = send(owner)
    waiting = send(owner)
    shown = page(owner, f"/jobs/{waiting.pk}")
    assert "Waiting for the same question" in shown
    assert f"/jobs/{first.pk}" in shown
    AIJob.objects.filter(pk=first.pk).update(status="completed", finished_at=first.created_at)
    make_output(first, {"summary": "Short."})
    second = send(owner)
    shown = page(owner, f"/jobs/{second.pk}")
    assert "The same question was answered before, by" in shown
    assert f'href="/jobs/{first.pk}"' in shown
    assert "nothing was charged" in shown
    assert "Short." in shown


def test_who_asks_again_is_sent(owner: Client) -> None:
    send(owner)
    assert send(owner).answered_by is not None
    assert send(owner, fresh="on").answered_by is None


def test_the_form_offers_to_ask_again_only_where_results_count(
    owner: Client, tenant: Tenant
) -> None:
    for address in ("/jobs/new", "/collections/new"):
        assert "Ask again" in page(owner, address)
    Tenant.objects.update(repeat_days=0)
    for address in ("/jobs/new", "/collections/new"):
        assert "Ask again" not in page(owner, address)


@pytest.mark.parametrize(("days", "status"), [("7", 302), ("0", 302), ("", 422), ("400", 422)])
def test_owners_say_for_how_many_days_a_result_counts(
    owner: Client, tenant: Tenant, days: str, status: int
) -> None:
    assert 'value="30"' in page(owner, "/settings/repeats")
    assert owner.post("/settings/repeats", {"repeat_days": days}).status_code == status
    tenant.refresh_from_db()
    assert tenant.repeat_days == (int(days) if status == 302 else 30)


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_others_do_not(client: Client, tenant: Tenant, role: str) -> None:
    client.force_login(make_user("max", tenant, role=role))
    assert client.get("/settings/repeats").status_code == 403
    assert "/settings/repeats" not in page(client, "/")
