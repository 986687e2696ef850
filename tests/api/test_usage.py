"""GET usage."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import CircuitBreaker
from tests.api.conftest import Caller
from tests.factories import NOW, make_charge, make_job, make_tenant

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


def spend(caller: Caller) -> None:
    summary = make_job(caller.tenant)
    make_charge(summary, "0.001")
    make_charge(summary, "0.002", created_at=NOW + timedelta(days=1))
    make_charge(make_job(caller.tenant, "classify", route="sync"), "0.004")
    make_charge(make_job(caller.tenant), "1", created_at=NOW - timedelta(days=40))
    make_charge(make_job(make_tenant("other")), "9")


def report(caller: Caller, **query: str) -> Any:
    response = caller.read("usage", **query)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_report_adds_up_what_a_tenant_spent_and_saved(caller: Caller) -> None:
    spend(caller)

    found = report(caller, **NOVEMBER)

    assert (found["from"], found["to"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    assert found["group_by"] == "day"
    assert found["totals"] == {
        "jobs": 2,
        "input_tokens": 300,
        "output_tokens": 30,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "cost_usd": "0.0070000000",
        "sync_cost_usd": "0.0140000000",
        "saved_usd": "0.0070000000",
    }


@pytest.mark.parametrize(
    ("group_by", "costs"),
    [
        ("day", {"2026-11-02": "0.0050000000", "2026-11-03": "0.0020000000"}),
        ("job_type", {"classify": "0.0040000000", "summarize": "0.0030000000"}),
        ("route", {"batch": "0.0030000000", "sync": "0.0040000000"}),
    ],
)
def test_a_report_is_grouped_as_asked(caller: Caller, group_by: str, costs: dict[str, str]) -> None:
    spend(caller)

    found = report(caller, group_by=group_by, **NOVEMBER)

    assert {row[group_by]: row["cost_usd"] for row in found["rows"]} == costs


def test_a_moment_as_the_end_is_not_part_of_the_period(caller: Caller) -> None:
    spend(caller)

    assert report(caller, to="2026-11-02T09:00:00Z")["totals"]["jobs"] == 0
    assert report(caller, to="2026-11-02T09:00:01Z")["totals"]["jobs"] == 2


def test_while_nothing_is_sent_a_report_says_why_and_since_when(caller: Caller) -> None:
    assert "paused" not in report(caller)
    breaker = CircuitBreaker.objects.create(
        reason="spend_limit", message="Cap of 100 USD", opened_at=NOW, probe_at=NOW
    )
    assert report(caller)["paused"] == {
        "reason": "spend_limit",
        "message": "The spending limit of the Anthropic account is reached.",
        "since": "2026-11-02T09:00:00Z",
    }
    breaker.mark_closed(NOW)
    assert "paused" not in report(caller)


def test_nothing_spent_is_a_report_too(caller: Caller) -> None:
    found = report(caller)

    assert found["rows"] == []
    assert found["totals"]["cost_usd"] == "0.0000000000"


@pytest.mark.parametrize(("end", "status"), [("0001-01-01", 200), ("9999-12-31", 400)])
def test_the_ends_of_time_are_periods_too(caller: Caller, end: str, status: int) -> None:
    assert report(caller, to=end)["totals"]["jobs"] == 0
    assert caller.read("usage", **{"from": end}).status_code == status


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "soon"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"group_by": "week"}, "group_by"),
        ({"from": "2026-11-02", "to": "2026-10-01"}, "from"),
        ({"since": "2026-11-02"}, "since"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(
    caller: Caller, query: dict[str, str], field: str
) -> None:
    response = caller.read("usage", **query)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_answers_that_are_charged_by_an_estimate_are_counted(caller: Caller) -> None:
    make_charge(make_job(caller.tenant), is_estimated=True)
    make_charge(make_job(caller.tenant))
    make_charge(make_job(make_tenant("other")), is_estimated=True)
    assert report(caller, **NOVEMBER)["estimated_answers"] == 1
    before = {"from": "2026-10-01", "to": "2026-10-31"}
    assert "estimated_answers" not in report(caller, **before)
