"""A client that was written for an old version of the API gets its answers as they were then."""

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from aijobs.api import urls, versions
from aijobs.models import CircuitBreaker
from citizenapp.tenants.api_versions import FIRST, NEWEST, VERSIONS
from citizenapp.tenants.models import APIKey, Tenant
from tests.api.conftest import Caller
from tests.factories import NOW, make_charge, make_job, make_user

HEADER = "CitizenApp-Version"
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}
# Every member of a report of the first version, with nothing told that may be left out.
FIRST_REPORT = {"from", "to", "group_by", "rows", "totals"}


def usage(caller: Client, version: str | None = None, **query: str) -> Any:
    headers = {HEADER: version} if version else {}
    response = caller.get("/api/ai/usage", query | NOVEMBER, headers=headers)
    assert response.status_code == 200, response.content
    assert response[HEADER] == version or version is None
    return response.json()


@pytest.fixture
def old(tenant: Tenant) -> Caller:
    """A caller whose key was made when there was the first version only."""
    caller = Caller(tenant)
    APIKey.objects.update(version=FIRST)
    return caller


def test_a_key_speaks_the_version_of_its_day(caller: Caller, old: Caller) -> None:
    new = Caller(old.tenant)

    assert new.read("jobs")[HEADER] == NEWEST
    assert old.read("jobs")[HEADER] == FIRST
    assert usage(new)["group_by"] == ["day"]
    assert usage(old)["group_by"] == "day"


def test_a_session_speaks_the_newest_version(tenant: Tenant) -> None:
    browser = Client()
    browser.force_login(make_user("ada", tenant))

    assert browser.get("/api/ai/jobs")[HEADER] == NEWEST
    assert usage(browser)["group_by"] == ["day"]
    assert usage(browser, FIRST)["group_by"] == "day"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_request_may_name_any_version(caller: Caller, old: Caller, version: str) -> None:
    told = usage(caller, version)

    assert usage(old, version) == told
    assert isinstance(told["group_by"], str) == (version == FIRST)


def test_a_report_of_the_first_version_looks_as_it_did_then(old: Caller) -> None:
    make_charge(make_job(old.tenant))

    for name in ("day", "job_type", "route", "model", "created_by", "collection"):
        found = usage(old, group_by=name)
        assert found.keys() == FIRST_REPORT
        assert found["group_by"] == name
        assert found["rows"] == usage(old, NEWEST, group_by=name)["rows"]
    several = usage(old, group_by="model,route")
    assert several["group_by"] == ["model", "route"]
    assert several.keys() == FIRST_REPORT


def test_a_report_of_the_first_version_tells_what_it_told_sometimes(old: Caller) -> None:
    make_charge(make_job(old.tenant), is_estimated=True)
    CircuitBreaker.objects.create(reason="spend_limit", message="Cap", opened_at=NOW, probe_at=NOW)

    found = usage(old)

    assert found.keys() == FIRST_REPORT | {"estimated_answers", "paused"}
    assert found["estimated_answers"] == 1
    assert found["paused"]["reason"] == "spend_limit"


def test_tables_of_spending_are_the_same_in_all_versions(old: Caller) -> None:
    make_charge(make_job(old.tenant))
    tables = [
        b"".join(old.get("/api/ai/usage", {"as": "csv"} | NOVEMBER, headers={HEADER: version}))
        for version in VERSIONS
    ]
    assert tables[0] == tables[1]


def test_a_version_that_there_is_not_is_refused_with_those_there_are(caller: Caller) -> None:
    for wrong in ("2026-11-02", "newest", ""):
        response = caller.get("/api/ai/jobs", headers={HEADER: wrong})
        assert response.status_code == 400
        assert response.json()["type"] == "/problems/unknown-version"
        assert response.json()["versions"] == list(VERSIONS)
    wrong_post = caller.send("summarize", {"document_text": "a"}, headers={HEADER: "1"})
    assert wrong_post.status_code == 400
    assert not caller.read("jobs").json()["results"]


def test_who_is_unknown_is_told_that_first(db: None) -> None:
    assert Client().get("/api/ai/jobs", headers={HEADER: "1"}).status_code == 401


def test_errors_name_the_version_as_well(old: Caller) -> None:
    response = old.read("jobs", status="x")
    assert (response.status_code, response[HEADER]) == (400, FIRST)


def test_a_cache_keeps_versions_apart(caller: Caller) -> None:
    assert HEADER in caller.read("jobs")["Vary"]


def test_a_repeated_request_is_answered_in_the_version_that_it_asks_for(old: Caller) -> None:
    body = {"document_text": "a"}
    first = old.send("summarize", body, headers={"Idempotency-Key": "k"})
    again = old.send("summarize", body, headers={"Idempotency-Key": "k", HEADER: NEWEST})
    assert (first[HEADER], again[HEADER]) == (FIRST, NEWEST)
    assert first.json() == again.json()


def test_every_version_but_the_first_says_what_it_changed() -> None:
    assert [*versions.STEPS] == [*VERSIONS[1:]]
    assert list(VERSIONS) == sorted(VERSIONS)
    names = {one.name for one in urls.urlpatterns if isinstance(one, URLPattern)}
    for step in versions.STEPS.values():
        assert step.changes
        assert step.back.keys() <= names


def test_the_schema_is_of_the_newest_version_and_names_the_header(db: None) -> None:
    schema = Client().get("/api/schema?format=json").json()
    assert schema["info"]["version"] == NEWEST
    assert HEADER in schema["info"]["description"]
    responses = schema["paths"]["/api/ai/usage"]["get"]["responses"]
    assert all(HEADER in response["headers"] for response in responses.values())
