"""Owners and admins say what forms begin with; sets of categories have names."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from aijobs.models import CategorySet, JobDefaults, new_id
from aijobs.reading.defaults import defaults_of
from citizenapp.tenants.models import AuditEntry, Tenant
from tests.beside import beside
from tests.factories import NOW, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(client: Client) -> Tenant:
    """A tenant whose owner is signed in."""
    found = make_tenant()
    client.force_login(make_user("olga", found, role="owner"))
    return found


def make_set(client: Client, name: str = "Claims", lines: str = "motor\nhome\n\ntravel") -> Any:
    return client.post("/settings/categories/new", {"name": name, "categories": lines})


def test_forms_begin_with_what_was_set(client: Client, tenant: Tenant) -> None:
    assert make_set(client)["Location"] == "/settings/defaults"
    chosen = CategorySet.objects.get()
    answer = client.post(
        "/settings/defaults",
        {
            "summarize-max_length": "120",
            "summarize-urgency": "hour",
            "classify-category_set": str(chosen.pk),
        },
    )
    assert answer["Location"] == "/settings/defaults"
    assert defaults_of(tenant, "summarize") == {"max_length": "120", "urgency": "hour"}
    assert defaults_of(tenant, "classify") == {"categories": ["motor", "home", "travel"]}
    assert defaults_of(tenant, "analyze") == defaults_of(make_tenant(), "summarize") == {}
    page = client.get("/jobs/new?job_type=summarize")
    assert 'value="120"' in page.content.decode()
    assert "motor\nhome\ntravel" in page.content.decode()
    assert page.context["form"]["urgency"].value() == "hour"
    assert "motor\nhome\ntravel" in client.get("/collections/new").content.decode()
    assert 'value="120"' in client.get("/settings/defaults").content.decode()
    client.post("/settings/defaults", {})
    assert defaults_of(tenant, "summarize") == {}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("summarize-max_length", "5"),
        ("summarize-max_length", "many"),
        ("summarize-urgency", "soon"),
        ("classify-category_set", "0192f7a0-0000-7000-8000-000000000000"),
        ("analyze-questions", "x" * 501),
    ],
)
def test_what_no_job_would_take_is_refused_beside_its_field(
    client: Client, tenant: Tenant, field: str, wrong: str
) -> None:
    answer = client.post(
        "/settings/defaults", {field: wrong, "summarize-max_length": "100"} | {field: wrong}
    )
    assert answer.status_code == 422
    name = field.partition("-")[2]
    assert any(name in form.errors for form in answer.context["forms"])
    assert not JobDefaults.objects.filter(tenant=tenant).exists()


def test_another_tenants_set_can_neither_be_chosen_nor_seen(client: Client, tenant: Tenant) -> None:
    other = CategorySet.objects.create(
        id="0192f7a0-0000-7000-8000-000000000001",
        tenant=make_tenant(),
        name="Theirs",
        categories=["a", "b"],
    )
    assert client.post("/settings/defaults", {"classify-category_set": other.pk}).status_code == 422
    assert client.get(f"/settings/categories/{other.pk}").status_code == 404
    assert client.post(f"/settings/categories/{other.pk}/delete").status_code == 404
    assert make_set(client, "Theirs").status_code == 302, "names are those of a tenant"


def test_a_set_is_changed_and_deleted_and_jobs_keep_their_categories(
    client: Client, tenant: Tenant
) -> None:
    make_set(client)
    one = CategorySet.objects.get()
    client.post("/settings/defaults", {"classify-category_set": str(one.pk)})
    client.post(f"/settings/categories/{one.pk}", {"name": "Claims", "categories": "a\nb"})
    assert defaults_of(tenant, "classify") == {"categories": ["a", "b"]}
    client.post(f"/settings/categories/{one.pk}/delete")
    assert defaults_of(tenant, "classify") == {}


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize(
    ("name", "lines"), [("", "a\nb"), ("X", "a"), ("X", "a\na"), ("X", ""), ("Claims", "a\nb")]
)
def test_a_set_that_cannot_be_used_is_refused(client: Client, name: str, lines: str) -> None:
    make_set(client)
    answer = make_set(client, name, lines)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert CategorySet.objects.count() == 1


def test_there_is_an_end_to_how_many_sets_there_may_be(client: Client, tenant: Tenant) -> None:
    CategorySet.MOST_OF_A_TENANT, before = 1, CategorySet.MOST_OF_A_TENANT
    try:
        make_set(client)
        assert make_set(client, "More")["Location"] == "/settings/defaults"
        assert CategorySet.objects.of(tenant).count() == 1
    finally:
        CategorySet.MOST_OF_A_TENANT = before


def test_members_set_nothing(client: Client) -> None:
    client.force_login(make_user("max", make_tenant()))
    for path in ("/settings/defaults", "/settings/general", "/settings/categories/new"):
        assert client.get(path).status_code == 403
        assert client.post(path).status_code == 403


def test_name_zone_and_days_are_set(client: Client, tenant: Tenant) -> None:
    form = {"name": "Acme", "time_zone": "Europe/Zurich", "keep_days": "30"}
    assert client.post("/settings/general", form)["Location"] == "/settings/general"
    tenant.refresh_from_db()
    assert (tenant.name, tenant.time_zone, tenant.keep_days) == ("Acme", "Europe/Zurich", 30)
    for field, wrong in [
        ("name", ""),
        ("keep_days", "0"),
        ("keep_days", "x"),
        ("time_zone", "Mars"),
    ]:
        answer = client.post("/settings/general", form | {field: wrong})
        assert answer.status_code == 422
        assert field in answer.context["form"].errors
    client.post("/settings/general", form | {"keep_days": ""})
    tenant.refresh_from_db()
    assert tenant.keep_days is None


def told() -> list[tuple[str, dict[str, str]]]:
    found = AuditEntry.objects.filter(action="settings.changed").order_by("pk")
    return list(found.values_list("subject", "details"))


def test_the_audit_tells_of_defaults_with_the_old_and_the_new(
    client: Client, tenant: Tenant
) -> None:
    form = {"summarize-max_length": "120", "summarize-urgency": "hour"}
    client.post("/settings/defaults", form)
    client.post("/settings/defaults", form)  # Nothing is another then.
    client.post("/settings/defaults", form | {"summarize-max_length": "80"})
    assert told() == [
        (
            "defaults",
            {"summarize max_length": "– → 120", "summarize urgency": "– → hour"},
        ),
        ("defaults", {"summarize max_length": "120 → 80"}),
    ]


def test_the_audit_tells_of_categories_by_the_name_of_their_set(
    client: Client, tenant: Tenant
) -> None:
    make_set(client)
    key = CategorySet.objects.get().pk
    client.post("/settings/defaults", {"classify-category_set": str(key)})
    client.post(f"/settings/categories/{key}", {"name": "Post", "categories": "motor\nboat"})
    client.post(f"/settings/categories/{key}/delete")
    assert told() == [
        ("categories Claims", {"name": "– → Claims", "categories": "– → motor, home, travel"}),
        ("defaults", {"classify categories": "– → Claims"}),
        (
            "categories Post",
            {"name": "Claims → Post", "categories": "motor, home, travel → motor, boat"},
        ),
        ("categories Post", {"categories": "motor, boat → –"}),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_a_name_at_once_the_second_is_told(client: Client, tenant: Tenant) -> None:
    answers: list[Any] = []
    transaction.set_autocommit(False)
    try:
        CategorySet.objects.create(
            id=new_id(NOW), tenant=tenant, name="Claims", categories=["a", "b"]
        )
        raised = beside(lambda: answers.append(make_set(client)), transaction.commit)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert raised == []
    assert answers[0].status_code == 422
    assert "There is a set of this name already." in answers[0].content.decode()
