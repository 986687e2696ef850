import pytest
from anthropic import Anthropic, BadRequestError, NotFoundError

from tests.emulator.requests import LEASE, connect, create, results
from tests.ground import Emulator


def test_every_request_has_one_row_in_another_order_that_never_changes(
    emulator: Emulator, client: Anthropic
) -> None:
    batch = create(client, *[LEASE] * 50)
    order = [row.custom_id for row in client.messages.batches.results(batch.id)]
    assert order != sorted(order, key=lambda custom_id: int(custom_id[1:]))
    assert sorted(order) == sorted(f"r{n}" for n in range(50))
    assert order == [row.custom_id for row in client.messages.batches.results(batch.id)]


def test_canceling_keeps_what_is_finished(held: Emulator, client: Anthropic) -> None:
    held.control("POST", "settings", {"latency_base": 1_000})
    batch = create(client, *[LEASE] * 10)
    held.advance(450)
    canceling = client.messages.batches.cancel(batch.id)
    assert canceling.processing_status == "canceling"
    assert canceling.cancel_initiated_at is not None
    ended = client.messages.batches.retrieve(batch.id)
    assert ended.processing_status == "ended"
    assert (ended.request_counts.succeeded, ended.request_counts.canceled) == (4, 6)
    types = [row.result.type for row in results(client, batch.id).values()]
    assert (types.count("succeeded"), types.count("canceled")) == (4, 6)
    assert held.stats()["rows_billed"] == 4


def test_a_held_batch_can_end_half_done(held: Emulator, client: Anthropic) -> None:
    batch = create(client, *[LEASE] * 4)
    held.control("POST", f"batches/{batch.id}/end", {"finished": 1, "rest": "expired"})
    types = sorted(row.result.type for row in results(client, batch.id).values())
    assert types == ["expired", "expired", "expired", "succeeded"]


def test_only_an_ended_batch_can_be_deleted(held: Emulator, client: Anthropic) -> None:
    batch = create(client)
    with pytest.raises(BadRequestError):
        client.messages.batches.delete(batch.id)
    held.end(batch.id)
    assert client.messages.batches.delete(batch.id).id == batch.id
    with pytest.raises(NotFoundError):
        client.messages.batches.retrieve(batch.id)
    assert list(client.messages.batches.list()) == []
    assert held.stats()["batches"] == {"deleted": 1}


def test_a_workspace_sees_its_own_batches_only(held: Emulator, client: Anthropic) -> None:
    batch = create(client)
    with connect(held, key="another-key") as other:
        assert list(other.messages.batches.list()) == []
        with pytest.raises(NotFoundError):
            other.messages.batches.retrieve(batch.id)


def test_the_books_say_what_was_created_and_billed(emulator: Emulator, client: Anthropic) -> None:
    batch = create(client, LEASE, "[[emulate:expired]]", "[[emulate:refusal]]")
    usage = [
        row.result.message.usage
        for row in results(client, batch.id).values()
        if row.result.type == "succeeded"
    ]
    stats = emulator.stats()
    assert stats["creates_seen"] == stats["batches_created"] == 1
    assert (stats["requests_received"], stats["rows_billed"]) == (3, 2)
    assert stats["batch_tokens_billed"] == {
        "input": sum(used.input_tokens for used in usage),
        "output": sum(used.output_tokens for used in usage),
    }
