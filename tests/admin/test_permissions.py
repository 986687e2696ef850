"""What the pipeline writes nobody edits, and staff do no more than they were given."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from citizenapp.tenants.models import User
from tests.admin.rows import act, page
from tests.factories import make_batch, make_charge, make_job, make_tenant, make_user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def make_staff(*permissions: str) -> Client:
    user = User.objects.create_user("clerk", password="clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return signed_in(user)


def test_not_even_a_superuser_edits_what_the_pipeline_writes(staff: Client) -> None:
    job, batch = make_job(make_tenant()), make_batch()
    entry = make_charge(job, batch=batch)
    for row in (job, batch, entry):
        model = f"aijobs_{row._meta.model_name}"
        assert staff.post(reverse(f"admin:{model}_add"), {}).status_code == 403
        assert staff.post(reverse(f"admin:{model}_change", args=[row.pk]), {}).status_code == 403
        assert staff.post(reverse(f"admin:{model}_delete", args=[row.pk]), {}).status_code == 403


@pytest.mark.usefixtures("db")
def test_who_may_only_look_starts_nothing() -> None:
    clerk = make_staff("view_aijob")
    job = make_job(make_tenant())
    assert 'value="cancel"' not in page(clerk, "aijobs_aijob_change", job.pk)
    act(clerk, "aijob", "cancel", job.pk)
    job.refresh_from_db()
    assert job.status == "queued"


@pytest.mark.usefixtures("db")
def test_who_may_change_jobs_cancels_them() -> None:
    clerk = make_staff("view_aijob", "change_aijob")
    job = make_job(make_tenant())
    act(clerk, "aijob", "cancel", job.pk)
    job.refresh_from_db()
    assert job.status == "canceled"


@pytest.mark.usefixtures("db")
def test_members_of_tenants_have_no_way_in() -> None:
    member = signed_in(make_user("ada", make_tenant(), "owner"))
    assert member.get(reverse("admin:aijobs_aijob_changelist")).status_code == 302


@pytest.mark.usefixtures("db")
def test_staff_make_nobody_a_superuser() -> None:
    clerk = make_staff("view_user", "change_user")
    ada = make_user("ada")
    empty = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    clerk.post(
        reverse("admin:tenants_user_change", args=[ada.pk]),
        {
            "username": "ada", "first_name": "Ada", "is_active": "on", "is_staff": "on",
            "is_superuser": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
        } | empty,
    )  # fmt: skip
    ada.refresh_from_db()
    assert (ada.first_name, ada.is_staff, ada.is_superuser) == ("Ada", False, False)


def test_staff_do_not_touch_superusers(staff: Client) -> None:
    clerk = make_staff("view_user", "change_user")
    root = User.objects.get(username="root")
    address = reverse("admin:auth_user_password_change", args=[root.pk])
    assert clerk.get(address).status_code == 403
    assert staff.get(address).status_code == 200
