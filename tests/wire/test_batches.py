"""Batches live alike wherever the API is spoken."""

import json
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic, BadRequestError, NotFoundError
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

from tests.emulator.requests import LEASE, create, make_params, make_request, results
from tests.emulator.test_shapes import strictly
from tests.wire.conftest import PATH, Server


def test_counts_stay_zero_until_the_whole_batch_has_ended(
    server: Server, client: Anthropic
) -> None:
    server.emulator.hold()
    marks = [LEASE, "[[emulate:refusal]]", "[[emulate:errored:invalid_request_error]]"]
    batch = create(client, *marks)
    running = client.messages.batches.retrieve(batch.id)
    assert running.processing_status == "in_progress"
    assert running.request_counts.to_dict() == {
        "processing": 3,
        "succeeded": 0,
        "errored": 0,
        "canceled": 0,
        "expired": 0,
    }
    assert running.results_url is None

    server.emulator.release()
    ended = server.await_end(batch.id)
    assert ended.request_counts.to_dict() == {
        "processing": 0,
        "succeeded": 2,
        "errored": 1,
        "canceled": 0,
        "expired": 0,
    }
    assert ended.results_url == f"{server.url}{PATH}/{batch.id}/results"
    assert ended.ended_at
    assert ended.ended_at >= ended.created_at


def test_a_running_batch_has_no_results(server: Server, client: Anthropic) -> None:
    server.emulator.hold()
    batch = create(client)
    with pytest.raises(NotFoundError):
        client.get(f"{PATH}/{batch.id}/results", cast_to=object)


def test_every_request_has_one_row(server: Server, client: Anthropic) -> None:
    batch = create(client, *[f"{LEASE} {n}" for n in range(50)])
    server.await_end(batch.id)
    found = [row.custom_id for row in client.messages.batches.results(batch.id)]
    assert sorted(found) == sorted(f"r{n}" for n in range(50))


def test_an_ended_batch_cannot_be_canceled(server: Server, client: Anthropic) -> None:
    batch = create(client)
    server.await_end(batch.id)
    with pytest.raises(BadRequestError):
        client.messages.batches.cancel(batch.id)


def test_the_list_is_newest_first_and_pages_both_ways(server: Server, client: Anthropic) -> None:
    server.emulator.hold()
    ids = [create(client).id for _ in range(5)][::-1]
    assert [batch.id for batch in client.messages.batches.list(limit=2)][:5] == ids

    first = client.messages.batches.list(limit=2)
    assert [batch.id for batch in first.data] == ids[:2]
    assert (first.has_more, first.first_id, first.last_id) == (True, ids[0], ids[1])

    newer = client.messages.batches.list(limit=2, before_id=ids[3])
    assert [batch.id for batch in newer.data] == ids[1:3]
    assert newer.has_more
    assert not client.messages.batches.list(limit=2, before_id=ids[2]).has_more


def test_a_batch_has_its_shape_in_every_state(server: Server) -> None:
    server.emulator.hold()
    body = {"requests": [{"custom_id": "one", "params": make_params()}]}
    created = strictly(MessageBatch, server.call("POST", PATH, body)[1])
    strictly(MessageBatch, server.call("GET", f"{PATH}/{created.id}")[1])
    server.emulator.release()
    server.await_end(created.id)
    ended = strictly(MessageBatch, server.call("GET", f"{PATH}/{created.id}")[1])
    assert ended.processing_status == "ended"
    page = json.loads(server.call("GET", PATH)[1])
    assert page.keys() == {"data", "has_more", "first_id", "last_id"}
    strictly(MessageBatch, json.dumps(page["data"][0]).encode())


def test_a_row_has_its_shape_for_every_outcome(server: Server, client: Anthropic) -> None:
    marks = {
        "[[emulate:refusal]]": "succeeded",
        "[[emulate:max_tokens]]": "succeeded",
        "[[emulate:extra_blocks]]": "succeeded",
        "[[emulate:empty]]": "succeeded",
        "[[emulate:invalid_json]]": "succeeded",
        "[[emulate:errored:invalid_request_error]]": "errored",
        "[[emulate:errored:not_found_error]]": "errored",
        "[[emulate:expired]]": "expired",
    }
    batch = create(client, *[LEASE + mark for mark in marks])
    server.await_end(batch.id)
    body = server.call("GET", f"{PATH}/{batch.id}/results")[1]
    rows = [strictly(MessageBatchIndividualResponse, line) for line in body.splitlines()]
    found = {row.custom_id: row.result.type for row in rows}
    assert found == {f"r{n}": kind for n, kind in enumerate(marks.values())}


def test_what_was_wrong_with_params_is_said_in_their_own_row(
    server: Server, client: Anthropic
) -> None:
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "model": ({"model": "gpt-4"}, "model"),
        "model-type": ({"model": 4}, "model"),
        "no-tokens": ({"max_tokens": 0}, "max_tokens"),
        "text": ({"max_tokens": "9"}, "max_tokens"),
        "no-messages": ({"messages": []}, "messages"),
        "role": ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        "empty": ({"messages": [{"role": "user", "content": ""}]}, "messages.0.content"),
        "stream": ({"stream": True}, "stream"),
        "speed": ({"speed": "fast"}, "speed"),
        "temperature": ({"temperature": 0.5}, "temperature"),
        "top_p": ({"top_p": 0.5}, "top_p"),
        "tool_choice": ({"tool_choice": {"type": "any"}}, "tool_choice"),
        "unknown": ({"wishes": 3}, "wishes"),
        "format": ({"output_config": {"format": {"type": "xml"}}}, "output_config.format"),
    }
    requests = [make_request(name, **changes) for name, (changes, _) in wrong.items()]
    nothing: anthropic.types.messages.batch_create_params.Request = {
        "custom_id": "nothing",
        "params": {},  # type: ignore[typeddict-item]
    }
    batch = client.messages.batches.create(requests=[*requests, nothing, make_request("right")])
    counts = server.await_end(batch.id).request_counts
    assert (counts.errored, counts.succeeded) == (len(wrong) + 1, 1)
    for custom_id, row in results(client, batch.id).items():
        if custom_id == "right":
            continue
        assert row.result.type == "errored"
        assert row.result.error.error.type == "invalid_request_error"
        said = wrong[custom_id][1] if custom_id in wrong else "Field required"
        assert said in row.result.error.error.message
