"""Limits a minute, for each model and workspace: what the headers say, and who is turned away."""

from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.emulator.requests import connect, make_params
from tests.ground import Emulator


def told(client: Anthropic, **params: Any) -> dict[str, str]:
    answer = client.messages.with_raw_response.create(**make_params(**params))
    names = (name for name in answer.headers if name.startswith("anthropic-ratelimit-"))
    return {name.removeprefix("anthropic-ratelimit-"): answer.headers[name] for name in names}


def exhaust(client: Anthropic) -> None:
    for _ in range(3):
        told(client)


def test_without_limits_nothing_is_said(client: Anthropic) -> None:
    assert told(client) == {}


def test_answers_say_what_is_left_and_when_it_is_full_again(
    emulator: Emulator, client: Anthropic
) -> None:
    limits = {"requests_per_minute": 2, "input_tokens_per_minute": 1_000}
    emulator.control("POST", "settings", limits)
    first = told(client)
    assert first["requests-limit"] == "2"
    assert first["requests-remaining"] == "1"
    assert int(first["input-tokens-remaining"]) < 1_000
    assert first["input-tokens-reset"].endswith("Z")
    assert told(client, stream=True)["requests-remaining"] == "0"


@pytest.mark.parametrize(
    "limit", ["requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute"]
)
def test_who_finds_a_bucket_empty_is_told_when_to_come_again(
    emulator: Emulator, client: Anthropic, limit: str
) -> None:
    emulator.control("POST", "settings", {limit: 2})
    for _ in range(2):
        with pytest.raises(anthropic.RateLimitError) as refused:
            exhaust(client)
        seconds = int(refused.value.response.headers["retry-after"])
        assert seconds > 0
        emulator.advance(seconds)
    assert told(client, model="claude-sonnet-5-5")
    with connect(emulator, "another-key") as other:
        assert told(other)
