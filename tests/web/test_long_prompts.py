"""Long prompts, on the pages."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from aijobs.models import AIJob
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant, make_user
from tests.long_texts import LONG

pytestmark = pytest.mark.django_db

ADDRESS = "/settings/long-prompts"


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


@pytest.fixture
def refusing(owner: Client) -> Client:
    Tenant.objects.update(long_prompts="refuse")
    return owner


def send(client: Client, path: str = "/jobs/new", **fields: Any) -> Any:
    form = {"job_type": "summarize", "text": "", "urgency": "later"}
    return client.post(path, form | fields)


def send_table(client: Client, path: str) -> Any:
    table = f"no,text\n1,Hail.\n2,{LONG}\n"
    file = SimpleUploadedFile("a.csv", table.encode())
    form = {"name": "May", "job_type": "summarize", "on_error": "reject", "urgency": "later"}
    return client.post(path, form | {"table": file})


def test_owners_choose_what_becomes_of_them(owner: Client, tenant: Tenant) -> None:
    shown = owner.get(ADDRESS).content.decode()
    assert "above 100,000 tokens, claude-haiku-5-5 asks more" in shown
    assert f'href="{ADDRESS}"' in owner.get("/settings/people").content.decode()
    assert owner.post(ADDRESS, {"long_prompts": "refuse"}).status_code == 302
    tenant.refresh_from_db()
    assert tenant.long_prompts == "refuse"
    assert owner.post(ADDRESS, {"long_prompts": "shorten"}).status_code == 422


def test_what_each_choice_costs_stands_beside_them(owner: Client) -> None:
    shown = owner.get(ADDRESS).content.decode()
    # Half of 200,000 tokens at $0.50 a million and 1,000 at $2.50; or at $2 and $10.
    assert "costs $0.0512 by batch" in shown
    assert "asked of claude-sonnet-5-5, whose price is the same for every length, $0.205" in shown


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_others_do_not(client: Client, tenant: Tenant, role: str) -> None:
    client.force_login(make_user("max", tenant, role=role))
    assert client.get(ADDRESS).status_code == 403
    assert ADDRESS not in client.get("/settings/people").content.decode()


def test_a_long_text_is_refused_beside_its_field(refusing: Client) -> None:
    response = send(refusing, text=LONG)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["text"]
    assert "about 128,000 tokens" in response.context["form"].errors["text"][0]
    assert response.content.decode().count("about 128,000 tokens") == 1
    assert not AIJob.objects.exists()


def test_of_several_files_the_long_one_is_named(refusing: Client) -> None:
    files = [SimpleUploadedFile("a.txt", b"Hail."), SimpleUploadedFile("b.txt", LONG.encode())]
    response = send(refusing, document=files)
    [said] = response.context["form"].errors["document"]
    assert said.startswith("b.txt: The prompt would have")
    assert not AIJob.objects.exists()


def test_the_price_says_that_it_would_be_refused(refusing: Client) -> None:
    told = send(refusing, "/jobs/price", text=LONG).json()
    assert "about 128,000 tokens" in told["problems"][0]
    assert "now" not in told
    files = [SimpleUploadedFile("a.txt", b"Hail."), SimpleUploadedFile("b.txt", LONG.encode())]
    told = send(refusing, "/jobs/price", document=files).json()
    assert told["problems"][0].startswith("b.txt: ")
    assert told["notes"] == []


def test_without_the_setting_the_price_says_that_it_is_a_higher_one(owner: Client) -> None:
    told = send(owner, "/jobs/price", text=LONG).json()
    assert told["problems"] == []
    assert "asks more for each of its tokens" in told["notes"][0]


def test_the_preview_of_a_table_names_the_row(refusing: Client) -> None:
    found = send_table(refusing, "/collections/preview").context["preview"]
    assert (found.good, found.bad, found.ready) == (1, 1, 0)
    assert "text: The prompt would have" in str(found.groups[0])
    assert "(row 3)" in str(found.groups[0])


def test_queueing_that_table_is_refused(refusing: Client) -> None:
    response = send_table(refusing, "/collections/new")
    assert response.status_code == 422
    assert "some rows have errors" in str(response.context["form"].errors)
    assert not AIJob.objects.exists()


def test_trying_again_says_why_not(refusing: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="failed", finished_at=NOW)
    job.input.expected_tokens, job.input.document_kind = 150_000, "text"
    job.input.save()
    shown = refusing.post(f"/jobs/{job.pk}/retry", follow=True).content.decode()
    assert "would have about 128,000 tokens" in shown


def test_one_that_goes_elsewhere_says_so_before_and_after_it_is_queued(owner: Client) -> None:
    by_haiku = send(owner, "/jobs/price", text=LONG).json()
    Tenant.objects.update(long_prompts="other_model")
    told = send(owner, "/jobs/price", text=LONG).json()
    assert told["problems"] == []
    assert told["notes"][0].endswith("as one of claude-sonnet-5-5.")
    assert told["later"] != by_haiku["later"]
    found = send_table(owner, "/collections/preview").context["preview"]
    assert (found.good, found.bad) == (2, 0)
    assert found.notes[0].endswith("as one of claude-sonnet-5-5")
    address = send(owner, text=LONG)["Location"]
    assert "it goes to claude-sonnet-5-5" in owner.get(address).content.decode()
