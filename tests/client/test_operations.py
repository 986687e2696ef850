"""Each operation of the schema has a method of the client, which sends what is documented."""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from citizenapp_client import Client, Retries
from tests.client import generator

SCHEMA = generator.load().schema()
ROOT = "/api/ai/"
# The parameters that no method has, and why.
LEFT_OUT = {
    "fields": "a model of the client is whole",
    "Prefer": "a method answers what was queued or moved",
    "CitizenApp-Version": "the client sends the one that it was written for",
    "If-None-Match": "the methods that wait send it",
    "If-Match": "the methods that wait send it",
    "Last-Event-ID": "whoever watches is told the whole state anew",
}
# Parameters of which a call has one.
EITHER = {"text": "file", "ids": "filter"}
OF_FILES = ("read_as", "accept_partial")
ID = UUID("01a21783-c552-770c-a836-13e1b8b27dc7")
PLAIN = {bool: True, int: 7, float: 7.0, str: "text", datetime: datetime(2026, 11, 2, tzinfo=UTC)}
SAMPLES: dict[str, Any] = {
    "ids": [ID],
    "filter": {"status": "failed", "created_after": datetime(2026, 11, 2, tzinfo=UTC)},
    "path": Path("/nonexistent/results.csv"),
    "file": ("policy.txt", b"Hail."),
    "collection": ID,
    "name": "Policies",
    "job_type": "classify",
    "defaults": {"categories": ["motor", "home"]},
    "categories": ["motor", "home"],
    "items": [{"document_text": "Hail."}],
    "columns": {"document_text": "Text"},
    "metadata": {"branch": "Bonn"},
    "group_by": ["day", "route"],
    "cursor": f"older.{ID.hex}",
    "max_length": 100,
    "trial": 2,
    "page_size": 10,
    "number": 2,
    "needed_within": 60.0,
    "questions": ["Who pays?"],
    "events": ["job.failed"],
    "url": "https://example.com/hook",
    "from_": datetime(2026, 11, 1, tzinfo=UTC),
    "to": datetime(2026, 11, 2, tzinfo=UTC),
}


def operations() -> Iterator[tuple[str, str, str, Any]]:
    """Of the API of this client. /v1/ is for Anthropic's own."""
    for path, methods in SCHEMA["paths"].items():
        for method, operation in methods.items():
            if path.startswith(ROOT):
                yield operation["operationId"], method.upper(), path, operation


OPERATIONS = {name: (method, path, what) for name, method, path, what in operations()}


class Recorded(Exception):
    """The request has been seen."""


def record(request: httpx2.Request) -> httpx2.Response:
    request.read()
    recorded.append(request)
    raise Recorded


recorded: list[httpx2.Request] = []


def methods() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """The operation, the name and the method, of everything that calls one."""
    client = Client(
        "https://citizenapp.test",
        "key",
        retries=Retries(most=0),
        http=httpx2.Client(transport=httpx2.MockTransport(record)),
    )
    resources = {name: it for name, it in vars(client).items() if not name.startswith("_")}
    for resource, owner in {"client": client, **resources}.items():
        for name, method in inspect.getmembers(owner, inspect.ismethod):
            if operation := getattr(method, "operation", None):
                yield operation, f"{resource}.{name}", method


METHODS = list(methods())


def parameters(method: Callable[..., Any]) -> dict[str, Any]:
    """What it takes, with types; those of **wishes among them."""
    hints = get_type_hints(method)
    found: dict[str, Any] = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            (wishes,) = get_args(hints[parameter.name])
            assert is_typeddict(wishes)
            found |= get_type_hints(wishes)
        else:
            found[parameter.name] = hints[parameter.name]
    return found


def sample(name: str, kind: Any) -> Any:
    """A value of the type."""
    if name in SAMPLES:
        return SAMPLES[name]
    if name.endswith("_id"):
        return ID
    if literals := [*_literals(kind)]:
        return get_args(literals[0])[0]
    return next(value for known, value in PLAIN.items() if known in (kind, *get_args(kind)))


def sent(method: Callable[..., Any], *without: str) -> httpx2.Request:
    """The request that a method makes when it gets everything that it takes."""
    arguments = {
        name: sample(name, kind)
        for name, kind in parameters(method).items()
        if name not in ("return", *without)
    }
    recorded.clear()
    with suppress(Recorded):
        next(method(**arguments))
    return recorded[0]


def requests(method: Callable[..., Any], *without: str) -> list[httpx2.Request]:
    """The same, one for each of those parameters of which a call has one."""
    for either, other in EITHER.items():
        if {either, other} <= parameters(method).keys():
            return [sent(method, other, *without), sent(method, either, *without)]
    return [sent(method, *without)]


def fields(request: httpx2.Request) -> dict[str, Any]:
    """What the body has: of JSON the object, of a form texts by name."""
    media_type = request.headers.get("content-type", "")
    if media_type.startswith("application/json"):
        body: dict[str, Any] = json.loads(request.content)
        return body
    head = f"Content-Type: {media_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.content)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_content()
        for part in message.iter_parts()
    }


