import json
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.emulator.requests import call, connect, create, make_params, make_request, outcome
from tests.ground import Emulator

BATCHES = "/v1/messages/batches"


def test_a_call_without_a_key_is_refused(emulator: Emulator) -> None:
    status, body = call(emulator, "GET", BATCHES, headers={"anthropic-version": "2023-06-01"})
    assert status == 401
    assert json.loads(body)["error"]["type"] == "authentication_error"


def test_a_bad_key_is_refused(emulator: Emulator) -> None:
    with connect(emulator, key="bad-key") as client:
        with pytest.raises(anthropic.AuthenticationError):
            create(client)
        with pytest.raises(anthropic.AuthenticationError):
            client.messages.create(**make_params())
    assert emulator.stats()["batches_created"] == 0


def test_a_bearer_token_is_a_key(emulator: Emulator) -> None:
    headers = {"Authorization": "Bearer some-key", "anthropic-version": "2023-06-01"}
    assert call(emulator, "GET", BATCHES, headers=headers)[0] == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b"[]", "not valid JSON"),
        (b'{"requests": []}', "at least 1 item"),
        (b'{"requests": [1]}', "requests.0"),
        (b'{"requests": [{"custom_id": "a", "params": {}}]', "not valid JSON"),
        (b'{"requests": [{"custom_id": "a", "params": {}}], "label": 1}', "nothing may follow"),
        (b'{"requests": [{"custom_id": "a", "params": {}},]}', "requests.1"),
        (b'{"requests": [{"custom_id": "a", "params": {"n": NaN}}]}', "not valid JSON"),
        (b'{"requests": [{"custom_id": "a", "params": {"t": "\xff"}}]}', "UTF-8"),
        (b'{"requests": [{"custom_id": "a", "params": ' + b"[" * 100_000, "nested too deeply"),
        ({"requests": [{"params": {}}]}, "requests.0.custom_id: Field required"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0.params: Field required"),
        ({"requests": [{"custom_id": "a", "params": []}]}, "requests.0.params"),
        ({"requests": [{"custom_id": "a", "params": {}, "x": 1}]}, "requests.0.x"),
        ({"requests": [{"custom_id": "a b", "params": {}}]}, "requests.0.custom_id"),
        ({"requests": [{"custom_id": "a" * 65, "params": {}}]}, "requests.0.custom_id"),
        ({"requests": [{"custom_id": "a\n", "params": {}}]}, "requests.0.custom_id"),
        ({"requests": [{"custom_id": "a", "params": {}}] * 2}, "requests.1.custom_id"),
    ],
)
def test_a_batch_of_wrong_shape_is_refused_as_a_whole(
    emulator: Emulator, body: object, said: str
) -> None:
    status, answer = call(emulator, "POST", BATCHES, body)
    error = json.loads(answer)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert said in error["message"]
    assert emulator.stats()["batches_created"] == 0


def test_too_many_requests_or_bytes_are_too_large(emulator: Emulator, client: Anthropic) -> None:
    emulator.control("POST", "settings", {"max_requests": 2})
    with pytest.raises(anthropic.APIStatusError) as raised:
        client.messages.batches.create(requests=[make_request(f"r{n}") for n in range(3)])
    assert (raised.value.status_code, raised.value.type) == (413, "request_too_large")
    emulator.control("POST", "settings", {"max_requests": 100, "max_bytes": 1_000})
    with pytest.raises(anthropic.APIStatusError) as raised:
        client.messages.batches.create(requests=[make_request(f"r{n}") for n in range(3)])
    assert raised.value.status_code == 413
    assert emulator.stats()["batches_created"] == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "gpt-4"}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0.content"),
        ({"stream": True}, "stream"),
        ({"speed": "fast"}, "speed"),
        ({"temperature": 0.5}, "temperature"),
        ({"top_p": 0.5}, "top_p"),
        ({"top_k": 5}, "top_k"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"wishes": 3}, "wishes"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format"),
    ],
)
def test_wrong_params_show_as_an_errored_row(
    emulator: Emulator, client: Anthropic, changes: dict[str, Any], said: str
) -> None:
    result = outcome(client, "A document of five words.", **changes)
    assert result.type == "errored"
    assert result.error.error.type == "invalid_request_error"
    assert said in result.error.error.message


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({"type": "string", "maxLength": 3}, "maxLength"),
        (
            {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "items: Property 'minimum'",
        ),
        ({"type": "array", "minItems": 2}, "minItems"),
        ({"$ref": "#/$defs/none"}, "$ref"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, "Recursive"),
    ],
)
def test_a_schema_that_structured_outputs_do_not_support_is_refused(
    emulator: Emulator, client: Anthropic, schema: dict[str, Any], said: str
) -> None:
    format_ = {"type": "json_schema", "schema": schema}
    with pytest.raises(anthropic.BadRequestError, match=r"output_config\.format\.schema") as raised:
        client.messages.create(**make_params(output_config={"format": format_}))
    assert said in str(raised.value.api_message)


@pytest.mark.parametrize(
    ("type_", "raised"),
    [
        ("overloaded_error", anthropic.OverloadedError),
        ("rate_limit_error", anthropic.RateLimitError),
        ("api_error", anthropic.InternalServerError),
        ("permission_error", anthropic.PermissionDeniedError),
        ("invalid_request_error", anthropic.BadRequestError),
    ],
)
def test_the_messages_api_answers_an_ordered_error_as_a_status(
    emulator: Emulator, client: Anthropic, type_: str, raised: type[anthropic.APIStatusError]
) -> None:
    with pytest.raises(raised):
        client.messages.create(**make_params(f"[[emulate:errored:{type_}]]"))
    assert emulator.stats()["messages_billed"] == 0


def test_an_unknown_cursor_or_limit_is_refused(emulator: Emulator, client: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="after_id"):
        client.messages.batches.list(after_id="msgbatch_none")
    for limit in (0, 1_001):
        with pytest.raises(anthropic.BadRequestError, match="limit"):
            client.messages.batches.list(limit=limit)


def test_a_web_page_cannot_use_the_control_routes(emulator: Emulator) -> None:
    status, _ = call(emulator, "POST", "/emulator/reset", headers={"Origin": "http://evil.test"})
    assert status == 403


def test_an_unknown_route_is_not_found(emulator: Emulator) -> None:
    status, body = call(emulator, "GET", "/v1/nothing")
    assert status == 404
    assert json.loads(body)["error"]["type"] == "not_found_error"
