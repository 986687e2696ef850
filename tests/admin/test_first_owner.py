"""A new workspace gets its owner by a letter that staff have sent from its page in the admin."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse

from citizenapp.tenants.models import AuditEntry, Invitation, Membership, Tenant, User
from tests.factories import make_tenant, make_user

ADD = "admin:tenants_tenant_add"
EMAIL = "olga@alpine.example"


def form(**given: object) -> dict[str, object]:
    """What a browser sends for a workspace that staff changed nothing else of."""
    inline = {f"memberships-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    fields = {"name": "Alpine Mutual", "slug": "alpine", "is_active": "on", "weight": 1}
    known = {"time_zone": "UTC", "long_prompts": "run", "full_price": "allowed"}
    numbers = {"repeat_days": 0, "deadline_percent": 95}
    return inline | fields | known | numbers | given


@pytest.mark.django_db(transaction=True)
def test_who_is_invited_as_its_owner_joins_by_the_letter(staff: Client) -> None:
    answer = staff.post(reverse(ADD), form(owner="Olga@Alpine.example"), follow=True)
    assert f"An invitation is on its way to {EMAIL}." in answer.content.decode()
    tenant = Tenant.objects.get(slug="alpine")
    [letter] = mail.outbox
    assert letter.to == [EMAIL]
    assert "Alpine Mutual" in letter.body
    assert AuditEntry.objects.filter(tenant=tenant, action="invitation.made").exists()

    link = re.search(r"http\S+(/join/\S+)", str(letter.body))
    assert link
    given = {"name": "Olga Owner", "password": "a long walk by the sea"}
    assert Client().post(link[1], given).status_code == 302
    assert Membership.objects.get(tenant=tenant).role == "owner"
    assert User.objects.get(email=EMAIL).check_password("a long walk by the sea")


@pytest.mark.django_db(transaction=True)
def test_without_an_address_nobody_is_invited(staff: Client) -> None:
    staff.post(reverse(ADD), form())
    assert Tenant.objects.filter(slug="alpine").exists()
    assert not Invitation.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize("owner", ["no address", EMAIL])
def test_what_cannot_be_invited_is_said_at_the_field(staff: Client, owner: str) -> None:
    tenant = make_tenant("Alpine")
    User.objects.filter(pk=make_user("olga", tenant).pk).update(email=EMAIL)
    address = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    answer = staff.post(address, form(owner=owner, slug=tenant.slug, name="Another name"))
    assert answer.status_code == 200
    assert [*answer.context["adminform"].form.errors] == ["owner"]
    tenant.refresh_from_db()
    assert tenant.name == "Alpine"
    assert not Invitation.objects.exists()


@pytest.mark.usefixtures("db")
def test_who_may_make_no_members_invites_no_owner() -> None:
    clerk = User.objects.create_user("clerk", password="clerk", is_staff=True)
    names = ("view_tenant", "change_tenant")
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
    browser = Client()
    browser.force_login(clerk, "django.contrib.auth.backends.ModelBackend")
    tenant = make_tenant()
    address = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    assert "Invite an owner" not in browser.get(address).content.decode()
    assert browser.post(address, form(owner=EMAIL, slug=tenant.slug)).status_code == 302
    assert not Invitation.objects.exists()
