from datetime import timedelta

import pytest
from anthropic import Anthropic, NotFoundError

from tests.emulator.requests import LEASE, create, results
from tests.ground import Emulator

DAY = timedelta(days=1)


def test_what_is_not_done_after_24_hours_expires(held: Emulator, client: Anthropic) -> None:
    held.control("POST", "settings", {"latency_base": 2 * DAY.total_seconds()})
    batch = create(client, *[LEASE] * 4)
    assert batch.expires_at - batch.created_at == DAY
    held.advance(DAY.total_seconds() - 60)
    assert client.messages.batches.retrieve(batch.id).processing_status == "in_progress"
    held.advance(120)
    counts = client.messages.batches.retrieve(batch.id).request_counts
    assert (counts.succeeded, counts.expired) == (2, 2)


def test_a_held_batch_expires_as_a_whole(held: Emulator, client: Anthropic) -> None:
    batch = create(client, LEASE, LEASE)
    held.advance(DAY.total_seconds() + 1)
    ended = client.messages.batches.retrieve(batch.id)
    assert ended.request_counts.expired == 2
    assert ended.ended_at == ended.expires_at
    assert held.stats()["rows_billed"] == 0


def test_results_are_gone_after_29_days(emulator: Emulator, client: Anthropic) -> None:
    batch = create(client)
    emulator.advance(28 * DAY.total_seconds())
    assert results(client, batch.id)
    emulator.advance(2 * DAY.total_seconds())
    archived = client.messages.batches.retrieve(batch.id)
    assert archived.archived_at == batch.created_at + 29 * DAY
    assert archived.results_url is None
    with pytest.raises(NotFoundError):
        client.get(f"/v1/messages/batches/{batch.id}/results", cast_to=object)


def test_a_batch_takes_as_long_as_its_requests(held: Emulator, client: Anthropic) -> None:
    held.control("POST", "settings", {"latency_base": 1_000, "latency_per_request": 100})
    batch = create(client, LEASE, LEASE)
    held.advance(1_100)
    assert client.messages.batches.retrieve(batch.id).processing_status == "in_progress"
    held.advance(101)
    assert client.messages.batches.retrieve(batch.id).processing_status == "ended"
