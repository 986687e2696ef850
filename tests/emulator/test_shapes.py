"""Every answer has exactly the fields that the SDK's types name."""

import json
from collections.abc import Iterable
from typing import Any, TypeVar

import pydantic
import pytest
from anthropic import Anthropic
from anthropic.types import Message, ModelInfo
from anthropic.types.messages import (
    DeletedMessageBatch,
    MessageBatch,
    MessageBatchIndividualResponse,
)
from anthropic.types.shared import ErrorResponse

from tests.emulator.requests import LEASE, call, create, make_params
from tests.ground import Emulator

T = TypeVar("T", bound=pydantic.BaseModel)


def strictly(model: type[T], raw: bytes) -> T:
    """The JSON as this type, with every field given and no other."""
    value = pydantic.TypeAdapter(model).validate_json(raw, strict=True)
    for part in _models(value):
        assert not part.model_extra, f"{type(part).__name__} has no {part.model_extra}"
        missing = type(part).model_fields.keys() - part.model_fields_set
        assert not missing, f"{type(part).__name__} lacks {missing}"
    return value


def _models(value: Any) -> Iterable[pydantic.BaseModel]:
    if isinstance(value, pydantic.BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from _models(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from _models(item)


def test_a_batch_has_its_shape_in_every_state(held: Emulator, client: Anthropic) -> None:
    path = "/v1/messages/batches"
    body = {"requests": [{"custom_id": "one", "params": make_params()}]}
    created = strictly(MessageBatch, call(held, "POST", path, body)[1])
    strictly(MessageBatch, call(held, "GET", f"{path}/{created.id}")[1])
    held.control("POST", "settings", {"latency_cancel": 60})
    canceling = strictly(MessageBatch, call(held, "POST", f"{path}/{created.id}/cancel")[1])
    assert canceling.processing_status == "canceling"
    held.end(created.id)
    ended = strictly(MessageBatch, call(held, "GET", f"{path}/{created.id}")[1])
    assert ended.processing_status == "ended"
    page = json.loads(call(held, "GET", path)[1])
    assert page.keys() == {"data", "has_more", "first_id", "last_id"}
    strictly(MessageBatch, json.dumps(page["data"][0]).encode())
    strictly(DeletedMessageBatch, call(held, "DELETE", f"{path}/{created.id}")[1])


@pytest.mark.parametrize(
    ("mark", "type_"),
    [
        ("", "succeeded"),
        ("[[emulate:refusal]]", "succeeded"),
        ("[[emulate:max_tokens]]", "succeeded"),
        ("[[emulate:extra_blocks]]", "succeeded"),
        ("[[emulate:empty]]", "succeeded"),
        ("[[emulate:errored:overloaded_error]]", "errored"),
        ("[[emulate:errored:invalid_request_error]]", "errored"),
        ("[[emulate:errored:timeout_error]]", "errored"),
        ("[[emulate:canceled]]", "canceled"),
        ("[[emulate:expired]]", "expired"),
    ],
)
def test_a_row_has_its_shape_for_every_outcome(
    emulator: Emulator, client: Anthropic, mark: str, type_: str
) -> None:
    batch = create(client, LEASE + mark)
    assert client.messages.batches.retrieve(batch.id).processing_status == "ended"
    body = call(emulator, "GET", f"/v1/messages/batches/{batch.id}/results")[1]
    row = strictly(MessageBatchIndividualResponse, body)
    assert row.result.type == type_


def test_a_message_has_its_shape(emulator: Emulator) -> None:
    message = strictly(Message, call(emulator, "POST", "/v1/messages", make_params())[1])
    assert message.id.startswith("msg_emulated_")
    assert message.usage.service_tier == "standard"


def test_an_error_has_its_shape(emulator: Emulator) -> None:
    status, body = call(emulator, "GET", "/v1/messages/batches/msgbatch_none")
    assert status == 404
    error = strictly(ErrorResponse, body)
    assert error.error.type == "not_found_error"
    assert error.request_id


def test_a_model_has_its_shape(emulator: Emulator) -> None:
    models = json.loads(call(emulator, "GET", "/v1/models")[1])["data"]
    assert {strictly(ModelInfo, json.dumps(model).encode()).id for model in models} >= {
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
    }