def documented(operation: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {
        one["name"]: one["schema"]
        for one in operation.get("parameters", [])
        if one["in"] == where and one["name"] not in LEFT_OUT
    }


def body_of(operation: Mapping[str, Any], media_type: str) -> Any:
    return resolved(operation["requestBody"]["content"][media_type]["schema"])


def resolved(schema: Any) -> Any:
    """What is written there, or where it leads to."""
    if "$ref" in schema:
        return resolved(SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "type" not in schema:  # A part of a schema may be null, or has a description of its own.
        for one in schema.get("allOf", schema.get("anyOf", ())):
            if one.get("type") != "null":
                return resolved(one)
    return schema


EACH_METHOD = pytest.mark.parametrize(
    ("operation", "method"), [pytest.param(one, it, id=name) for one, name, it in METHODS]
)


def methods_of(operation: str) -> list[Callable[..., Any]]:
    return [method for one, _, method in METHODS if one == operation]


def test_each_operation_has_a_method() -> None:
    assert {operation for operation, _, _ in METHODS} == OPERATIONS.keys()


@EACH_METHOD
def test_a_method_sends_its_request_where_it_belongs(
    operation: str, method: Callable[..., Any]
) -> None:
    verb, path, _ = OPERATIONS[operation]
    for request in requests(method):
        assert request.method == verb
        assert urlsplit(str(request.url)).path == re.sub(r"\{\w+\}", str(ID), path)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_methods_of_an_operation_send_every_parameter_and_no_other(operation: str) -> None:
    seen: set[str] = set()
    for method in methods_of(operation):
        for request in requests(method):
            seen |= parse_qs(urlsplit(str(request.url)).query).keys()

    assert seen == documented(OPERATIONS[operation][2], "query").keys()


@EACH_METHOD
def test_values_are_those_that_the_parameters_take(
    operation: str, method: Callable[..., Any]
) -> None:
    known = documented(OPERATIONS[operation][2], "query")
    for request in requests(method):
        for name, (value,) in parse_qs(urlsplit(str(request.url)).query).items():
            Draft202012Validator(known[name]).validate(_of_text(value, known[name]))


def _of_text(value: str, schema: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "integer" | "number" | "boolean":
            return json.loads(value)
        case "array":
            return value.split(",")
    return value


@EACH_METHOD
def test_choices_are_those_of_the_schema(operation: str, method: Callable[..., Any]) -> None:
    _, _, what = OPERATIONS[operation]
    known = documented(what, "query")
    for media_type in what.get("requestBody", {}).get("content", {}):
        known |= body_of(what, media_type).get("properties", {})
    for name, kind in parameters(method).items():
        schema = resolved(known.get(name.rstrip("_"), {}))
        choices = schema.get("enum") or resolved(schema.get("items", {})).get("enum")
        literals = {value for one in _literals(kind) for value in get_args(one)}
        if choices and literals:
            # A method that writes a file offers the formats of files only.
            assert literals <= {*choices}, name
            assert name == "as_" or literals == {*choices}, name


def _literals(kind: Any) -> Iterator[Any]:
    if get_origin(kind) is Literal:
        yield kind
    for one in get_args(kind):
        yield from _literals(one)


@pytest.mark.parametrize(
    "operation",
    [
        operation
        for operation, (_, _, what) in OPERATIONS.items()
        if any(one["name"] == "Idempotency-Key" for one in what.get("parameters", []))
    ],
)
def test_what_changes_something_has_a_key_of_its_own(operation: str) -> None:
    for method in methods_of(operation):
        made = [*requests(method, "idempotency_key"), *requests(method, "idempotency_key")]
        assert len({request.headers["Idempotency-Key"] for request in made}) == len(made)
        assert requests(method)[0].headers["Idempotency-Key"] == "text"


@pytest.mark.parametrize(
    "operation", [name for name, (_, _, what) in OPERATIONS.items() if "requestBody" in what]
)
def test_bodies_have_every_field_and_no_other(operation: str) -> None:
    what = OPERATIONS[operation][2]
    seen: dict[str, set[str]] = {}
    for method in methods_of(operation):
        for request in requests(method):
            media_type = request.headers["Content-Type"].partition(";")[0]
            found = fields(request)
            if media_type == "application/json":
                # The server names these fields as wrong: they are about files.
                found = {name: one for name, one in found.items() if name not in OF_FILES}
                validator(body_of(what, media_type)).validate(found)
            seen.setdefault(media_type, set()).update(found)

    media_types = what["requestBody"]["content"].keys()
    # A form is for files: without any, it says no more than JSON.
    assert seen.keys() == media_types - ({*FORMS} if not takes_files(what) else set())
    for media_type, names in seen.items():
        properties = body_of(what, media_type)["properties"]
        wanted = {name for name, one in properties.items() if not one.get("deprecated")}
        # A text is sent as JSON, though a form may have it as well.
        assert names == wanted - ({"document_text"} if "document" in names else set())


FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def takes_files(operation: Mapping[str, Any]) -> bool:
    if FORMS[0] not in operation["requestBody"]["content"]:
        return False
    fields = body_of(operation, FORMS[0])["properties"].values()
    return any(one.get("format") == "binary" for one in fields)


def validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": SCHEMA["components"]})


def test_a_parameter_that_nobody_sends_is_missed() -> None:
    what = json.loads(json.dumps(OPERATIONS["list_jobs"][2]))
    what["parameters"].append({"name": "new", "in": "query", "schema": {"type": "string"}})

    assert "new" in documented(what, "query")
