"""GET usage."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from aijobs.models import CircuitBreaker, Collection, Quote
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import NOW, make_charge, make_job, make_tenant
from tests.reading.rows import make_collection

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
    assert found["group_by"] == ["day"]
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
    assert report(caller)["paused"] is None
    breaker = CircuitBreaker.objects.create(
        reason="spend_limit", message="Cap of 100 USD", opened_at=NOW, probe_at=NOW
    )
    assert report(caller)["paused"] == {
        "reason": "spend_limit",
        "message": "The spending limit of the Anthropic account is reached.",
        "since": "2026-11-02T09:00:00Z",
    }
    breaker.mark_closed(NOW)
    assert report(caller)["paused"] is None


def test_nothing_spent_is_a_report_too(caller: Caller) -> None:
    found = report(caller)

    assert found["rows"] == []
    assert found["totals"]["cost_usd"] == "0.0000000000"


@pytest.mark.parametrize(("end", "status"), [("0001-01-01", 200), ("9999-12-31", 400)])
def test_the_ends_of_time_are_periods_too(caller: Caller, end: str, status: int) -> None:
    assert report(caller, to=end)["totals"]["jobs"] == 0
    assert caller.read("usage", **{"from": end}).status_code == status


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", "0001-01-01", "9999-12-31"])
def test_the_ends_of_time_are_tables_too(caller: Caller, end: str, form: str) -> None:
    asked = {"from": "0001-01-01", "to": end, "as": form, "details": "1"}
    assert caller.read("usage", **asked).status_code == 200
    table = caller.read("usage", **asked | {"from": "9999-12-01", "to": "9999-12-31"})
    assert b"".join(table)


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
    assert report(caller, **before)["estimated_answers"] == 0


EVERYTHING = "day,job_type,route,model,created_by,collection"
SUMS = (
    *("jobs", "answers", "input_tokens", "output_tokens", "cache_read_tokens"),
    *("cost_usd", "sync_cost_usd", "saved_usd", "batch_sync_cost_usd", "cache_saved_usd"),
)


def spend_in_many_ways(caller: Caller) -> None:
    spend(caller)
    collection = make_collection(caller.tenant)
    job = make_job(caller.tenant, collection=collection)
    make_charge(job, "0.0000000001", model="claude-opus-5-5", cache_read_tokens=1_000_000)
    make_charge(
        make_job(caller.tenant, "analyze", route="sync"),
        *("0.0000000003", "0.0000000003"),
        model="claude-sonnet-5-5",
        cache_read_tokens=100,
        cache_write_5m_tokens=7_000,
        cache_write_1h_tokens=9_000,
    )


@pytest.mark.parametrize("group_by", [*EVERYTHING.split(","), EVERYTHING, "model,route"])
def test_groups_add_up_to_the_totals_to_the_last_digit(caller: Caller, group_by: str) -> None:
    spend_in_many_ways(caller)

    found = report(caller, group_by=group_by, details="true", **NOVEMBER)

    for name in SUMS:
        assert sum(Decimal(row[name]) for row in found["rows"]) == Decimal(found["totals"][name])
    assert {*group_by.split(",")} <= found["rows"][0].keys()


def test_several_groups_come_with_commas_or_one_by_one(caller: Caller) -> None:
    spend_in_many_ways(caller)

    found = report(caller, group_by="model,created_by", **NOVEMBER)

    assert found["group_by"] == ["model", "created_by"]
    assert [(row["model"], row["created_by"]) for row in found["rows"]] == [
        ("claude-haiku-5-5", "test"),
        ("claude-opus-5-5", "test"),
        ("claude-sonnet-5-5", "test"),
    ]
    path = "/api/ai/usage?from=2026-11-01&to=2026-11-30&group_by=model&group_by=created_by"
    assert caller.get(path).json() == found


def test_a_report_with_details_tells_the_share_of_batches_and_what_the_cache_saved(
    caller: Caller,
) -> None:
    spend_in_many_ways(caller)

    totals = report(caller, details="1", **NOVEMBER)["totals"]

    # Half of (4 − 0.2) for a million tokens of Opus; 100 tokens of Sonnet at 2 − 0.1 a million,
    # less 7,000 at 0.5 and 9,000 at 2 that writing them cost more.
    assert Decimal(totals["cache_saved_usd"]) == Decimal("1.9") + Decimal("0.00019") - Decimal(
        "0.0215"
    )
    assert totals["batch_sync_cost_usd"] == "0.0060000002"
    assert totals["batch_share"] == "0.4285"


def test_jobs_of_no_collection_are_a_group_of_their_own(caller: Caller) -> None:
    spend_in_many_ways(caller)

    rows = report(caller, group_by="collection", **NOVEMBER)["rows"]

    assert [row["collection"] for row in rows] == ["", str(Collection.objects.get().pk)]


def test_a_report_is_a_table_as_well(caller: Caller) -> None:
    spend_in_many_ways(caller)
    make_charge(make_job(caller.tenant), "1", model="=1+1")
    asked = {"group_by": "model,route"} | NOVEMBER

    response = caller.read("usage", **asked, **{"as": "csv"})

    head, first, *rows = csv.reader(io.StringIO(b"".join(response).decode(), newline=""))
    assert response["Content-Disposition"] == 'attachment; filename="usage-2026-11.csv"'
    assert head[:4] == ["model", "route", "jobs", "answers"]
    assert first[0] == "'=1+1", "No formula."
    assert rows[-1][-1] == "-0.0213100000", "A number, though it is below zero."
    totals = report(caller, **asked)["totals"]
    place = head.index("cost_usd")
    assert sum(Decimal(row[place]) for row in [first, *rows]) == Decimal(totals["cost_usd"])

    response = caller.read("usage", **asked, **{"as": "xlsx"})

    book = openpyxl.load_workbook(io.BytesIO(b"".join(response)))
    sheet = [list(row) for row in book["Usage"].iter_rows(values_only=True)]
    assert sheet[0] == head
    assert [row[0] for row in sheet[1:]] == ["=1+1", *(row[0] for row in rows)]
    assert sheet[1][place] == 1.0


def test_quotes_stand_beside_their_charges_and_the_budget_beside_both(caller: Caller) -> None:
    body = {"document_text": "The policy covers hail."}
    asked = [caller.send("summarize?quote=true", body).json()["quote_id"] for _ in range(3)]
    for quote_id in asked[:2]:
        caller.send(f"quotes/{quote_id}/confirm")
    Quote.objects.filter(pk=asked[0]).update(charged_usd="0.5")
    Tenant.objects.filter(pk=caller.tenant.pk).update(limit_usd=20)

    response = caller.read("usage", **{"as": "csv", "table": "quotes"})

    rows = [*csv.DictReader(io.StringIO(b"".join(response).decode()))]
    assert 'filename="quotes-' in response["Content-Disposition"]
    assert [row["quote_id"] for row in rows] == asked[:2]
    assert [row["charged_usd"] for row in rows] == ["0.5000000000", ""]
    assert [row["is_within"] for row in rows] == ["false", ""]
    assert rows[0]["job_id"]

    response = caller.read("usage", **{"as": "csv", "table": "budget"})

    [month] = csv.DictReader(io.StringIO(b"".join(response).decode()))
    assert (month["budget_usd"], month["limit_usd"]) == ("", "20.0000000000")
    assert Decimal(month["left_usd"]) + Decimal(month["reserved_usd"]) == 20
    assert Decimal(month["reserved_usd"]) > 0

    book = openpyxl.load_workbook(io.BytesIO(b"".join(caller.read("usage", **{"as": "xlsx"}))))

    assert book.sheetnames == ["Usage", "Quotes", "Budget"]
    assert book["Quotes"]["I2"].value == 0.5
    assert book["Budget"]["C2"].value == 20


def test_a_table_of_quotes_is_a_csv(caller: Caller) -> None:
    response = caller.read("usage", table="quotes")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["table"]


def test_an_answer_to_an_old_question_has_the_old_form(caller: Caller) -> None:
    spend_in_many_ways(caller)

    for name in ("day", "job_type", "route"):
        found = report(caller, group_by=name, **NOVEMBER)
        assert found["group_by"] == [name]
        for sums in (found["totals"], *found["rows"]):
            assert sums.keys() - {name} == {
                *("jobs", "input_tokens", "output_tokens", "cache_read_tokens"),
                *("cache_write_tokens", "cost_usd", "sync_cost_usd", "saved_usd"),
            }
