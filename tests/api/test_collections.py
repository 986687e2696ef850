"""POST and GET collections, and their moves."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aijobs.models import AIJob, Collection, JobDocument
from tests.api.conftest import Caller
from tests.documents.case import CASES
from tests.factories import CATEGORIES, NOW, make_charge

ITEMS = [{"text": "A car."}, {"text": "A house."}, {"text": "A journey."}]
BODY = {
    "name": "Policies of May",
    "job_type": "classify",
    "defaults": {"categories": CATEGORIES},
    "items": ITEMS,
}


def upload(caller: Caller, name: str, content: bytes, **fields: str) -> Any:
    return caller.upload(
        "collections",
        file=SimpleUploadedFile(name, content),
        **{
            "name": "Upload",
            "job_type": "classify",
            "defaults": json.dumps({"categories": CATEGORIES}),
        }
        | fields,
    )


def documents() -> list[str]:
    return [
        job.documents.get().text for job in AIJob.objects.order_by("pk").select_related("input")
    ]


def test_many_jobs_are_queued_under_one_name(caller: Caller) -> None:
    response = caller.send("collections", BODY)

    assert response.status_code == 202, response.content
    collection = Collection.objects.get()
    assert response.json() == {
        "collection_id": str(collection.pk),
        "accepted": 3,
        "rejected": [],
        "rejected_count": 0,
        "repeated": 0,
        "warnings": [],
        "message": "3 jobs are queued.",
    }
    assert documents() == [item["text"] for item in ITEMS]


def test_one_bad_item_and_nothing_is_queued(caller: Caller) -> None:
    response = caller.send("collections", BODY | {"items": [*ITEMS, {"text": ""}, 7]})

    assert response.status_code == 400
    assert response.json()["rejected"] == [
        {"row": 4, "errors": {"text": ["Must not be empty."]}},
        {"row": 5, "errors": {"non_field_errors": ["Must be an object."]}},
    ]
    assert response.json()["rejected_count"] == 2
    assert not Collection.objects.exists()
    assert not AIJob.objects.exists()


def test_bad_items_are_left_out_when_asked(caller: Caller) -> None:
    response = caller.send("collections", BODY | {"items": [{}, *ITEMS], "on_error": "skip"})

    assert response.status_code == 202
    assert (response.json()["accepted"], response.json()["rejected_count"]) == (3, 1)
    assert response.json()["rejected"][0]["row"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"job_type": "translate"}, "job_type"),
        ({"job_type": ["classify"]}, "job_type"),
        ({"items": {"text": "a"}}, "items"),
        ({"items": None}, "items"),
        ({"defaults": []}, "defaults"),
        ({"defaults": None}, "defaults"),
        ({"on_error": "ignore"}, "on_error"),
        ({"itmes": []}, "itmes"),
    ],
)
def test_a_field_that_is_wrong_is_named(caller: Caller, change: dict[str, Any], field: str) -> None:
    response = caller.send("collections", BODY | change)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert not Collection.objects.exists()


def test_no_items_make_no_collection(caller: Caller) -> None:
    response = caller.send("collections", BODY | {"items": []})

    assert response.status_code == 400
    assert not Collection.objects.exists()


def test_a_csv_is_a_collection(caller: Caller) -> None:
    table = 'text,categories\n"A car,\nred",motor;home\nA house,\n'

    response = upload(caller, "may.csv", table.encode())

    assert response.status_code == 202, response.content
    assert documents() == ["A car,\nred", "A house"]
    options = [job.input.options for job in AIJob.objects.order_by("pk")]
    assert options[0] == {"categories": ["motor", "home"]}


def test_ndjson_is_a_collection(caller: Caller) -> None:
    lines = "\n".join(json.dumps(item) for item in ITEMS)

    assert upload(caller, "may.ndjson", lines.encode()).status_code == 202
    assert documents() == [item["text"] for item in ITEMS]


def test_rows_of_a_table_are_named_as_a_spreadsheet_numbers_them(caller: Caller) -> None:
    response = upload(
        caller, "may.csv", b"text\nA car\n \n\xe2\x80\x83x\n" + b"a" * 600_001 + b"\n"
    )

    assert response.status_code == 400
    assert [bad["row"] for bad in response.json()["rejected"]] == [3, 5]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("may.csv", b'text\n"never closed\n', "quotation"),
        ("may.xlsx", b"no workbook", "workbook"),
        ("may.ndjson", b'{"text": "a"}\n{"text"\n', "Line 2"),
        ("may.doc", b"text\na", ".csv"),
        ("may.csv", b"text\n", "no rows"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(
    caller: Caller, name: str, content: bytes, says: str
) -> None:
    response = upload(caller, name, content)

    assert response.status_code == 400
    assert says in response.json()["errors"]["file"][0]
    assert not Collection.objects.exists()


@pytest.mark.parametrize("defaults", ["{", "[]", "", '{"a": 1, "a": 2}'])
def test_defaults_of_a_form_must_be_a_json_object(caller: Caller, defaults: str) -> None:
    response = upload(caller, "may.csv", b"text\na\n", defaults=defaults)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["defaults"]


def test_a_form_needs_a_table(caller: Caller) -> None:
    response = caller.post(
        "/api/ai/collections", {"name": "May", "job_type": "classify", "other": io.StringIO()}
    )

    assert list(response.json()["errors"]) == ["file"]


def test_a_collection_shows_its_counts_and_cost(caller: Caller) -> None:
    made = caller.send("collections", BODY).json()["collection_id"]
    first, second, _ = AIJob.objects.order_by("pk")
    AIJob.objects.filter(pk=first.pk).update(status="completed", finished_at=NOW)
    AIJob.objects.filter(pk=second.pk).update(status="failed", finished_at=NOW)
    make_charge(first, "0.002", created_at=Collection.objects.get().created_at)

    shown = caller.read(f"collections/{made}").json()

    assert shown["counts"] == {
        "queued": 1,
        "submitted": 0,
        "processing": 0,
        "completed": 1,
        "failed": 1,
        "canceled": 0,
    }
    assert (shown["name"], shown["total"]) == ("Policies of May", 3)
    assert (shown["cost_usd"], shown["saved_usd"]) == ("0.0020000000", "0.0020000000")
    assert shown["eta_from"] < shown["eta"]
    assert shown["late_reason"] is None


def test_collections_are_listed(caller: Caller) -> None:
    for name in ("first", "second", "third"):
        caller.send("collections", BODY | {"name": name})

    page = caller.read("collections", page_size=2).json()
    rest = caller.get(page["next"]).json()

    assert [one["name"] for one in page["results"]] == ["third", "second"]
    assert [one["name"] for one in rest["results"]] == ["first"]


def test_what_still_waits_can_be_canceled(caller: Caller) -> None:
    made = caller.send("collections", BODY).json()["collection_id"]
    AIJob.objects.filter(pk=AIJob.objects.order_by("pk")[0].pk).update(
        status="completed", finished_at=NOW
    )

    response = caller.send(f"collections/{made}/cancel")

    assert (response.status_code, response.json()) == (200, {"canceled": 2, "dropped": 0})
    assert AIJob.objects.filter(status="canceled").count() == 2


def test_what_was_canceled_can_be_queued_again(caller: Caller) -> None:
    made = caller.send("collections", BODY).json()["collection_id"]
    caller.send(f"collections/{made}/cancel")

    assert caller.send(f"collections/{made}/retry").json() == {"queued": 0}
    assert caller.send(f"collections/{made}/retry?status=canceled").json() == {"queued": 3}
    assert AIJob.objects.filter(status="queued").count() == 3


def test_what_failed_can_be_queued_again(caller: Caller) -> None:
    made = caller.send("collections", BODY).json()["collection_id"]
    AIJob.objects.update(status="failed", finished_at=NOW)

    response = caller.send(f"collections/{made}/retry")

    assert (response.status_code, response.json()) == (200, {"queued": 3})
    assert AIJob.objects.filter(status="queued").count() == 3


def test_a_zip_is_a_collection_of_its_files(caller: Caller) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("claims/a.txt", "Hail.")
        archive.writestr("claims/.DS_Store", "x")
        archive.writestr("claims/setup.exe", b"MZ\0")
        archive.writestr("claims/ü.html", "<h1>Fire</h1>")

    refused = upload(caller, "may.zip", packed.getvalue())
    made = upload(caller, "may.zip", packed.getvalue(), on_error="skip")

    assert refused.status_code == 400
    (bad,) = refused.json()["rejected"]
    assert bad["row"] == 2
    assert bad["errors"]["document"][0].startswith("claims/setup.exe: This kind of file")
    assert made.json()["accepted"] == 2
    assert made.json()["warnings"] == ["1 files of the system were passed over"]
    inputs = [job.input for job in AIJob.objects.order_by("pk").select_related("input")]
    assert [(one.row_number, one.reference, one.source_name) for one in inputs] == [
        (1, "claims/a.txt", "a.txt"),
        (3, "claims/ü.html", "ü.html"),
    ]
    assert documents() == ["Hail.", "# Fire"]


def test_own_columns_travel_with_their_row(caller: Caller) -> None:
    table = "id,text,Broker\n7,Hail.,Müller\n8,Storm.,\n"

    assert upload(caller, "may.csv", table.encode()).status_code == 202

    found = [job.input for job in AIJob.objects.order_by("pk").select_related("input")]
    assert [(one.row_number, one.metadata) for one in found] == [
        (2, {"id": "7", "Broker": "Müller"}),
        (3, {"id": "8", "Broker": ""}),
    ]
    assert Collection.objects.get().columns == ["id", "Broker"]


def test_columns_say_which_is_which(caller: Caller) -> None:
    table = "Policy No.,Wording\n00123,Hail.\n"

    unmapped = upload(caller, "may.csv", table.encode())
    columns = json.dumps({"text": "Wording", "reference": "policy no."})
    mapped = upload(caller, "may.csv", table.encode(), columns=columns)

    (said,) = unmapped.json()["errors"]["file"]
    assert "“Policy No.”, “Wording”" in said
    assert "document_text" in said
    assert mapped.status_code == 202, mapped.content
    assert AIJob.objects.get().input.reference == "00123"


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"columns": '{"text": "Body"}'}, "columns", "no column “Body”"),
        ({"columns": '{"title": "text"}'}, "columns", "no field “title”"),
        ({"columns": '{"text": "text", "reference": "text"}'}, "columns", "two fields"),
        ({"columns": '{"text": 1}'}, "columns", "object of texts"),
        ({"columns": "{"}, "columns", "JSON"),
    ],
)
def test_a_mapping_that_fits_nothing_is_named(
    caller: Caller, fields: dict[str, str], field: str, says: str
) -> None:
    response = upload(caller, "may.csv", b"text\nHail.\n", **fields)

    assert response.status_code == 400
    assert says in response.json()["errors"][field][0]


def test_the_sheet_that_fits_is_read_and_another_on_request(caller: Caller) -> None:
    data = (Path(__file__).parents[1] / "documents/cases/table.xlsx").read_bytes()

    assert upload(caller, "may.xlsx", data).status_code == 202
    assert AIJob.objects.get().input.reference == "00123"
    wrong = upload(caller, "may.xlsx", data, sheet="Nowhere")
    assert "Policies" in wrong.json()["errors"]["file"][0]


def test_a_field_that_neither_the_table_nor_the_defaults_have_is_told_once(
    caller: Caller,
) -> None:
    table = "text\n" + "Hail.\n" * 500
    response = upload(caller, "may.csv", table.encode(), defaults="{}")
    assert response.status_code == 400
    assert response.json()["errors"] == {"categories": ["This field is required."]}
    short = upload(caller, "may.csv", table.encode(), defaults='{"categories": ["hail"]}')
    assert short.json()["errors"] == {"categories": ["Needs at least 2 entries."]}


def packed(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return data.getvalue()


def test_how_files_are_read_is_said_of_a_whole_zip(caller: Caller) -> None:
    data = packed(two_pdf=(CASES / "twocol.pdf").read_bytes(), a_txt=b"Hail is covered.")
    response = upload(caller, "may.zip", data, read_as="original", on_error="skip")
    assert response.json()["accepted"] == 1
    assert "as it is" in str(response.json()["rejected"])
    assert JobDocument.objects.get().read_as == "original"


def test_a_part_of_a_file_in_a_zip_is_taken_where_that_is_said(caller: Caller) -> None:
    data = packed(a_txt=b"\xef\xbb\xbfHail is covered up to \xff EUR." + "Grüße".encode() * 9)
    assert upload(caller, "may.zip", data).status_code == 400
    assert upload(caller, "may.zip", data, accept_partial="true").json()["accepted"] == 1


def test_how_files_are_read_means_nothing_for_a_table(caller: Caller) -> None:
    response = upload(caller, "may.csv", b"text\nHail.\n", read_as="original")
    assert response.json()["errors"] == {"read_as": ["Only of a ZIP of documents."]}
    response = upload(caller, "may.zip", packed(a_txt=b"Hail."), read_as="x")
    assert "Must be one of" in response.json()["errors"]["read_as"][0]


def test_a_few_rows_run_first_and_the_others_when_they_are_let_continue(caller: Caller) -> None:
    body = BODY | {"trial": 2, "items": [{"text": f"A car {n}."} for n in range(6)]}
    made = caller.send("collections", body).json()
    assert made["message"].startswith("2 of 6 jobs run at once.")
    address = f"collections/{made['collection_id']}"
    assert caller.read(address).json()["trial"] == {
        "jobs": 2,
        "completed": 0,
        "waiting": 4,
        "is_open": True,
    }
    assert caller.send(f"{address}/continue").json() == {"continued": 4}
    assert not caller.read(address).json()["trial"]["is_open"]


@pytest.mark.parametrize("trial", [-1, 21, "x", True, 1.5])
def test_a_trial_of_nonsense_is_refused(caller: Caller, trial: object) -> None:
    response = caller.send("collections", BODY | {"trial": trial})
    assert "trial" in response.json()["errors"]


def test_a_table_is_tried_as_well(caller: Caller) -> None:
    response = upload(caller, "may.csv", b"text\n" + b"Hail.\n" * 9, trial="3")
    assert response.json()["message"].startswith("3 of 9")
