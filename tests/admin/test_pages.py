"""Staff can open every page there is, and what it shows is safe to show."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from aijobs.models import JobAttempt, StrangerBatch
from citizenapp.tenants.api_versions import FIRST, NEWEST
from citizenapp.tenants.models import APIKey, Membership
from tests.admin.rows import LATER, make_collection, make_failed_job, page
from tests.factories import (
    NOW,
    make_batch,
    make_charge,
    make_job,
    make_key,
    make_output,
    make_reconciliation,
    make_submission,
    make_tenant,
    make_user,
)

NASTY = "<script>alert(1)</script> \ud800 \u2028 مرحبا 🦊"


def make_one_of_each() -> None:
    tenant = make_tenant()
    make_user("ada", tenant)
    make_key(tenant)
    batch = make_batch("settled", tenant_ids=[tenant.pk], ended_at=LATER, settled_at=LATER)
    collection = make_collection(tenant, "<b>c</b>")
    job = make_job(
        tenant, batch=batch, collection=collection, status="completed", finished_at=LATER
    )
    make_output(job)
    make_charge(job, batch=batch)
    make_submission(batch, "duplicate")
    StrangerBatch.objects.create(
        remote_id="msgbatch_theirs", requests=1, created_at=NOW, found_at=NOW
    )
    make_reconciliation(verdict="differs", notes=["<script>alert(1)</script>"])


@pytest.mark.usefixtures("db")
def test_every_list_and_every_row_has_a_page(staff: Client) -> None:
    make_one_of_each()
    assert "Batches under way" in page(staff, "index")
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        page(staff, f"{name}_changelist")
        for row in model._default_manager.all()[:2]:
            page(staff, f"{name}_change", row.pk)
            page(staff, f"{name}_history", row.pk)


def test_texts_of_documents_are_shown_as_they_are(staff: Client) -> None:
    job = make_failed_job(text=NASTY)
    make_output(job, {"summary": NASTY})
    JobAttempt.objects.create(
        job=job, number=1, route="batch", error_type="api_error", message="<i>no</i>", ended_at=NOW
    )
    text = page(staff, "aijobs_aijob_change", job.pk)
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt; \ufffd \u2028 مرحبا 🦊") == 2
    assert "<script>alert" not in text
    assert "&lt;i&gt;no&lt;/i&gt;" in text


def test_a_long_document_is_shown_from_its_beginning(staff: Client) -> None:
    job = make_job(make_tenant(), text="word " * 100_000)
    text = page(staff, "aijobs_aijob_change", job.pk)
    assert "450,000 characters more" in text
    assert len(text) < 100_000


def test_a_job_shows_what_it_cost(staff: Client) -> None:
    job = make_job(make_tenant(), status="completed", finished_at=LATER)
    make_charge(job)
    text = page(staff, "aijobs_aijob_change", job.pk)
    assert "$0.5000000000" in text
    assert "$1.0000000000" in text


def test_a_batch_shows_its_jobs_its_money_and_its_note(staff: Client) -> None:
    batch = make_batch("ended", note="Rows are missing.", ended_at=LATER)
    tenant = make_tenant()
    for _ in range(2):
        make_charge(make_job(tenant, batch=batch, status="submitted"), batch=batch)
    text = page(staff, "aijobs_batch_change", batch.pk)
    assert "2 submitted" in text
    assert "Rows are missing." in text
    assert "<td>$1.0000000000</td><td>$2.0000000000</td><td>$1.0000000000</td>" in text


def test_the_overview_names_batches_in_trouble(staff: Client) -> None:
    make_batch("unconfirmed", note="The connection was cut.")
    assert "The connection was cut." in page(staff, "index")


def test_what_could_stop_the_task_queue_is_out_of_reach() -> None:
    for label in ("django_q", "rest_framework_api_key"):
        for model in apps.get_app_config(label).get_models():
            assert not admin.site.is_registered(model)


def test_a_new_key_is_shown_once(staff: Client) -> None:
    tenant = make_tenant()
    answer = staff.post(
        "/admin/tenants/apikey/add/",
        {"name": "ci", "tenant": tenant.pk, "role": "viewer"},
        follow=True,
    )
    [(shown_at, _)] = answer.redirect_chain
    made = APIKey.objects.get(name="ci")
    key = answer.context["key"]
    assert APIKey.objects.get_from_key(key) == made
    assert key in answer.content.decode()
    assert key not in str(answer.cookies)
    assert key not in shown_at
    assert staff.get(shown_at).status_code == 302, "Loaded again, it shows no key and makes none."
    assert APIKey.objects.count() == 1
    assert key not in page(staff, "tenants_apikey_change", made.pk)
    assert made.version == NEWEST
    assert NEWEST in answer.content.decode()
    assert NEWEST in page(staff, "tenants_apikey_changelist")


def test_staff_change_which_version_of_the_api_a_key_speaks(staff: Client) -> None:
    key, _ = APIKey.objects.create_key(name="ci", tenant=make_tenant())
    fields = {"name": "ci", "version": FIRST, "expiry_date_0": "", "expiry_date_1": ""}
    answer = staff.post(f"/admin/tenants/apikey/{key.pk}/change/", fields)
    assert answer.status_code == 302, answer.content.decode()
    key.refresh_from_db()
    assert key.version == FIRST
    wrong = staff.post(
        f"/admin/tenants/apikey/{key.pk}/change/", fields | {"version": "2020-01-01"}
    )
    assert wrong.status_code == 200


def test_staff_give_a_tenant_limits_of_its_own(staff: Client) -> None:
    tenant = make_tenant()
    fields = {
        "name": tenant.name, "slug": tenant.slug, "is_active": "on", "weight": 1,
        "repeat_days": 30, "long_prompts": "run", "deadline_percent": 95, "full_price": "on",
        "time_zone": "UTC", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0,
    }  # fmt: skip
    address = f"/admin/tenants/tenant/{tenant.pk}/change/"
    assert staff.post(address, fields | {"api_rate": 0}).status_code == 200
    answer = staff.post(address, fields | {"api_rate": 7, "api_burst": 70, "most_waiting": 5_000})
    assert answer.status_code == 302, answer.content.decode()
    tenant.refresh_from_db()
    assert (tenant.api_rate, tenant.api_burst, tenant.most_waiting) == (7, 70, 5_000)


def test_staff_give_a_tenant_a_weight_and_read_what_it_does(staff: Client) -> None:
    tenant = make_tenant()
    assert "in proportion to its weight" in page(staff, "tenants_tenant_change", tenant.pk)
    fields = {
        "name": tenant.name,
        "slug": tenant.slug,
        "is_active": "on",
        "repeat_days": 30,
        "long_prompts": "refuse",
        "deadline_percent": 99,
        "full_price": "on",
        "rescue_usd": "10",
        "time_zone": "UTC",
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    }
    url = f"/admin/tenants/tenant/{tenant.pk}/change/"
    assert staff.post(url, fields | {"weight": 101}).status_code == 200
    tenant.refresh_from_db()
    assert tenant.weight == 1
    assert staff.post(url, fields | {"weight": 3}).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.weight, tenant.long_prompts) == (3, "refuse")


def test_a_membership_cannot_be_made_twice(staff: Client) -> None:
    tenant = make_tenant()
    user = make_user("ada", tenant)
    answer = staff.post(
        "/admin/tenants/membership/add/",
        {"tenant": tenant.pk, "user": user.pk, "role": "viewer"},
    )
    assert answer.status_code == 200, "It is shown again, with the error."
    assert Membership.objects.count() == 1
