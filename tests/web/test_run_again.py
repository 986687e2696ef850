"""A collection is run again from its stored documents, with other settings, quoted first."""

import re
from typing import Any

import pytest
from django.test import Client

from aijobs.models import AIJob, Collection, JobDocument, Quote
from aijobs.pipeline import accept
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant, make_user

pytestmark = pytest.mark.django_db

FORM = {"classify-categories": "red\nblue", "urgency": "later", "price": "1"}


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant(repeat_days=7)


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


@pytest.fixture
def collection(tenant: Tenant) -> Collection:
    rows = [
        (n, {"text": f"Letter {n}", "reference": f"P-{n}", "metadata": {"branch": "north"}})
        for n in range(2, 12)
    ]
    return accept.accept_collection(
        tenant, "May", "classify", rows, now=NOW, created_by="ann",
        defaults={"categories": ["motor", "home"]},
    ).collection  # fmt: skip


def ask(writer: Client, collection: Collection, **fields: str) -> Any:
    return writer.post(f"/collections/{collection.pk}/again", FORM | fields)


def newest(collection: Collection) -> Collection:
    return Collection.objects.exclude(pk=collection.pk).get()


def test_the_form_has_the_settings_of_the_first_run(writer: Client, collection: Collection) -> None:
    page = writer.get(f"/collections/{collection.pk}/again").content.decode()
    assert "motor\nhome</textarea>" in page
    assert "The same 10 documents" in page
    assert "Claude Opus" in page


def test_it_is_quoted_first_and_becomes_a_collection_of_the_same_name(
    writer: Client, collection: Collection
) -> None:
    response = ask(writer, collection, model="claude-opus-5-5")
    assert Collection.objects.count() == 1
    quote = Quote.objects.get()
    assert response["Location"] == f"/quotes/{quote.pk}"
    shown = writer.get(response["Location"]).content.decode()
    assert re.search(r"\$[\d.]+–\$[\d.]+", shown)
    assert f"/collections/{collection.pk}/again?quote={quote.pk}" in shown
    filled = writer.get(f"/collections/{collection.pk}/again?quote={quote.pk}").content.decode()
    assert "red\nblue</textarea>" in filled

    for _ in range(2):
        writer.post(f"/quotes/{quote.pk}/queue")
    made = newest(collection)
    assert (made.name, made.total, made.columns) == ("May", 10, ["branch"])
    jobs = AIJob.objects.filter(collection=made).select_related("input").order_by("pk")
    assert {job.input.model for job in jobs} == {"claude-opus-5-5"}
    assert {tuple(job.input.options["categories"]) for job in jobs} == {("red", "blue")}
    assert [(j.input.row_number, j.input.reference) for j in jobs] == [
        (n, f"P-{n}") for n in range(2, 12)
    ]
    texts = JobDocument.objects.filter(job__collection=made).order_by("job")
    assert [one.text for one in texts] == [f"Letter {n}" for n in range(2, 12)]


def test_a_larger_model_costs_more(writer: Client, collection: Collection) -> None:
    ask(writer, collection)
    ask(writer, collection, model="claude-opus-5-5")
    usual, opus = Quote.objects.order_by("pk")
    assert opus.likely_usd > 3 * usual.likely_usd


def test_the_same_settings_ask_nothing_unless_that_is_wished(
    writer: Client, collection: Collection
) -> None:
    same = {"classify-categories": "motor\nhome"}
    page = writer.get(ask(writer, collection, **same)["Location"]).content.decode()
    assert "10 of 10 were asked before: $0" in page
    ask(writer, collection, fresh="on", **same)
    assert Quote.objects.latest("pk").likely_usd > 0


def test_a_few_are_tried_first(writer: Client, collection: Collection) -> None:
    response = ask(writer, collection, trial="5")
    made = newest(collection)
    assert response["Location"] == f"/collections/{made.pk}"
    assert AIJob.objects.filter(collection=made, route="sync").count() == 5
    page = writer.get(f"/collections/{made.pk}").content.decode()
    change = re.search(rf"/collections/{collection.pk}/again\?quote=[0-9a-f-]+", page)
    assert change
    assert f'name="changes" value="{made.pk}"' in writer.get(change[0]).content.decode()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"classify-categories": "one"}, "cannot be run like this"),
        ({"model": "claude-3"}, "Select a valid choice"),
        ({"urgency": "soon"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    writer: Client, collection: Collection, fields: dict[str, str], told: str
) -> None:
    response = ask(writer, collection, **fields)
    assert response.status_code == 422
    assert told in response.content.decode()
    assert not Quote.objects.exists()


def test_rows_keep_settings_of_their_own(writer: Client, tenant: Tenant) -> None:
    rows = [(n, {"text": f"T{n}", "categories": [f"a{n}", "b"]}) for n in (1, 2)]
    mixed = accept.accept_collection(
        tenant, "M", "classify", rows, now=NOW, created_by="ann"
    ).collection
    page = writer.get(f"/collections/{mixed.pk}/again").content.decode()
    assert "Rows of this collection have settings of their own" in page
    ask(writer, mixed, **{"classify-categories": "", "fresh": "on"})
    writer.post(f"/quotes/{Quote.objects.get().pk}/queue")
    options = AIJob.objects.filter(collection=newest(mixed)).values_list(
        "input__options", flat=True
    )
    assert [one["categories"][0] for one in options.order_by("pk")] == ["a1", "a2"]


def test_one_that_was_erased_meanwhile_is_not_run(writer: Client, collection: Collection) -> None:
    ask(writer, collection)
    Collection.objects.update(erasing_since=NOW)
    page = writer.post(f"/quotes/{Quote.objects.get().pk}/queue", follow=True).content.decode()
    assert "Its documents are gone" in page
    assert Collection.objects.count() == 1


def test_messages_of_programs_are_not_run_again(writer: Client, tenant: Tenant) -> None:
    raw = Collection.objects.create(
        id="0" * 32,
        tenant=tenant,
        name="R",
        job_type="raw",
        total=0,
        created_by="k",
        created_at=NOW,
    )
    assert writer.get(f"/collections/{raw.pk}/again").status_code == 404
