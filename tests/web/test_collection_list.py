"""The list of collections: found by name, kind, sender and day, and how each stands."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import Collection, Trial, new_id
from aijobs.pipeline import accept, erase
from aijobs.turnaround.model import LEVELS
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_charge, make_job, make_tenant, make_user
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def reader(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def names(reader: Client, **query: str) -> list[str]:
    found = reader.get("/collections/", query)
    assert found.status_code == 200
    return [row.collection.name for row in found.context["page"].rows]


def test_collections_are_found_by_what_is_known_of_them(reader: Client, tenant: Tenant) -> None:
    days = [NOW + timedelta(days=day) for day in range(3)]
    make_collection(tenant, "Motor, May", id=new_id(days[0]), created_by="ann")
    make_collection(tenant, "Motor, June", id=new_id(days[1]), job_type="classify")
    make_collection(tenant, "100 % Hail_", id=new_id(days[2]), created_by="key of Ann")
    make_collection(make_tenant(), "Motor of others", id=new_id(NOW))
    assert names(reader) == ["100 % Hail_", "Motor, June", "Motor, May"]
    assert names(reader, search="motor") == ["Motor, June", "Motor, May"]
    assert names(reader, search="%") == names(reader, search="_") == ["100 % Hail_"]
    assert names(reader, job_type="classify") == ["Motor, June"]
    assert names(reader, by="ann") == ["100 % Hail_", "Motor, May"]
    day = f"{days[1]:%Y-%m-%d}"
    assert names(reader, **{"from": day, "to": day}) == ["Motor, June"]
    assert names(reader, **{"from": day}) == ["100 % Hail_", "Motor, June"]
    assert names(reader, search="motor", by="ann") == ["Motor, May"]


def test_days_are_those_of_the_workspace(reader: Client, tenant: Tenant) -> None:
    """Midnight in Zurich is in the evening before by UTC."""
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Europe/Zurich")
    moments = [datetime(2026, 11, day, 23, 30, tzinfo=UTC) for day in (1, 2)]
    for name, moment in zip(("Monday", "Tuesday"), moments, strict=True):
        make_collection(tenant, name, id=new_id(moment), created_at=moment)
    for day, name in ((2, "Monday"), (3, "Tuesday")):
        at = f"2026-11-{day:02}"
        assert names(reader, **{"from": at, "to": at}) == [name]


def test_a_search_without_a_result_says_so(reader: Client, tenant: Tenant) -> None:
    make_collection(tenant)
    page = reader.get("/collections/", {"search": "nothing"}).content.decode()
    assert "No such collection" in page
    assert "Hundreds of documents in one go" not in page


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"job_type": "x"}, "job_type"),
        ({"from": "May"}, "from"),
        ({"from": "2026-11-03", "to": "2026-11-02"}, "to"),
        ({"search": "x" * 201}, "search"),
    ],
)
def test_nonsense_is_refused_and_named(reader: Client, query: dict[str, str], name: str) -> None:
    response = reader.get("/collections/", query)
    assert response.status_code == 400
    assert f"<code>{name}</code>" in response.content.decode()


def test_a_row_says_how_far_it_is_and_what_it_cost(reader: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant)
    done = make_job(tenant, collection=collection, status="completed", finished_at=NOW)
    make_charge(done, "0.25", "0.5")
    make_job(tenant, collection=collection, status="failed", finished_at=NOW)
    promised = [60.0 * number for number in range(1, len(LEVELS) + 1)]
    batch = make_batch("submitted", submitted_at=timezone.now(), promised_seconds=promised)
    make_job(tenant, collection=collection, status="submitted", batch=batch)
    cheap = make_collection(tenant, "Cheap", id=new_id(NOW))
    make_charge(make_job(tenant, collection=cheap), "0.000056", "0.0001")
    response = reader.get("/collections/")
    page = response.content.decode()
    assert "1 answer</a> of 3" in page
    assert "1 failed</a>" in page
    assert 'aria-label="1 done, 1 failed, 1 in progress"' in page
    # One unit a column.
    assert '<td class="cell-cost number">$0.25000</td>' in page
    assert re.search(r'<td class="cell-cost number">\$0\.0000\d</td>', page)
    row = next(one for one in response.context["page"].rows if one.collection == collection)
    assert row.expected.latest > timezone.now()
    assert "Waits for the next batch" in page


def test_a_trial_waits_for_a_word(reader: Client, tenant: Tenant) -> None:
    items: Any = enumerate([{"document_text": f"Text {n}."} for n in range(6)], 1)
    found = accept.accept_collection(
        tenant, "May", "summarize", items, now=timezone.now(), created_by="max", trial=2
    )
    assert "Waits for your word" in reader.get("/collections/").content.decode()
    Trial.objects.get(collection=found.collection).mark_ended()
    assert "Waits for your word" not in reader.get("/collections/").content.decode()


def test_what_is_being_erased_says_how_far_it_is(reader: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant)
    make_job(tenant, collection=collection, status="submitted", batch=make_batch("submitted"))
    make_job(tenant, collection=collection)
    assert erase.erase_collection(collection, by="max", now=NOW)
    page = reader.get("/collections/").content.decode()
    assert "Erasing 2 rows: 1 of 2 is gone." in page
    assert not Collection.objects.of(tenant).exists()


def test_a_full_list_takes_ten_queries(
    reader: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    batches = [make_batch("submitted", submitted_at=NOW) for _ in range(3)]
    for number in range(30):
        one = make_collection(tenant, f"C {number}", id=new_id(NOW + timedelta(minutes=number)))
        make_job(tenant, collection=one, status="submitted", batch=batches[number % 3])
        make_job(tenant, collection=one)
    reader.get("/collections/")
    with django_assert_max_num_queries(10):
        assert len(reader.get("/collections/").context["page"].rows) == 25
