"""What a document can order to become of it."""

import json

import pytest
from anthropic import Anthropic

from tests.emulator.requests import LEASE, answering_as, create, make_params, make_schema, outcome
from tests.emulator.requests import results as rows_of
from tests.ground import Emulator

CATEGORY = answering_as(make_schema(category={"type": "string", "enum": ["lease", "invoice"]}))


def test_a_refusal_is_a_success_without_content(emulator: Emulator, client: Anthropic) -> None:
    result = outcome(client, f"{LEASE} [[emulate:refusal]]")
    assert result.type == "succeeded"
    assert result.message.stop_reason == "refusal"
    assert result.message.content == []
    assert result.message.stop_details.type == "refusal"


@pytest.mark.parametrize("reason", ["max_tokens", "pause_turn", "model_context_window_exceeded"])
def test_an_answer_can_stop_short(emulator: Emulator, client: Anthropic, reason: str) -> None:
    whole = outcome(client, LEASE).message
    message = outcome(client, f"{LEASE} [[emulate:{reason}]]").message
    assert message.stop_reason == reason
    assert 0 < len(message.content[0].text) < len(whole.content[0].text)


def test_an_answer_can_be_broken_json(emulator: Emulator, client: Anthropic) -> None:
    text = outcome(client, f"{LEASE} [[emulate:invalid_json]]", **CATEGORY).message.content[0].text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_an_answer_can_leave_the_schema(emulator: Emulator, client: Anthropic) -> None:
    message = outcome(client, f"{LEASE} [[emulate:wrong_category]]", **CATEGORY).message
    assert json.loads(message.content[0].text)["category"] not in {"lease", "invoice"}


def test_an_answer_can_come_in_several_blocks(emulator: Emulator, client: Anthropic) -> None:
    plain = outcome(client, LEASE).message.content[0].text
    content = outcome(client, f"{LEASE} [[emulate:extra_blocks]]").message.content
    assert [block.type for block in content] == ["thinking", "text", "text"]
    assert content[1].text + content[2].text == plain


@pytest.mark.parametrize(
    "type_", ["api_error", "overloaded_error", "rate_limit_error", "billing_error"]
)
def test_a_row_can_be_an_error_of_any_type(
    emulator: Emulator, client: Anthropic, type_: str
) -> None:
    assert outcome(client, f"[[emulate:errored:{type_}]]").error.error.type == type_


def test_low_credit_is_an_invalid_request_that_says_so(
    emulator: Emulator, client: Anthropic
) -> None:
    error = outcome(client, "[[emulate:errored:low_credit]]").error.error
    assert error.type == "invalid_request_error"
    assert "credit balance is too low" in error.message


def test_a_mark_holds_for_the_first_attempts_only(emulator: Emulator, client: Anthropic) -> None:
    document = f"{LEASE} [[emulate:expired*1]] [[emulate:errored:api_error*2]]"
    types = [outcome(client, document).type for _ in range(4)]
    assert types == ["expired", "errored", "errored", "succeeded"]


def test_attempts_are_counted_over_all_routes(emulator: Emulator, client: Anthropic) -> None:
    document = f"{LEASE} [[emulate:canceled*1]]"
    assert rows_of(client, create(client, document).id)["r0"].result.type == "canceled"
    assert client.messages.create(**make_params(document)).stop_reason == "end_turn"


def test_a_mark_is_not_part_of_the_answer(emulator: Emulator, client: Anthropic) -> None:
    message = outcome(client, f"[[emulate:expired*0]] {LEASE} [[emulate:extra_blocks]]").message
    assert "[[emulate" not in message.content[1].text + message.content[2].text
