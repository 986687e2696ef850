"""GET collections/{id}/results."""

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient

from aijobs.models import AIJob, Correction
from aijobs.reading import jobs
from tests.api.conftest import Caller
from tests.api.rows import fail
from tests.factories import NOW, make_charge, make_key, make_output


def finished_collection(caller: Caller, summaries: list[str]) -> str:
    body = {
        "name": "Policies of May",
        "job_type": "summarize",
        "items": [{"document_text": f"Document {n}."} for n, _ in enumerate(summaries)],
    }
    made: str = caller.send("collections", body).json()["collection_id"]
    for job, summary in zip(AIJob.objects.order_by("pk"), summaries, strict=True):
        make_output(job, {"summary": summary})
        make_charge(job, "0.001")
    AIJob.objects.update(status="completed", finished_at=NOW)
    return made


def body(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def test_ndjson_has_a_line_for_each_job_in_order(caller: Caller) -> None:
    made = finished_collection(caller, ["one", "two\u2028halves", "three"])

    response = caller.read(f"collections/{made}/results")

    assert response["Content-Type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in body(response).removesuffix("\n").split("\n")]
    assert [row["result"]["summary"] for row in rows] == ["one", "two\u2028halves", "three"]
    assert rows[0] == {
        "row": 1,
        "reference": "",
        "metadata": {},
        "job_id": str(AIJob.objects.order_by("pk")[0].pk),
        "status": "completed",
        "result": {"summary": "one"},
        "error": None,
        "correction": None,
        "cost_usd": "0.0010000000",
        "sync_cost_usd": "0.0020000000",
        "saved_usd": "0.0010000000",
    }


def test_csv_has_a_column_for_each_part_of_the_result(caller: Caller) -> None:
    made = finished_collection(caller, ["plain", 'quoted, "twice"\nand broken'])

    response = caller.read(f"collections/{made}/results", **{"as": "csv"})

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="policies-of-may.csv"'
    rows = list(csv.DictReader(io.StringIO(body(response), newline="")))
    assert [row["summary"] for row in rows] == ["plain", 'quoted, "twice"\nand broken']
    assert rows[0]["saved_usd"] == "0.0010000000"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_disarms_what_a_spreadsheet_takes_for_a_formula(caller: Caller, start: str) -> None:
    made = finished_collection(caller, [f"{start}SUM(A1)"])

    text = body(caller.read(f"collections/{made}/results", **{"as": "csv"}))

    assert f"'{start}SUM(A1)" in text


def test_unfinished_and_failed_jobs_are_lines_too(caller: Caller) -> None:
    made = finished_collection(caller, ["one", "two"])
    first = AIJob.objects.order_by("pk")[0]
    AIJob.objects.filter(pk=first.pk).update(status="failed")
    first.output.delete()
    fail(first, 1)

    row = json.loads(body(caller.read(f"collections/{made}/results")).split("\n")[0])

    assert (row["status"], row["result"]) == ("failed", None)
    assert row["error"] == {"type": "refusal", "message": "It was refused."}


def test_the_order_holds_over_chunks(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)
    made = finished_collection(caller, [str(n) for n in range(7)])

    rows = list(
        csv.DictReader(body(caller.read(f"collections/{made}/results?as=csv")).splitlines())
    )

    assert [(row["row"], row["summary"]) for row in rows] == [
        (str(n + 1), str(n)) for n in range(7)
    ]


ITEMS = [
    {"document_text": "Hail.", "reference": "POL-1", "metadata": {"Büro": "Köln", "status": "=1"}},
    {"document_text": ""},
    {"document_text": "Storm.", "reference": "-2", "metadata": {"Büro": "Bonn", "Jahr": "007"}},
]
ANALYSIS = {
    "findings": [
        {"title": "Hail is covered", "detail": "=HYPERLINK(1)", "quote": ""},
        {"title": "Storm is not", "detail": "x" * 40_000, "quote": "q"},
    ],
    "obligations": [],
    "risks": [{"title": "Vague", "severity": "high", "detail": "d"}],
}


def collection_with_a_skipped_row(caller: Caller) -> str:
    body = {"name": "Mine", "job_type": "analyze", "items": ITEMS, "on_error": "skip"}
    made: str = caller.send("collections", body).json()["collection_id"]
    first = AIJob.objects.order_by("pk")[0]
    make_output(first, ANALYSIS)
    make_charge(first, "0.001")
    AIJob.objects.filter(pk=first.pk).update(status="completed", finished_at=NOW)
    return made


def test_each_line_bears_the_row_the_reference_and_the_senders_own_data(caller: Caller) -> None:
    made = collection_with_a_skipped_row(caller)

    lines = body(caller.read(f"collections/{made}/results")).splitlines()

    rows = [json.loads(line) for line in lines]
    assert [(row["row"], row["reference"], row["metadata"]) for row in rows] == [
        (1, "POL-1", {"Büro": "Köln", "status": "=1"}),
        (3, "-2", {"Büro": "Bonn", "Jahr": "007"}),
    ]


def test_the_senders_columns_stand_after_row_and_reference(caller: Caller) -> None:
    made = collection_with_a_skipped_row(caller)

    text = body(caller.read(f"collections/{made}/results", **{"as": "csv"}))

    head, first, second = csv.reader(io.StringIO(text, newline=""))
    assert head[:7] == ["row", "reference", "Büro", "status (own)", "Jahr", "job_id", "status"]
    assert first[:5] == ["1", "POL-1", "Köln", "'=1", ""]
    assert second[:5] == ["3", "'-2", "Bonn", "", "007"]


def test_a_csv_begins_with_a_byte_order_mark_on_request(caller: Caller) -> None:
    made = finished_collection(caller, ["Ümläut"])

    plain = body(caller.read(f"collections/{made}/results?as=csv"))
    marked = body(caller.read(f"collections/{made}/results?as=csv&bom=1"))

    assert marked == "\ufeff" + plain


def test_a_workbook_has_a_sheet_for_each_list(caller: Caller) -> None:
    made = collection_with_a_skipped_row(caller)

    response = caller.read(f"collections/{made}/results", **{"as": "xlsx"})

    assert response["Content-Disposition"] == 'attachment; filename="mine.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    sheets = {sheet.title: list(sheet.values) for sheet in book}
    assert list(sheets) == ["Results", "Findings", "Obligations", "Risks", "Answers"]
    head, first, second = sheets["Results"]
    named = dict(zip(head, first, strict=True))
    assert (named["row"], named["reference"], named["status (own)"]) == (1, "POL-1", "=1")
    assert (named["status"], named["cost_usd"]) == ("completed", 0.001)
    assert second[:2] == (3, "-2")
    assert sheets["Risks"] == [
        ("row", "reference", "title", "severity", "detail"),
        (1, "POL-1", "Vague", "high", "d"),
    ]
    detail = sheets["Findings"][2][3]
    assert len(str(detail)) == 32_767
    assert "all of it is in CSV and NDJSON" in str(detail)
    # A formula would be one for openpyxl as well.
    assert book["Findings"]["D2"].data_type == "s"


def test_more_names_than_a_table_can_have_stay_together(caller: Caller) -> None:
    items = [{"document_text": "Hail.", "metadata": {f"name {n}": str(n)}} for n in range(205)]
    made = caller.send("collections", {"name": "x", "job_type": "summarize", "items": items})

    path = f"collections/{made.json()['collection_id']}/results?as=csv"
    rows = list(csv.DictReader(io.StringIO(body(caller.read(path)), newline="")))

    assert rows[199]["name 199"] == "199"
    assert json.loads(rows[204]["metadata"]) == {"name 204": "204"}


def test_another_format_is_named(caller: Caller) -> None:
    made = finished_collection(caller, ["one"])

    response = caller.read(f"collections/{made}/results", **{"as": "pdf"})

    assert list(response.json()["errors"]) == ["as"]


@pytest.mark.django_db(transaction=True)
async def test_asgi_streams_it_chunk_by_chunk(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)
    made = await sync_to_async(finished_collection)(caller, ["one", "two", "three"])
    key = await sync_to_async(make_key)(caller.tenant)

    try:
        response: Any = await AsyncClient().get(
            f"/api/ai/collections/{made}/results", headers={"authorization": f"Bearer {key}"}
        )
        chunks = [chunk async for chunk in response.streaming_content]
    finally:
        await sync_to_async(connections.close_all)()

    assert [chunk.count(b"\n") for chunk in chunks] == [2, 1]


def test_rows_are_narrowed_as_on_the_page(caller: Caller) -> None:
    made = finished_collection(caller, ["one", "two", "three"])
    AIJob.objects.filter(pk=AIJob.objects.latest("pk").pk).update(status="canceled")

    def rows(**query: str) -> list[int]:
        lines = body(caller.read(f"collections/{made}/results", **query)).splitlines()
        return [json.loads(line)["row"] for line in lines]

    assert rows() == [1, 2, 3]
    assert rows(status="canceled") == [3]
    assert rows(search="Document 1") == [2]
    assert rows(category="motor") == rows(reason="refusal") == rows(status="underway") == []
    table = body(caller.read(f"collections/{made}/results", search="Document 1", **{"as": "csv"}))
    assert len(table.splitlines()) == 2
    assert caller.read(f"collections/{made}/results", risk="huge").status_code == 400


def test_what_people_corrected_stands_beside_the_original(caller: Caller) -> None:
    made = finished_collection(caller, ["one", "two"])
    plain = body(caller.read(f"collections/{made}/results?as=csv")).splitlines()[0]
    assert "corrected" not in plain
    first = AIJob.objects.order_by("pk")[0]
    Correction.objects.add(first, {"summary": "=uno"}, after=0, by="ann", now=NOW)

    rows = list(
        csv.DictReader(body(caller.read(f"collections/{made}/results?as=csv")).splitlines())
    )
    assert [(row["summary"], row["corrected_summary"], row["corrected_by"]) for row in rows] == [
        ("one", "'=uno", "ann"),
        ("two", "", ""),
    ]
    assert rows[0]["corrected_at"] == "2026-11-02T09:00:00+00:00"
    lines = [json.loads(line) for line in body(caller.read(f"collections/{made}/results")).split()]
    assert lines[0]["result"] == {"summary": "one"}
    assert lines[0]["correction"] == {
        "result": {"summary": "=uno"},
        "corrected_by": "ann",
        "corrected_at": "2026-11-02T09:00:00Z",
    }
    assert lines[1]["correction"] is None
    sheet = openpyxl.load_workbook(
        io.BytesIO(b"".join(caller.read(f"collections/{made}/results?as=xlsx").streaming_content))
    )["Results"]
    header, values, _ = sheet.iter_rows(values_only=True)
    found = dict(zip(header, values, strict=True))
    assert (found["summary"], found["corrected_summary"]) == ("one", "=uno")
    assert found["cost_usd"] == 0.001
