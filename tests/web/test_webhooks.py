"""Webhooks of a workspace, set up by its owners and admins."""

import re

import pytest
from django.test import Client

from aijobs.models import AIJob, Webhook, WebhookDelivery
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant, make_user, make_webhook

pytestmark = pytest.mark.django_db

FIELDS = {
    "url": "https://example.com/hook",
    "description": "Claims",
    "events": ["job.failed", "collection.completed"],
}


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def test_a_secret_is_shown_once(owner: Client, tenant: Tenant) -> None:
    shown = owner.post("/settings/webhooks", FIELDS, follow=True)
    webhook = Webhook.objects.get(tenant=tenant)
    assert (webhook.url, webhook.events) == (FIELDS["url"], FIELDS["events"])
    assert (webhook.description, webhook.includes_result) == ("Claims", False)
    assert webhook.secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    page = f"/settings/webhooks/{webhook.pk}"
    assert "whsec_" not in owner.get(page).content.decode()
    again = owner.post(f"{page}/rotate", follow=True)
    webhook.refresh_from_db()
    assert webhook.secret in again.content.decode()
    assert webhook.previous_secret not in again.content.decode()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"url": "http://10.0.0.1/"}, "Must not lead to a private or reserved address."),
        ({"url": "somewhere"}, "Must be a URL that begins with https:// or http://."),
        ({"events": []}, "Choose at least one."),
        ({"events": ["job.started"]}, "Select a valid choice."),
        ({"description": "x" * 201}, "Must have at most 200 characters."),
    ],
)
def test_bad_input_is_told_beside_its_field(
    owner: Client, tenant: Tenant, fields: dict[str, object], problem: str
) -> None:
    webhook = make_webhook(tenant, "https://example.com/old")
    made = owner.post("/settings/webhooks", FIELDS | fields)
    changed = owner.post(f"/settings/webhooks/{webhook.pk}/change", FIELDS | fields)
    for answer in (made, changed):
        assert answer.status_code == 422
        assert problem in answer.content.decode()
    webhook.refresh_from_db()
    assert webhook.url == "https://example.com/old"
    assert Webhook.objects.count() == 1


def test_it_is_changed_switched_tested_and_deleted(owner: Client, tenant: Tenant) -> None:
    webhook = make_webhook(tenant)
    page = f"/settings/webhooks/{webhook.pk}"
    owner.post(f"{page}/change", FIELDS | {"includes_result": "on"})
    webhook.refresh_from_db()
    assert webhook.includes_result
    assert webhook.description == "Claims"
    owner.post(f"{page}/test")
    assert WebhookDelivery.objects.get().event.type == "webhook.test"
    assert "webhook.test" in owner.get(page).content.decode()
    owner.post(f"{page}/switch")
    webhook.refresh_from_db()
    assert webhook.state == "off"
    assert "Switch it on first" in owner.post(f"{page}/test", follow=True).content.decode()
    owner.post(f"{page}/switch")
    webhook.refresh_from_db()
    assert webhook.state == "on"
    owner.post(f"{page}/delete")
    assert not Webhook.objects.exists()


def test_the_log_tells_what_was_wrong_and_sends_again(owner: Client, tenant: Tenant) -> None:
    webhook = make_webhook(tenant)
    make_job(tenant)
    AIJob.objects.update(status="failed", finished_at=NOW)
    delivery = WebhookDelivery.objects.get()
    WebhookDelivery.objects.update(status="failed", http_status=500, error="http_error")
    page = owner.get(f"/settings/webhooks/{webhook.pk}").content.decode()
    assert re.search(r"Given up.*500.*Not taken", page, re.DOTALL)
    owner.post(f"/settings/webhooks/{webhook.pk}/deliveries/{delivery.public_id}/replay")
    assert WebhookDelivery.objects.filter(status="pending", event=delivery.event_id).count() == 1


def test_owners_are_told_that_a_webhook_was_switched_off(owner: Client, tenant: Tenant) -> None:
    webhook = make_webhook(tenant)
    assert "A webhook is switched off" not in owner.get("/").content.decode()
    Webhook.objects.update(state="failed")
    page = owner.get("/").content.decode()
    assert "A webhook is switched off" in page
    assert f"/settings/webhooks/{webhook.pk}" in page
    member = Client()
    member.force_login(make_user("mia", tenant))
    assert "A webhook is switched off" not in member.get("/").content.decode()
    owner.post(f"/settings/webhooks/{webhook.pk}/switch")
    assert "A webhook is switched off" not in owner.get("/").content.decode()


def test_members_and_other_tenants_do_not_see_them(tenant: Tenant, owner: Client) -> None:
    theirs = make_webhook(make_tenant(), "https://theirs.example/")
    assert "theirs.example" not in owner.get("/settings/webhooks").content.decode()
    assert owner.get(f"/settings/webhooks/{theirs.pk}").status_code == 404
    member = Client()
    member.force_login(make_user("mia", tenant))
    assert member.get("/settings/webhooks").status_code == 403


def test_staff_see_webhooks_and_deliveries_without_secrets(client: Client, tenant: Tenant) -> None:
    webhook = make_webhook(tenant)
    make_job(tenant)
    AIJob.objects.update(status="failed", finished_at=NOW)
    staff = make_user("sam")
    staff.is_staff = staff.is_superuser = True
    staff.save()
    client.force_login(staff)
    for path in (
        "webhook/", f"webhook/{webhook.pk}/change/", "webhookdelivery/",
        f"webhookdelivery/{WebhookDelivery.objects.get().pk}/change/",
    ):  # fmt: skip
        answer = client.get(f"/admin/aijobs/{path}")
        assert answer.status_code == 200
        assert "whsec_" not in answer.content.decode()
