"""What is refused is refused alike wherever the API is spoken."""

import json

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types.shared import ErrorResponse

from tests.emulator.test_shapes import strictly
from tests.wire.conftest import PATH, Server

VERSION = {"anthropic-version": "2023-06-01"}


def test_a_call_without_a_key_is_refused(server: Server) -> None:
    status, body = server.call("GET", PATH, headers=VERSION)
    assert status == 401
    assert json.loads(body)["error"]["type"] == "authentication_error"


def test_a_bad_key_is_refused(server: Server) -> None:
    status, body = server.call("GET", PATH, headers={"x-api-key": "bad-key", **VERSION})
    assert status == 401
    error = json.loads(body)["error"]
    assert error == {"type": "authentication_error", "message": "invalid x-api-key"}


def test_a_bearer_token_is_a_key(server: Server) -> None:
    headers = {"Authorization": "Bearer {key}", **VERSION}
    assert server.call("GET", PATH, headers=headers)[0] == 200


def test_a_call_says_its_version(server: Server) -> None:
    status, body = server.call("GET", PATH, headers={"x-api-key": "{key}"})
    assert status == 400
    assert "anthropic-version" in json.loads(body)["error"]["message"]


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
    server: Server, body: object, said: str
) -> None:
    before = server.newest()
    status, answer = server.call("POST", PATH, body)
    error = json.loads(answer)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert said in error["message"]
    assert server.newest() == before


def test_an_unknown_cursor_or_limit_is_refused(server: Server, client: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="after_id"):
        client.messages.batches.list(after_id="msgbatch_none")
    for limit in (0, 1_001):
        with pytest.raises(anthropic.BadRequestError, match="limit"):
            client.messages.batches.list(limit=limit)


def test_an_unknown_route_is_not_found(server: Server) -> None:
    status, body = server.call("GET", "/v1/nothing")
    assert status == 404
    assert json.loads(body)["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("path", ["", "/results"])
def test_an_unknown_batch_is_not_found_and_the_error_has_its_shape(
    server: Server, path: str
) -> None:
    status, body = server.call("GET", f"{PATH}/msgbatch_none{path}")
    assert status == 404
    error = strictly(ErrorResponse, body)
    assert error.error.type == "not_found_error"
    assert error.request_id
