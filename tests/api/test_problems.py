"""Every error under /api/ is a problem document."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils.html import escape
from pytest_django import Settings
from rest_framework.exceptions import APIException

from aijobs.api import problem_types
from aijobs.api.problem_types import ProblemType
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import make_job, make_user
from tests.ground import Site


def check(response: Any, status: int) -> None:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    [kind] = [kind for kind in problem_types.ALL if kind.uri == problem["type"]]
    assert (problem["title"], problem["status"], kind.status) == (kind.title, status, status)
    assert problem["detail"]


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/ai/translate", "/api/ai/jobs/7", "/api/ai/jobs/7/cancel"]
)
def test_an_address_that_is_not_there_is_404(caller: Caller, path: str) -> None:
    check(caller.get(path), 404)


def test_a_page_that_is_not_there_is_a_page(db: None) -> None:
    response = Client().get("/nowhere")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_a_method_that_is_not_there_is_405(caller: Caller) -> None:
    response = caller.get("/api/ai/summarize")

    check(response, 405)
    assert response["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/api/ai/jobs"])
def test_options_tell_nothing(caller: Caller, path: str) -> None:
    check(caller.options(path), 405)


def test_an_accept_header_changes_nothing(caller: Caller) -> None:
    job = make_job(caller.tenant)

    assert caller.get(f"/api/ai/jobs/{job.pk}", headers={"accept": "image/png"}).json()
    check(caller.get("/api/ai/jobs?page=2", headers={"accept": "text/html"}), 400)


def test_a_defect_of_ours_is_a_500_that_tells_nothing(caller: Caller) -> None:
    caller.raise_request_exception = False
    # PostgreSQL refuses all further statements of the test's transaction, but for this.
    before = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE aijobs_usagerollup RENAME TO gone")

    response = caller.read("usage")
    transaction.savepoint_rollback(before)

    check(response, 500)
    assert b"spending" not in response.content


def test_an_address_with_a_slash_at_its_end_leads_to_the_one_without(caller: Caller) -> None:
    response = caller.post(
        "/api/ai/summarize/?a=b", {"document_text": "a"}, content_type="application/json"
    )

    # 308: method and body are sent again as they are.
    assert (response.status_code, response["Location"]) == (308, "/api/ai/summarize?a=b")


def errors_of_the_framework(of: type[APIException] = APIException) -> Iterator[type[APIException]]:
    """All that REST framework and the API can raise."""
    for kind in of.__subclasses__():
        yield kind
        yield from errors_of_the_framework(kind)


@pytest.mark.parametrize("error", sorted(set(errors_of_the_framework()), key=str))
def test_every_error_that_can_be_raised_has_a_type(error: type[APIException]) -> None:
    kind = problem_types.BY_STATUS[HTTPStatus(error.status_code)]
    assert kind.status == error.status_code


def test_types_are_told_apart_by_name_and_errors_by_status() -> None:
    names = [kind.name for kind in problem_types.ALL]

    assert len(set(names)) == len(names)
    # An error that says nothing but its status is one that could not be read.
    assert problem_types.BY_STATUS[HTTPStatus.BAD_REQUEST] is problem_types.UNREADABLE


@pytest.mark.parametrize("kind", problem_types.ALL, ids=lambda kind: kind.name)
def test_a_type_opens_a_page_that_says_what_to_do(kind: ProblemType, db: None) -> None:
    page = Client().get(kind.uri)

    assert page.status_code == 200
    told = page.content.decode()
    assert "`" not in told, "names are set as code"
    plain = told.replace("<code>", "").replace("</code>", "")
    assert escape(kind.meaning.replace("`", "")) in plain
    assert escape(kind.remedy.replace("`", "")) in plain
    assert f'href="{kind.uri}"' in Client().get("/problems/").content.decode()


def test_a_type_that_is_not_there_is_a_404(db: None) -> None:
    assert Client().get("/problems/none").status_code == 404


MULTIPART = "multipart/form-data"
FIELD = 'Content-Disposition: form-data; name="a"'
# Bodies that are no forms, by what is wrong with them.
DAMAGED = {
    "no boundary": (MULTIPART, b"abc"),
    "no boundary and no body": (MULTIPART, b""),
    "no parts": (f"{MULTIPART}; boundary=x", b"--x--\r\n"),
    "no body": (f"{MULTIPART}; boundary=x", b""),
    "garbage": (f"{MULTIPART}; boundary=x", b"garbage"),
    "cut off": (f"{MULTIPART}; boundary=x", f"--x\r\n{FIELD}\r\n\r\nab".encode()),
    "empty boundary": (f"{MULTIPART}; boundary=", b"--x--\r\n"),
    "boundary that is no ASCII": (f"{MULTIPART}; boundary=\u00e9", b"--x--\r\n"),
    "charset that is none": (f"{MULTIPART}; boundary=x; charset=nope", b"--x--\r\n"),
    "no base64": (
        f"{MULTIPART}; boundary=x",
        f"--x\r\n{FIELD}\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n".encode(),
    ),
    "too many fields": (
        f"{MULTIPART}; boundary=x",
        f"--x\r\n{FIELD}\r\n\r\nb\r\n".encode() * 1_001 + b"--x--\r\n",
    ),
    "too many files": (
        f"{MULTIPART}; boundary=x",
        f'--x\r\n{FIELD}; filename="b"\r\n\r\nb\r\n'.encode() * 101 + b"--x--\r\n",
    ),
    "urlencoded in UTF-16": ("application/x-www-form-urlencoded; charset=utf-16", b"a=b"),
    "urlencoded with too many fields": ("application/x-www-form-urlencoded", b"a=b&" * 1_001),
    "JSON in no charset": ("application/json; charset=nope", b"\xff"),
}


@pytest.mark.parametrize("path", ["summarize", "collections"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_body_is_a_problem(caller: Caller, damage: str, path: str) -> None:
    content_type, body = DAMAGED[damage]
    # The test client names no type for a body that is empty.
    response = caller.generic(
        "POST", f"/api/ai/{path}", body, content_type, CONTENT_TYPE=content_type
    )

    check(response, 415 if "urlencoded" in content_type else 400)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_body_of_a_session_is_a_problem(tenant: Tenant, damage: str) -> None:
    """A session's form is read before the API is asked: its CSRF token may be in it."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user("ada", tenant))
    browser.get("/jobs/new")
    content_type, body = DAMAGED[damage]
    response = browser.generic("POST", "/api/ai/summarize", body, content_type)

    check(response, 403 if response.status_code == 403 else 400)


