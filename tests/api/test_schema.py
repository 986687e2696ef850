"""The OpenAPI schema says what the API does."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from aijobs import jobtypes
from aijobs.models import AIJob
from tests.api.conftest import Caller
from tests.api.rows import make_failed
from tests.factories import MESSAGE, NOW, make_charge, make_job, make_output

RESULTS: dict[str, dict[str, Any]] = {
    "analyze": {
        "findings": [{"title": "t", "detail": "d", "quote": ""}],
        "obligations": [{"who": "w", "what": "w", "when": ""}],
        "risks": [{"title": "t", "severity": "high", "detail": "d"}],
    },
    "classify": {"category": "motor"},
    "raw": {**MESSAGE},
    "summarize": {"summary": "s"},
}


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(json.dumps(SchemaGenerator().get_schema(public=True)))  # type: ignore[no-untyped-call]


def operations(schema: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def validator(schema: Any, operation: str, status: int, media_type: str) -> Draft202012Validator:
    """Checks a body against what is documented for it."""
    found = next(one for _, _, one in operations(schema) if one["operationId"] == operation)
    body = found["responses"][str(status)]["content"][media_type]["schema"]
    return Draft202012Validator(
        body | {"components": schema["components"]}, format_checker=FormatChecker()
    )


def check(schema: Any, operation: str, response: Any, status: int = 200) -> None:
    assert response.status_code == status, response.content
    media_type = response["Content-Type"].partition(";")[0]
    validator(schema, operation, status, media_type).validate(response.json())


def test_it_is_valid_and_free_of_warnings(schema: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())

    assert schema["openapi"] == "3.1.0"


def test_it_can_be_read_in_both_formats(db: None) -> None:
    as_yaml = yaml.load(Client().get("/api/schema").content, Loader=yaml.CSafeLoader)
    as_json = Client().get("/api/schema?format=json").json()

    assert as_yaml == as_json


def test_every_job_type_has_its_operation(schema: Any) -> None:
    named = {operation["operationId"] for _, _, operation in operations(schema)}

    assert {kind.name for kind in jobtypes.offered()} < named


def test_every_operation_asks_for_credentials(schema: Any) -> None:
    assert all(
        operation["security"] == [{"key": []}, {"session": []}]
        for _, _, operation in operations(schema)
    )


def test_the_documentation_page_runs_scripts_of_ours_only(db: None) -> None:
    response = Client().get(reverse("api-docs"))

    assert response.status_code == 200
    assert b"<script>" not in response.content
    assert b"//cdn" not in response.content


@pytest.mark.parametrize("job_type", jobtypes.names())
def test_jobs_look_as_documented(schema: Any, caller: Caller, job_type: str) -> None:
    done = make_job(caller.tenant, job_type, status="completed", finished_at=NOW, started_at=NOW)
    make_output(done, RESULTS[job_type])
    make_charge(done)
    failed = make_failed(caller.tenant)

    check(schema, "list_jobs", caller.read("jobs", page_size=1))
    check(schema, "get_job", caller.read(f"jobs/{done.pk}"))
    check(schema, "get_job", caller.read(f"jobs/{failed.pk}"))
    check(schema, "retry_job", caller.send(f"jobs/{failed.pk}/retry"))
    check(schema, "cancel_job", caller.send(f"jobs/{failed.pk}/cancel"))


def test_what_queues_looks_as_documented(schema: Any, caller: Caller) -> None:
    text = {"document_text": "a"}
    items: dict[str, Any] = {"name": "n", "job_type": "summarize", "items": [text, {}]}

    check(schema, "summarize", caller.send("summarize", text), 202)
    check(schema, "summarize", caller.send("summarize", {}), 400)
    check(schema, "queue_collection", caller.send("collections", items), 400)
    skipped = caller.send("collections", items | {"on_error": "skip"})
    check(schema, "queue_collection", skipped, 202)


def test_collections_look_as_documented(schema: Any, caller: Caller) -> None:
    items = {"name": "n", "job_type": "summarize", "items": [{"document_text": "a"}]}
    made = caller.send("collections", items).json()["collection_id"]
    make_output(AIJob.objects.get())
    line = b"".join(caller.read(f"collections/{made}/results").streaming_content)

    check(schema, "list_collections", caller.read("collections"))
    check(schema, "get_collection", caller.read(f"collections/{made}"))
    validator(schema, "download_results", 200, "application/x-ndjson").validate(json.loads(line))
    check(schema, "cancel_collection", caller.send(f"collections/{made}/cancel"))
    check(schema, "retry_collection", caller.send(f"collections/{made}/retry"))


@pytest.mark.parametrize("group_by", ["day", "job_type", "route"])
def test_usage_looks_as_documented(schema: Any, caller: Caller, group_by: str) -> None:
    make_charge(make_job(caller.tenant))

    found = caller.read("usage", group_by=group_by, to="2026-11-30")

    check(schema, "get_usage", found)
    assert found.json()["rows"]


def test_errors_look_as_documented(schema: Any, caller: Caller) -> None:
    check(schema, "list_jobs", Client().get("/api/ai/jobs"), 401)
    check(schema, "list_jobs", caller.read("jobs", status="x"), 400)
    check(schema, "summarize", Caller(caller.tenant, "viewer").send("summarize", {}), 403)


def test_a_response_that_is_not_documented_fails_these_tests(schema: Any) -> None:
    with pytest.raises(Exception, match="not valid under any of the given schemas"):
        validator(schema, "summarize", 202, "application/json").validate({"surprise": 1})
    with pytest.raises(Exception, match="not valid under any of the given schemas"):
        validator(schema, "get_job", 200, "application/json").validate({"surprise": 1})


def test_parts_look_as_documented(schema: Any, caller: Caller) -> None:
    job = make_failed(caller.tenant)
    items = {"name": "n", "job_type": "summarize", "items": [{"document_text": "a"}]}
    little = {"headers": {"prefer": "return=minimal"}}
    collection = caller.send("collections", items).json()["collection_id"]

    check(schema, "get_job", caller.read(f"jobs/{job.pk}", fields="status,error"))
    check(schema, "list_jobs", caller.read("jobs", fields="status"))
    check(schema, "list_collections", caller.read("collections", fields="name"))
    check(schema, "get_collection", caller.read(f"collections/{collection}", fields="counts"))
    check(schema, "summarize", caller.send("summarize", {"document_text": "a"}, **little), 202)
    check(schema, "queue_collection", caller.send("collections", items, **little), 202)
    known = {"if-none-match": caller.read(f"jobs/{job.pk}")["ETag"]}
    found = next(one for _, _, one in operations(schema) if one["operationId"] == "get_job")
    assert caller.get(f"/api/ai/jobs/{job.pk}", headers=known).status_code == 304
    assert "content" not in found["responses"]["304"]
    assert {"ETag", "CitizenApp-Waited"} <= found["responses"]["304"]["headers"].keys()


def test_every_answer_that_queues_can_be_less(schema: Any) -> None:
    for _, method, operation in operations(schema):
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        if method == "post" and "202" in operation["responses"]:
            assert "Prefer" in names, operation["operationId"]
        if "fields" in names:
            assert "If-None-Match" in names, operation["operationId"]
