"""Every error under /api/ is a problem document."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.api.conftest import Caller
from tests.factories import make_job


def check(response: Any, status: int) -> None:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"] == HTTPStatus(status).phrase
    assert problem["detail"]


@pytest.mark.parametrize(
    "path", ["/api/", "/api/ai/translate", "/api/ai/jobs/7", "/api/ai/jobs/7/cancel"]
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
