"""Streamed messages as the SDK reads them, and the ways in which a stream goes wrong."""

import time
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic

from tests.emulator.requests import answering_as, make_params, make_schema
from tests.ground import Emulator


def streamed(client: Anthropic, **params: Any) -> tuple[list[str], anthropic.types.Message]:
    """The texts as they come, and the message that the SDK makes of the events."""
    with client.messages.stream(**make_params(**params)) as stream:
        texts = list(stream.text_stream)
        return texts, stream.get_final_message()


@pytest.mark.parametrize(
    "params",
    [
        {},
        answering_as(make_schema(title={"type": "string"})),
        {"document": "A policy. [[emulate:refusal]]"},
        {"document": "A policy. [[emulate:extra_blocks]]"},
        {"document": "A policy with many words in it. [[emulate:max_tokens]]"},
    ],
    ids=["text", "json", "refusal", "blocks", "cut"],
)
def test_a_streamed_message_is_the_one_that_comes_in_one_piece(
    client: Anthropic, params: dict[str, Any]
) -> None:
    whole: Any = client.messages.create(**make_params(**params)).to_dict()
    texts, message = streamed(client, **params)
    same: Any = message.to_dict()
    blocks = message.content
    assert "".join(texts) == "".join(block.text for block in blocks if block.type == "text")
    for made in (whole, same):
        del made["id"]
        for block in made["content"]:
            block.pop("parsed_output", None)
    assert same == whole


def test_the_events_take_the_time_of_the_message(emulator: Emulator, client: Anthropic) -> None:
    emulator.control("POST", "settings", {"latency_message": 2})
    began = time.monotonic()
    with client.messages.create(**make_params(), stream=True) as stream:
        next(stream)
        first = time.monotonic() - began
        assert [event.type for event in stream][-1] == "message_stop"
    whole = time.monotonic() - began
    assert first < whole / 2
    assert whole > 1.8


@pytest.mark.parametrize("orderly", [True, False])
def test_a_stream_is_cut_in_the_middle_and_billed(
    emulator: Emulator, client: Anthropic, orderly: bool
) -> None:
    emulator.order("message", "cut", rows=4, orderly=orderly)
    with client.messages.create(**make_params(), stream=True) as stream:
        got = []
        with pytest.raises(httpx2.TransportError):
            got += [event.type for event in stream]
    assert emulator.stats()["messages_billed"] == 1


def test_a_stream_is_silent_for_a_while(emulator: Emulator, client: Anthropic) -> None:
    emulator.order("message", "silence", rows=3, seconds=0.5)
    began = time.monotonic()
    texts, _ = streamed(client)
    assert texts
    assert time.monotonic() - began > 0.5


def test_an_error_comes_within_a_stream(emulator: Emulator, client: Anthropic) -> None:
    emulator.order("message", "error_event", rows=4, status=529)
    with pytest.raises(anthropic.APIStatusError) as failed:
        streamed(client)
    assert failed.value.type == "overloaded_error"


def test_what_fails_before_the_first_event_is_an_error_as_always(
    emulator: Emulator, client: Anthropic
) -> None:
    for when, billed in (("before", 0), ("after", 1)):
        emulator.order("message", "status", status=529, when=when)
        with pytest.raises(anthropic.APIStatusError):
            streamed(client)
        emulator.order("message", "drop", when=when)
        with pytest.raises(anthropic.APIConnectionError):
            streamed(client)
        assert emulator.stats()["messages_billed"] == 2 * billed