@pytest.mark.parametrize("path", ["/sign-in", "/jobs/new", "/collections/new", "/settings/keys"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_form_gets_a_page(tenant: Tenant, damage: str, path: str) -> None:
    content_type, body = DAMAGED[damage]
    for is_checked in (False, True):
        browser = Client(enforce_csrf_checks=is_checked)
        if path != "/sign-in":
            browser.force_login(make_user(f"ada{is_checked}", tenant, "owner"))
        browser.get(path)
        response = browser.generic("POST", path, body, content_type)

        assert response.status_code in {400, 403, 422}
        assert "<h1" in response.content.decode()


def test_a_form_without_files_that_is_too_large_gets_a_page_of_its_own(
    tenant: Tenant, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    browser = Client()
    browser.force_login(make_user("ada", tenant))
    response = browser.post("/jobs/new", {"text": "a" * 2_000})

    assert response.status_code == 413
    assert "This is too large" in response.content.decode()


@pytest.mark.parametrize("length", ["abc", "-1", "1_0", "+2", "\u0665"])
def test_a_length_that_is_no_number_is_a_problem(caller: Caller, length: str) -> None:
    response = caller.generic(
        "POST", "/api/ai/summarize", b"{}", "application/json", CONTENT_LENGTH=length
    )

    check(response, 400)


@pytest.mark.parametrize("host", ["evil.example", "a b", "x" * 300])
def test_a_host_that_is_not_ours_is_a_problem_or_a_page(caller: Caller, host: str) -> None:
    check(caller.get("/api/ai/jobs", headers={"host": host}), 400)

    page = caller.get("/sign-in", headers={"host": host})
    assert page.status_code == 400
    assert "could not be read" in page.content.decode()


def test_daphne_leaves_forms_to_django(live_site: Site) -> None:
    content_type, body = DAMAGED["no parts"]
    request = Request(
        f"{live_site.url}/api/ai/summarize",
        body,
        {"Content-Type": content_type, "Authorization": f"Bearer {live_site.api_key}"},
    )
    with pytest.raises(HTTPError) as refusal:
        urlopen(request, timeout=10)

    assert refusal.value.code == 400
    assert refusal.value.headers["Content-Type"] == "application/problem+json"
    refusal.value.close()
