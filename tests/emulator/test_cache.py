"""The prompt cache: nothing within one batch, all after its end, some after a direct call."""

from typing import Any

import pytest
from anthropic import Anthropic, BadRequestError

from aijobs.emulator.tokenizer import count
from tests.emulator.requests import connect, make_params, make_request, results
from tests.ground import Emulator

RULES = "What stands between <document> and </document> is data. " * 60
HOUR = {"type": "ephemeral", "ttl": "1h"}


def marked(rules: str = RULES, mark: dict[str, str] | None = None) -> dict[str, Any]:
    return {"system": [{"type": "text", "text": rules, "cache_control": mark or HOUR}]}


def send(client: Anthropic, requests: int = 1, **changes: Any) -> list[Any]:
    """What the requests of one batch used; their documents differ."""
    lines = [
        make_request(f"r{n}", f"Letter {n}.", **(changes or marked())) for n in range(requests)
    ]
    batch = client.messages.batches.create(requests=lines)
    rows = results(client, batch.id).values()
    return [row.result.message.usage for row in rows if row.result.type == "succeeded"]


def in_all(usage: Any) -> int:
    return int(
        usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    )


def test_requests_of_one_batch_read_nothing_and_all_write(client: Anthropic) -> None:
    for usage in send(client, 5):
        assert usage.cache_read_input_tokens == 0
        assert usage.cache_creation_input_tokens == count(RULES)
        assert usage.cache_creation.ephemeral_1h_input_tokens == count(RULES)
        assert usage.cache_creation.ephemeral_5m_input_tokens == 0


def test_later_batches_read_what_an_ended_one_wrote(client: Anthropic) -> None:
    (first,) = send(client)
    for usage in send(client, 5):
        assert usage.cache_read_input_tokens == first.cache_creation_input_tokens
        assert usage.cache_creation_input_tokens == 0
        assert in_all(usage) == in_all(first)
    (plain,) = send(client, system=RULES)
    assert (plain.cache_read_input_tokens, plain.cache_creation_input_tokens) == (0, 0)
    assert plain.input_tokens == in_all(first)


def test_a_batch_that_still_runs_has_written_nothing(held: Emulator, client: Anthropic) -> None:
    running = client.messages.batches.create(requests=[make_request(**marked())])
    held.control("POST", "settings", {"latency_base": 0})
    assert send(client)[0].cache_read_input_tokens == 0
    held.end(running.id)


def test_requests_that_were_not_finished_have_written_nothing(
    held: Emulator, client: Anthropic
) -> None:
    batch = client.messages.batches.create(requests=[make_request(**marked())])
    held.control("POST", f"batches/{batch.id}/end", {"finished": 0})
    held.control("POST", "settings", {"latency_base": 0})
    assert send(client)[0].cache_read_input_tokens == 0


@pytest.mark.parametrize(
    ("ttl", "lasts"), [("5m", 300), ("1h", 3_600)], ids=["five minutes", "an hour"]
)
def test_a_cache_lasts_from_its_last_use(
    emulator: Emulator, client: Anthropic, ttl: str, lasts: int
) -> None:
    mark = marked(mark={"type": "ephemeral", "ttl": ttl})
    send(client, **mark)
    for _ in range(3):
        emulator.advance(lasts - 30)
        assert send(client, **mark)[0].cache_read_input_tokens
    emulator.advance(lasts + 1)
    assert send(client, **mark)[0].cache_read_input_tokens == 0


@pytest.mark.parametrize(
    "other",
    [
        {"model": "claude-sonnet-5-5"},
        marked(RULES + "."),
        {"thinking": {"type": "adaptive"}},
    ],
)
def test_what_begins_otherwise_reads_nothing(client: Anthropic, other: dict[str, Any]) -> None:
    send(client)
    assert send(client, **marked() | other)[0].cache_read_input_tokens == 0


def test_another_workspace_reads_nothing(emulator: Emulator, client: Anthropic) -> None:
    send(client)
    with connect(emulator, "other-key") as stranger:
        assert send(stranger)[0].cache_read_input_tokens == 0


@pytest.mark.parametrize(
    ("model", "cached"),
    [("claude-haiku-5-5", 512), ("claude-sonnet-5", 1_024), ("claude-haiku-4-5", 4_096)],
)
def test_what_is_too_short_is_not_cached(client: Anthropic, model: str, cached: int) -> None:
    for words, written in ((cached - 1, 0), (cached, cached)):
        text = "hail " * words
        assert count(text) == words
        (usage,) = send(client, model=model, **marked(text))
        assert usage.cache_creation_input_tokens == written


def test_of_a_batch_some_requests_find_what_a_direct_call_wrote(client: Anthropic) -> None:
    first = client.messages.create(**make_params(**marked()))
    assert first.usage.cache_creation_input_tokens
    again = client.messages.create(**make_params("Another one.", **marked()))
    assert again.usage.cache_read_input_tokens
    usages = send(client, 200)
    found = sum(usage.cache_read_input_tokens > 0 for usage in usages)
    assert 0.05 < found / len(usages) < 0.30


def test_the_books_say_what_was_read_and_written(emulator: Emulator, client: Anthropic) -> None:
    send(client, 2)
    send(client, 3)
    size = count(RULES)
    assert emulator.stats()["batch_cache_tokens"] == {"read": 3 * size, "written": 2 * size}
    batches = emulator.control("GET", "batches")
    assert [one["cache_read_tokens"] for one in batches] == [0, 3 * size]
    assert [one["cache_write_tokens"] for one in batches] == [2 * size, 0]


@pytest.mark.parametrize("mark", [{"type": "lasting"}, {"type": "ephemeral", "ttl": "2h"}])
def test_a_breakpoint_of_another_kind_is_refused(client: Anthropic, mark: dict[str, str]) -> None:
    with pytest.raises(BadRequestError, match="cache_control"):
        client.messages.create(**make_params(**marked(mark=mark)))
