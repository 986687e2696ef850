"""From a collection page that is narrowed, one goes on to the next job of what it shows."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from aijobs.models import AIJob, Collection
from citizenapp.tenants.models import Tenant
from tests.api.rows import fail
from tests.factories import NOW, make_job, make_output, make_tenant, make_user
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def reader(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


@pytest.fixture
def collection(tenant: Tenant) -> Collection:
    """Rows of two categories in turn, one that failed after each, and one that waits at the end."""
    made = make_collection(tenant, job_type="classify", total=7)
    for number in range(6):
        is_failed = number % 3 == 2
        status = {"status": "failed" if is_failed else "completed", "attempts": 1}
        job = add(tenant, made, number, finished_at=NOW, **status)
        if is_failed:
            fail(job, 1)
        else:
            make_output(job, {"category": "motor" if number % 3 == 0 else "home"})
    add(tenant, made, 6)
    return made


def add(tenant: Tenant, collection: Collection, number: int, **fields: Any) -> AIJob:
    at = NOW + timedelta(seconds=number)
    text = f"Letter {number} about {'hail' if number in (1, 3, 6) else 'fire'}"
    return make_job(
        tenant, "classify", text, now=at, reference=f"R{number}", row_number=number + 1,
        collection=collection, **fields,
    )  # fmt: skip


def shown(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.content
    return response.content.decode()


def walked(client: Client, page: str) -> list[str]:
    """The references of the jobs that one comes by, from the first row that a page shows."""
    [first, *_] = re.findall(r'<a href="([^"]*)" data-row-link[^>]*>', page)
    seen, onward = [], unescape(first)
    while onward:
        page = shown(client, onward)
        seen.append(re.findall(r'<h1 class="label"><bdi>(R\d)', page)[0])
        found = re.findall(r'rel="next" data-step="next" href="([^"]*)"', page)
        onward = unescape(found[0]) if found else ""
    return seen


@pytest.mark.parametrize(
    ("narrowed", "references"),
    [
        ("", ["R0", "R1", "R2", "R3", "R4", "R5", "R6"]),
        ("category=motor", ["R0", "R3"]),
        ("category=home", ["R1", "R4"]),
        ("status=failed", ["R2", "R5"]),
        ("reason=refusal", ["R2", "R5"]),
        ("search=hail", ["R1", "R3", "R6"]),
        ("search=hail&status=completed", ["R1", "R3"]),
    ],
)
def test_the_next_job_is_the_next_of_what_the_page_shows(
    reader: Client, collection: Collection, narrowed: str, references: list[str]
) -> None:
    page = shown(reader, f"/collections/{collection.pk}?{narrowed}")
    assert walked(reader, page) == references


def test_what_is_in_progress_is_walked_as_well(
    reader: Client, tenant: Tenant, collection: Collection
) -> None:
    for number in (7, 8):
        add(tenant, collection, number, status="processing", started_at=NOW, attempts=1)
    page = shown(reader, f"/collections/{collection.pk}?status=underway")
    assert walked(reader, page) == ["R7", "R8"]


def test_one_comes_back_to_what_was_shown(reader: Client, collection: Collection) -> None:
    page = shown(reader, f"/collections/{collection.pk}?category=motor&search=fire")
    [first] = re.findall(r'<a href="([^"]*)" data-row-link[^>]*>', page)
    [back] = re.findall(r'class="crumbs"><a href="([^"]*)"', shown(reader, unescape(first)))
    address = urlsplit(unescape(back))
    assert address.path == f"/collections/{collection.pk}"
    assert parse_qs(address.query) == {"category": ["motor"], "search": ["fire"]}


def test_the_desk_reads_what_the_page_shows(reader: Client, collection: Collection) -> None:
    page = shown(reader, f"/collections/{collection.pk}?category=home")
    [desk] = re.findall(r'href="(/read[^"]*)"', page)
    first = shown(reader, unescape(desk))
    assert ">R1</bdi>" in first
    assert "1 of 2" in first
    [onward] = re.findall(r'rel="next" data-step="next" href="([^"]*)"', first)
    second = shown(reader, f"/read{unescape(onward)}")
    assert ">R4</bdi>" in second
    assert 'rel="next"' not in second


def test_rows_of_somebody_else_are_none(reader: Client, collection: Collection) -> None:
    other = make_tenant()
    foreign = make_collection(other, job_type="classify", total=1)
    add(other, foreign, 0, status="completed", finished_at=NOW)
    own = AIJob.objects.filter(collection=collection).earliest("pk")
    query = f"collection={foreign.pk}&order=rows&search=fire"
    page = reader.get(f"/jobs/{own.pk}", {"list": query}).content.decode()
    assert 'rel="next"' not in page


@pytest.mark.parametrize("query", ["category=motor", "order=rows&search=hail"])
def test_what_narrows_rows_narrows_nothing_else(reader: Client, query: str) -> None:
    response = reader.get(f"/read?{query}")
    assert response.status_code == 400
    assert "Narrows nothing but the rows of a collection." in response.content.decode()
