"""Who calls too often is told so, and every answer says how many calls are left."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from aijobs.models import AIJob
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.usefixtures("redis")

FIELD = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


@pytest.fixture(autouse=True)
def limits(settings: Settings, db: None) -> None:
    """So slow that nothing comes back while a test runs."""
    settings.AIJOBS_API_RATE = 0.01
    settings.AIJOBS_API_BURST = 6
    settings.AIJOBS_API_KEY_PERCENT = 50


def statuses(caller: Client, calls: int) -> list[int]:
    return [caller.get("/api/ai/jobs").status_code for _ in range(calls)]


def left(response: Any) -> dict[str, int]:
    return {name: int(calls) for name, calls, _ in FIELD.findall(response["RateLimit"])}


def test_a_key_has_a_share_of_what_its_tenant_may_ask(tenant: Tenant) -> None:
    first, second, third = (Caller(tenant) for _ in range(3))

    assert statuses(first, 4) == [200, 200, 200, 429]
    assert statuses(second, 4) == [200, 200, 200, 429]
    # The tenant has nothing left for a third.
    assert statuses(third, 1) == [429]
    assert statuses(Caller(make_tenant("other")), 1) == [200]


def test_a_refusal_says_how_long_to_wait_and_whose_limit_it_is(caller: Caller) -> None:
    statuses(caller, 3)
    refused = caller.send("summarize", {"document_text": "a"})

    problem = refused.json()
    assert refused.status_code == 429
    assert problem["type"] == "/problems/rate-limited"
    assert problem["violated_policies"] == ["key"]
    # A token in 200 seconds, of which some have passed.
    assert 150 < int(refused["Retry-After"]) <= 200
    assert "This key may make 3 calls at once and 0.005 a second" in problem["detail"]
    assert not AIJob.objects.exists()
    [(_, calls, seconds)] = [one for one in FIELD.findall(refused["RateLimit"]) if one[0] == "key"]
    assert (calls, seconds) == ("0", refused["Retry-After"])


def test_a_refused_call_takes_nothing_from_the_tenant(tenant: Tenant) -> None:
    caller = Caller(tenant)
    statuses(caller, 10)

    assert left(Caller(tenant).read("jobs")) == {"tenant": 2, "key": 2}


def test_every_answer_says_what_is_left(caller: Caller) -> None:
    answers = [caller.read("jobs"), caller.read("jobs", status="x"), caller.read("jobs/7")]

    assert [one.status_code for one in answers] == [200, 400, 404]
    assert answers[0]["RateLimit-Policy"] == '"tenant";q=6;w=600, "key";q=3;w=600'
    assert answers[0]["RateLimit"] == '"tenant";r=5;t=500, "key";r=2;t=400'
    assert left(answers[1]) == {"tenant": 4, "key": 1}
    # An address that is not there belongs to nobody.
    assert "RateLimit" not in answers[2]


def test_a_person_has_the_tenants_limit_alone(tenant: Tenant) -> None:
    browser = Client()
    browser.force_login(make_user("ada", tenant))

    assert statuses(browser, 7) == [200] * 6 + [429]
    # Pages are no calls of the API.
    assert browser.get("/").status_code == 200


def test_staff_give_a_tenant_limits_of_its_own() -> None:
    tenant = make_tenant(api_burst=20, api_rate=1_000)
    response = Caller(tenant).read("jobs")

    assert response["RateLimit-Policy"] == '"tenant";q=20;w=1, "key";q=10;w=1'
    assert left(response) == {"tenant": 19, "key": 9}


def test_who_is_unknown_and_what_needs_no_key_is_not_counted(tenant: Tenant) -> None:
    stranger = Client(headers={"authorization": "Bearer wrong.key"})
    assert {stranger.get("/api/ai/jobs").status_code for _ in range(10)} == {401}
    for path in ("/api/schema?format=json", "/api/docs", "/healthz"):
        assert {Client().get(path).status_code for _ in range(8)} == {200}
    # Nor is what a role forbids.
    viewer = Caller(tenant, "viewer")
    assert {viewer.send("summarize", {}).status_code for _ in range(5)} == {403}
    assert statuses(viewer, 1) == [200]


def test_without_a_rate_nothing_is_limited(caller: Caller, settings: Settings) -> None:
    settings.AIJOBS_API_RATE = 0

    assert statuses(caller, 10) == [200] * 10
    assert "RateLimit-Policy" not in caller.read("jobs")


def test_while_valkey_is_away_calls_are_answered(caller: Caller, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"

    assert statuses(caller, 10) == [200] * 10
    response = caller.read("jobs")
    assert "RateLimit" not in response
    assert response["RateLimit-Policy"]


def test_a_collection_is_one_call(caller: Caller) -> None:
    items = [{"document_text": f"text {number}"} for number in range(50)]
    body = {"name": "n", "job_type": "summarize", "items": items}

    assert left(caller.send("collections", body)) == {"tenant": 5, "key": 2}


def test_no_secret_of_a_key_is_in_valkey(caller: Caller, redis: str) -> None:
    import redis as library  # noqa: PLC0415 - the fixture has its name

    caller.read("jobs")
    secret = caller.defaults["HTTP_AUTHORIZATION"].partition(".")[2]
    with library.Redis.from_url(redis) as client:
        names = [name.decode() for name in client.keys("citizenapp:calls:*")]
    assert any(name.startswith(f"citizenapp:calls:{{{caller.tenant.pk}}}:") for name in names)
    assert not any(secret in name for name in names)
