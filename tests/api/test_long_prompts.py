"""Long prompts of a workspace that refuses them, or sends them elsewhere, as a program sees it."""

import csv
import io
import json
import zipfile
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aijobs.models import AIJob, JobInput, Quote
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import NOW, make_job, make_output
from tests.long_texts import LONG

COLLECTION = {"name": "May", "job_type": "summarize"}


def refuse() -> None:
    Tenant.objects.update(long_prompts="refuse")


def send_elsewhere() -> None:
    Tenant.objects.update(long_prompts="other_model")


def as_json(caller: Caller, texts: list[str]) -> Any:
    return caller.send("collections", COLLECTION | {"items": [{"text": one} for one in texts]})


def upload(caller: Caller, name: str, content: bytes, **fields: str) -> Any:
    return caller.upload(
        "collections", file=SimpleUploadedFile(name, content), **COLLECTION | fields
    )


def as_ndjson(caller: Caller, texts: list[str]) -> Any:
    lines = "\n".join(json.dumps({"text": one}) for one in texts)
    return upload(caller, "a.ndjson", lines.encode())


def as_csv(caller: Caller, texts: list[str]) -> Any:
    table = io.StringIO()
    csv.writer(table).writerows([["text"], *([one] for one in texts)])
    return upload(caller, "a.csv", table.getvalue().encode())


def as_xlsx(caller: Caller, texts: list[str]) -> Any:
    # A cell holds no more than 32,767 characters: the text is the same for all, and one is short.
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["text", "max_length"], [texts[0], 100], [None, 100]):
        book.active.append(row)
    table = io.BytesIO()
    book.save(table)
    defaults = json.dumps({"document_text": texts[1]})
    return upload(caller, "a.xlsx", table.getvalue(), defaults=defaults)


def as_zip(caller: Caller, texts: list[str]) -> Any:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, one in enumerate(texts, 1):
            archive.writestr(f"{number}.txt", one)
    return upload(caller, "a.zip", packed.getvalue())


@pytest.mark.parametrize("as_form", [False, True])
def test_one_is_a_problem_of_its_text(caller: Caller, as_form: bool) -> None:
    refuse()
    send: Any = caller.upload if as_form else caller.send
    body = {"document_text": LONG}
    response = send("summarize", **body) if as_form else send("summarize", body)
    assert response.status_code == caller.send("summarize", {}).status_code
    [said] = response.json()["errors"]["document_text"]
    assert "about 128,000 tokens by our estimate" in said
    assert "Above 100,000" in said
    assert "“Long prompts”" in said
    assert not AIJob.objects.exists()


def test_one_of_a_file_is_a_problem_of_the_document(caller: Caller) -> None:
    refuse()
    file = SimpleUploadedFile("long.txt", LONG.encode())
    response = caller.upload("summarize", document=file)
    assert list(response.json()["errors"]) == ["document"]


@pytest.mark.parametrize(
    ("send", "row", "field"),
    [
        (as_json, 2, "document_text"),
        (as_ndjson, 2, "document_text"),
        (as_csv, 3, "document_text"),
        (as_xlsx, 3, "document_text"),
        (as_zip, 2, "document"),
    ],
)
def test_one_in_a_collection_is_a_problem_of_its_row(
    caller: Caller, send: Any, row: int, field: str
) -> None:
    assert send(caller, ["Hail.", LONG]).status_code == 202
    AIJob.objects.all().delete()
    refuse()
    response = send(caller, ["Hail.", LONG])
    [bad] = response.json()["rejected"]
    assert (bad["row"], list(bad["errors"])) == (row, [field])
    assert not AIJob.objects.exists()


def test_a_quote_refuses_what_queueing_would(caller: Caller) -> None:
    refuse()
    assert caller.send("summarize?quote=true", {"document_text": LONG}).json()["errors"]
    items = [{"text": "Hail."}, {"text": LONG}]
    body = COLLECTION | {"items": items}
    response = caller.send("collections?quote=true", body)
    assert [bad["row"] for bad in response.json()["rejected"]] == [2]
    assert not Quote.objects.exists()
    quote = caller.send("collections?quote=true", body | {"on_error": "skip"}).json()
    assert (quote["jobs"], quote["rejected_count"], quote["warnings"]) == (1, 1, [])


def test_a_quote_from_before_is_refused_when_it_is_confirmed(caller: Caller) -> None:
    quote = caller.send("summarize?quote=true", {"document_text": LONG}).json()
    assert "asks more for each of its tokens" in quote["warnings"][0]
    refuse()
    response = caller.send(f"quotes/{quote['quote_id']}/confirm")
    assert list(response.json()["errors"]) == ["document_text"]
    assert not AIJob.objects.exists()
    Tenant.objects.update(long_prompts="run")
    assert caller.send(f"quotes/{quote['quote_id']}/confirm").status_code == 202


def test_neither_is_it_retried(caller: Caller, tenant: Tenant) -> None:
    job = make_job(tenant, status="failed", finished_at=NOW)
    job.input.expected_tokens, job.input.document_kind = 150_000, "text"
    job.input.save()
    refuse()
    response = caller.send(f"jobs/{job.pk}/retry")
    assert list(response.json()["errors"]) == ["document"]
    job.refresh_from_db()
    assert job.status == "failed"


def test_a_quote_prices_the_model_that_will_be_asked(caller: Caller) -> None:
    items = [{"text": "Hail."}, {"text": LONG}]
    body = COLLECTION | {"items": items}
    by_haiku = caller.send("collections?quote=true", body).json()
    send_elsewhere()
    quote = caller.send("collections?quote=true", body).json()
    [said] = quote["warnings"]
    assert said.startswith("1 job has a prompt so long, by our estimate,")
    assert said.endswith("as one of claude-sonnet-5-5")
    for road in ("batch", "at_once"):
        assert float(quote[road]["likely_usd"]) > 3 * float(by_haiku[road]["likely_usd"])
    assert caller.send(f"quotes/{quote['quote_id']}/confirm").status_code == 202
    models = [one.asked_model for one in JobInput.objects.order_by("job")]
    assert models == ["claude-haiku-5-5", "claude-sonnet-5-5"]


def test_a_job_says_which_model_is_asked_and_then_which_answered(
    caller: Caller, tenant: Tenant
) -> None:
    send_elsewhere()
    queued = caller.send("summarize", {"document_text": LONG}).json()
    assert caller.read(f"jobs/{queued['job_id']}").json()["model"] == "claude-sonnet-5-5"
    job = make_job(tenant, status="completed", finished_at=NOW)
    make_output(job)
    assert caller.read(f"jobs/{job.pk}").json()["model"] == "m"


@pytest.mark.parametrize("send", [as_json, as_ndjson, as_csv, as_xlsx, as_zip])
def test_each_row_has_the_model_of_its_length(caller: Caller, send: Any) -> None:
    send_elsewhere()
    assert send(caller, ["Hail.", LONG]).status_code == 202
    models = [one.asked_model for one in JobInput.objects.order_by("job")]
    assert models == ["claude-haiku-5-5", "claude-sonnet-5-5"]
