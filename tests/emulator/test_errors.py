from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.emulator.requests import call, connect, create, make_params, make_request
from tests.ground import Emulator

BATCHES = "/v1/messages/batches"


def test_a_bad_key_is_refused(emulator: Emulator) -> None:
    with connect(emulator, key="bad-key") as client:
        with pytest.raises(anthropic.AuthenticationError):
            create(client)
        with pytest.raises(anthropic.AuthenticationError):
            client.messages.create(**make_params())
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


def test_a_web_page_cannot_use_the_control_routes(emulator: Emulator) -> None:
    status, _ = call(emulator, "POST", "/emulator/reset", headers={"Origin": "http://evil.test"})
    assert status == 403
