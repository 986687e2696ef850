"""The documentation of the API stands in our own frame, for everybody, and has all of it."""

import re
from typing import Any

import pytest
from django.test import Client

from aijobs.api.guides import FOLDER, GUIDES, guide, samples
from aijobs.api.manual import manual
from citizenapp.tenants.middleware import POLICY
from tests.addresses import openapi
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db

CALLS = [call for subject in manual().subjects for call in subject.calls]
PAGES = ["/api/docs", *(f"/api/docs/{one.name}" for one in manual().subjects)]
PAGES += [f"/api/docs/guides/{name}" for name in GUIDES]


@pytest.mark.parametrize("path", PAGES)
def test_strangers_and_members_read_each_page_under_the_strict_policy(
    client: Client, path: str
) -> None:
    person = make_user("max", make_tenant())
    for _ in range(2):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer["Content-Security-Policy"] == POLICY
        page = answer.content.decode()
        assert '<html lang="en"' in page
        assert page.count("<h1>") == 1
        assert not re.search(r"<script>|style=\"|onclick", page)
        client.force_login(person)


def test_each_call_and_each_event_of_the_contract_is_there_once() -> None:
    told: Any = openapi()
    named = {
        (method.upper(), path)
        for path, item in told["paths"].items()
        for method in item
        if method in ("get", "post", "put", "patch", "delete")
    }
    named |= {("POST", name) for name in told["webhooks"]}
    assert sorted((one.method, one.path) for one in CALLS) == sorted(named)
    assert len({one.anchor for one in CALLS}) == len(CALLS)


def test_each_call_has_an_example_fields_and_answers(client: Client) -> None:
    for call in CALLS:
        assert call.answers
        assert call.sample or not call.path.startswith("/api/"), call.path
    assert len(samples()) >= 30
    page = client.get("/api/docs/jobs").content.decode()
    for words in (
        "max_length",
        "from 10 to 5,000",
        "Idempotency-Key",
        "needed_within",
        "multipart",
    ):
        assert words in page


def test_links_between_guides_lead_to_pages_and_anchors_that_exist(client: Client) -> None:
    assert guide("nowhere") is None
    for name in GUIDES:
        found = guide(name)
        assert found is not None
        for href in re.findall(r'href="([^"]+)"', found.html):
            if href.startswith("http"):
                continue
            path, _, anchor = href.partition("#")
            page = client.get(path or f"/api/docs/guides/{name}")
            assert page.status_code == 200, href
            assert not anchor or f'id="{anchor}"' in page.content.decode(), href
        assert not re.search(r'href="[^"]*\.md', found.html)


def test_every_guide_is_a_file_and_what_is_none_is_not_found(client: Client) -> None:
    assert all((FOLDER / f"{name}.md").is_file() for name in GUIDES)
    for path in ("/api/docs/nowhere", "/api/docs/guides/lifecycle"):
        assert client.get(path).status_code == 404
