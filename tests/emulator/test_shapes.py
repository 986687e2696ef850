"""Every answer has exactly the fields that the SDK's types name."""

import json
from collections.abc import Iterable
from typing import Any, TypeVar

import pydantic
import pytest
from anthropic import Anthropic
from anthropic.types import Message, ModelInfo
from anthropic.types.messages import (
    MessageBatchIndividualResponse,
)

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


def test_a_model_has_its_shape(emulator: Emulator) -> None:
    models = json.loads(call(emulator, "GET", "/v1/models")[1])["data"]
    assert {strictly(ModelInfo, json.dumps(model).encode()).id for model in models} >= {
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
    }
