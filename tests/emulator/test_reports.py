"""The admin API reports what was billed, out of the emulator's own books."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from anthropic import Anthropic
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.requests import LEASE, call, connect, create, make_params, make_request, results
from tests.ground import Emulator, emulating

ADMIN = {"x-api-key": "sk-ant-admin01-test", "anthropic-version": "2023-06-01"}
USAGE, COST = "usage_report/messages", "cost_report"
GROUPS = ("model", "workspace_id", "service_tier", "context_window", "api_key_id")
TOKENS = ("uncached_input_tokens", "output_tokens")


def ask(emulator: Emulator, report: str, **query: object) -> dict[str, Any]:
    """A page; a keyword `group_by` stands for `group_by[]`."""
    asked = {"starting_at": f"{now(emulator):%Y-%m-%d}T00:00:00Z"} | query
    fields = {f"{k}[]" if isinstance(v, list) else k: v for k, v in asked.items()}
    path = f"/v1/organizations/{report}?{urlencode(fields, doseq=True)}"
    status, body = call(emulator, "GET", path, headers=ADMIN)
    page: dict[str, Any] = json.loads(body)
    assert status == 200, page
    return page


def refused(emulator: Emulator, report: str, **query: object) -> str:
    path = f"/v1/organizations/{report}?{urlencode(query, doseq=True)}"
    status, body = call(emulator, "GET", path, headers=ADMIN)
    error = json.loads(body)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    return str(error["message"])


def now(emulator: Emulator) -> datetime:
    seconds = emulator.control("POST", "clock", {"advance_seconds": 0})["now"]
    return datetime.fromtimestamp(seconds, UTC)


def lines(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for bucket in page["data"] for line in bucket["results"]]


def tokens(found: Iterable[dict[str, Any]]) -> list[int]:
    found = list(found)
    return [sum(line[kind] for line in found) for kind in TOKENS]


def cents(found: Iterable[dict[str, Any]]) -> Decimal:
    return sum((Decimal(line["amount"]) for line in found), Decimal(0))


def work(client: Anthropic, *documents: str) -> None:
    """A batch that has ended: its answers are written by a pool, which takes its time."""
    results(client, create(client, *documents).id)


def test_batches_and_direct_calls_are_reported_by_model_and_tier(
    emulator: Emulator, client: Anthropic
) -> None:
    batch = create(client, LEASE, "[[emulate:expired]]", "[[emulate:refusal]]")
    used = [
        row.result.message.usage
        for row in results(client, batch.id).values()
        if row.result.type == "succeeded"
    ]
    alone = client.messages.create(**make_params(model="claude-sonnet-5-5"))
    found = lines(ask(emulator, USAGE, group_by=["model", "service_tier"]))
    assert [(line["model"], line["service_tier"], *tokens([line])) for line in found] == [
        (
            "claude-haiku-5-5",
            "batch",
            sum(one.input_tokens for one in used),
            sum(one.output_tokens for one in used),
        ),
        ("claude-sonnet-5-5", "standard", alone.usage.input_tokens, alone.usage.output_tokens),
    ]
    assert found[0]["cache_creation"] == {
        "ephemeral_1h_input_tokens": 0,
        "ephemeral_5m_input_tokens": 0,
    }
    assert found[0]["server_tool_use"] == {"web_search_requests": 0}
    assert (found[0]["workspace_id"], found[0]["api_key_id"], found[0]["context_window"]) == (
        None,
        None,
        None,
    )


def test_what_is_not_answered_is_not_billed(emulator: Emulator, client: Anthropic) -> None:
    work(client, "[[emulate:errored:api_error]]", "[[emulate:canceled]]")
    assert lines(ask(emulator, USAGE)) == lines(ask(emulator, COST)) == []


def test_an_answer_that_tells_no_usage_is_billed_all_the_same(
    emulator: Emulator, client: Anthropic
) -> None:
    batch = create(client, f"[[emulate:no_usage]] {LEASE}")
    row = results(client, batch.id)["r0"].result
    assert row.type == "succeeded"
    assert getattr(row.message, "usage", None) is None
    assert all(tokens(lines(ask(emulator, USAGE))))


def test_costs_are_cents_by_kind_of_token(emulator: Emulator, client: Anthropic) -> None:
    batch = client.messages.batches.create(requests=[make_request(model="claude-opus-5-5")])
    usage = results(client, batch.id)["one"].result.message.usage  # type: ignore[union-attr]
    found = lines(ask(emulator, COST, group_by=["description"]))
    # 4 USD for a million tokens in and 20 USD for a million out, at half price.
    assert {line["token_type"]: Decimal(line["amount"]) for line in found} == {
        "uncached_input_tokens": usage.input_tokens * Decimal("0.0002"),
        "output_tokens": usage.output_tokens * Decimal("0.001"),
    }
    assert {(line["currency"], line["cost_type"], line["service_tier"]) for line in found} == {
        ("USD", "tokens", "batch")
    }
    (total,) = lines(ask(emulator, COST))
    assert Decimal(total["amount"]) == cents(found)
    assert (total["description"], total["model"], total["token_type"]) == (None, None, None)


def test_each_row_of_a_batch_counts_when_it_was_worked_on(
    emulator: Emulator, client: Anthropic
) -> None:
    # Ten rows in two hours: five of them in each.
    emulator.control("POST", "settings", {"latency_base": 7_200})
    started = now(emulator)
    batch = create(client, *[f"Cats are welcome. {n}" for n in range(10)])
    emulator.advance(7_300)
    client.messages.batches.retrieve(batch.id)
    hour = started.replace(minute=0, second=0, microsecond=0)
    page = ask(emulator, USAGE, bucket_width="1h", starting_at=hour.isoformat(), group_by=["model"])
    by_hour = [tokens(bucket["results"])[0] for bucket in page["data"]]
    assert len([count for count in by_hour if count]) >= 2
    minute = ask(
        emulator, USAGE, bucket_width="1m", limit=1440, starting_at=hour.isoformat(),
    )  # fmt: skip
    assert sum(by_hour) == tokens(lines(minute))[0]
    assert len([bucket for bucket in minute["data"] if bucket["results"]]) == 10


def test_pages_follow_one_another(emulator: Emulator, client: Anthropic) -> None:
    work(client)
    emulator.advance(3 * 86_400)
    work(client)
    start = (now(emulator) - timedelta(days=3)).strftime("%Y-%m-%d")
    whole = ask(emulator, USAGE, starting_at=f"{start}T00:00:00Z")
    assert (whole["has_more"], whole["next_page"], len(whole["data"])) == (False, None, 4)
    pages = [ask(emulator, USAGE, starting_at=f"{start}T00:00:00Z", limit=3)]
    assert (pages[0]["has_more"], len(pages[0]["data"])) == (True, 3)
    pages.append(
        ask(emulator, USAGE, starting_at=f"{start}T00:00:00Z", limit=3, page=pages[0]["next_page"])
    )
    assert not pages[1]["has_more"]
    assert [bucket for page in pages for bucket in page["data"]] == whole["data"]
    assert [bool(bucket["results"]) for bucket in whole["data"]] == [True, False, False, True]


def test_a_time_is_snapped_to_its_bucket_and_the_end_is_not_part_of_it(
    emulator: Emulator,
) -> None:
    page = ask(
        emulator, USAGE, starting_at="2026-11-02T15:30:00+01:00", ending_at="2026-11-05T00:00:00Z"
    )
    assert [bucket["starting_at"] for bucket in page["data"]] == [
        f"2026-11-0{day}T00:00:00Z" for day in (2, 3, 4)
    ]


def test_lines_can_be_filtered(emulator: Emulator, client: Anthropic) -> None:
    work(client)
    with connect(emulator, "another-key") as other:
        work(other)
    mine, theirs = lines(ask(emulator, USAGE, group_by=["workspace_id"]))
    assert tokens([mine]) == tokens([theirs])
    only = lines(ask(emulator, USAGE, workspace_ids=[mine["workspace_id"]]))
    assert tokens(only) == tokens([mine])
    assert lines(ask(emulator, USAGE, models=["claude-opus-5-5"])) == []


@pytest.mark.parametrize(
    ("report", "query", "field"),
    [
        (USAGE, {}, "starting_at"),
        (USAGE, {"starting_at": "yesterday"}, "starting_at"),
        (USAGE, {"starting_at": "2026-11-02", "ending_at": "2026-11-01"}, "ending_at"),
        (USAGE, {"starting_at": "2026-11-02", "bucket_width": "1w"}, "bucket_width"),
        (USAGE, {"starting_at": "2026-11-02", "limit": 32}, "limit"),
        (USAGE, {"starting_at": "2026-11-02", "bucket_width": "1h", "limit": 169}, "limit"),
        (USAGE, {"starting_at": "2026-11-02", "bucket_width": "1m", "limit": 1441}, "limit"),
        (USAGE, {"starting_at": "2026-11-02", "group_by[]": "day"}, "group_by"),
        (USAGE, {"starting_at": "2026-11-02", "page": "2"}, "page"),
        (COST, {"starting_at": "2026-11-02", "bucket_width": "1h"}, "bucket_width"),
        (COST, {"starting_at": "2026-11-02", "group_by[]": "model"}, "group_by"),
    ],
)
def test_what_the_api_does_not_know_is_refused_by_its_field(
    emulator: Emulator, report: str, query: dict[str, object], field: str
) -> None:
    assert refused(emulator, report, **query).startswith(f"{field}:")


def test_an_ordinary_key_reads_no_report_and_an_admin_key_does_no_work(
    emulator: Emulator,
) -> None:
    paths = [f"/v1/organizations/{report}?starting_at=2026-11-02" for report in (USAGE, COST)]
    ordinary = ADMIN | {"x-api-key": "sk-ant-api03-test"}
    for path, headers in [*((path, ordinary) for path in paths), ("/v1/messages/batches", ADMIN)]:
        status, body = call(emulator, "GET", path, headers=headers)
        error = json.loads(body)["error"]
        assert (status, error["type"]) == (401, "authentication_error")
        assert re.fullmatch(r"invalid x-api-key", error["message"])


def test_sums_of_a_report_equal_its_parts_at_any_grouping(emulator_here: Emulator) -> None:
    emulator_here.reset()
    for key in ("some-key", "another-key"):
        with connect(emulator_here, key) as client:
            for model in ("claude-haiku-5-5", "claude-opus-5-5"):
                batch = client.messages.batches.create(
                    requests=[make_request(f"r{n}", LEASE * (n + 1), model=model) for n in range(3)]
                )
                results(client, batch.id)
                client.messages.create(**make_params(model=model))
                # Beyond the length at which Haiku costs five times as much, and the next window.
                client.messages.create(**make_params("word " * 110_000, model=model))
                client.messages.create(**make_params("word " * 210_000, model=model))
    total = lines(ask(emulator_here, USAGE))
    assert len(total) == 1
    cost = lines(ask(emulator_here, COST))

    @given(st.lists(st.sampled_from(GROUPS), unique=True), st.sampled_from(["1m", "1h", "1d"]))
    def parts(groups: list[str], width: str) -> None:
        start = f"{now(emulator_here):%Y-%m-%d}T00:00:00Z"
        limit = {"1m": 1_440, "1h": 24, "1d": 1}[width]
        query = {"bucket_width": width, "starting_at": start, "limit": limit}
        found = lines(ask(emulator_here, USAGE, **query, group_by=groups))
        assert tokens(found) == tokens(total)
        for line in found:
            assert {name for name in GROUPS if line[name] is not None} == set(groups)

    @given(st.lists(st.sampled_from(["workspace_id", "description"]), unique=True))
    def amounts(groups: Sequence[str]) -> None:
        assert cents(lines(ask(emulator_here, COST, group_by=list(groups)))) == cents(cost)

    parts()
    amounts()
    # Both, and each model's price, hour by hour or not.
    assert (
        tokens(lines(ask(emulator_here, USAGE, models=["claude-opus-5-5"])))[0] * 2
        == (tokens(total)[0])
    )


def test_the_books_survive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("books")
    with emulating(folder) as before, connect(before) as client:
        work(client)
        client.messages.create(**make_params())
        billed = ask(before, USAGE, group_by=["service_tier"])
    with emulating(folder) as after:
        assert ask(after, USAGE, group_by=["service_tier"]) == billed
        assert len(lines(billed)) == 2
