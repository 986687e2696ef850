"""What work would cost is told before anything is queued, and confirmed by its id."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from aijobs.models import AIJob, Collection, JobDocument, Quote, QuotePiece
from aijobs.quotes import stored
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.documents.case import CASES
from tests.factories import make_charge, make_tenant

TEXT = "The policy covers hail and fire. " * 200
TABLE = "text,branch\n" + f"{TEXT},north\n" * 40


def of_table(caller: Caller, table: str = TABLE, **fields: str) -> Any:
    return caller.upload(
        "collections?quote=true",
        file=SimpleUploadedFile("may.csv", table.encode()),
        **{"name": "May", "job_type": "summarize"} | fields,
    )


def confirm(caller: Caller, quote: Any) -> Any:
    return caller.send(f"quotes/{quote['quote_id']}/confirm")


def test_a_quote_tells_both_roads_and_queues_nothing(caller: Caller) -> None:
    quote = caller.send("summarize?quote=true", {"document_text": TEXT}).json()
    batch, at_once = quote["batch"], quote["at_once"]
    assert 0 < float(batch["low_usd"]) < float(batch["likely_usd"]) < float(batch["high_usd"])
    assert float(at_once["likely_usd"]) == 2 * float(batch["likely_usd"])
    assert quote["jobs"] == 1
    assert not AIJob.objects.exists()


def test_forty_rows_cost_forty_times_as_much(caller: Caller) -> None:
    one = caller.send("summarize?quote=true", {"document_text": TEXT.strip()}).json()
    many = of_table(caller).json()
    assert many["jobs"] == 40
    likely = float(many["batch"]["likely_usd"]) / float(one["batch"]["likely_usd"])
    assert likely == pytest.approx(40, rel=0.01)
    assert not Collection.objects.exists()


def test_a_table_is_queued_by_the_id_of_its_quote(caller: Caller) -> None:
    quote = of_table(caller).json()
    queued = confirm(caller, quote)
    assert queued.status_code == 202
    assert queued.json()["accepted"] == 40
    collection = Collection.objects.get()
    assert collection.columns == ["branch"]
    assert not QuotePiece.objects.exists()
    told = caller.read(f"quotes/{quote['quote_id']}").json()
    assert told["collection_id"] == str(collection.pk)
    assert told["confirmed_at"]


def test_files_of_several_kinds_come_through_whole(caller: Caller) -> None:
    pdf = (CASES / "twocol.pdf").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("two.pdf", pdf)
        archive.writestr("a.txt", "Grüße")
    quote = caller.upload(
        "collections?quote=true",
        file=SimpleUploadedFile("may.zip", packed.getvalue()),
        name="May",
        job_type="summarize",
        read_as="auto",
    ).json()
    assert confirm(caller, quote).json()["accepted"] == 2
    assert bytes(JobDocument.objects.get(name="two.pdf").original or b"") == pdf
    several = [SimpleUploadedFile(f"{n}.txt", f"Part {n}.".encode()) for n in (1, 2)]
    quote = caller.upload("summarize?quote=true", document=several, max_length="100").json()
    job = AIJob.objects.get(pk=confirm(caller, quote).json()["job_id"])
    assert [one.text for one in job.documents.order_by("number")] == ["Part 1.", "Part 2."]


def test_a_file_of_several_pieces_comes_through_whole(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QuotePiece, "BYTES", 10)
    for pieces, text in ((3, "0123456789" * 3), (4, "0123456789" * 3 + "x")):
        file = SimpleUploadedFile("a.txt", text.encode())
        quote = caller.upload("summarize?quote=true", document=file).json()
        assert QuotePiece.objects.count() == pieces
        job = confirm(caller, quote).json()["job_id"]
        assert JobDocument.objects.get(job=job).text == text


def test_who_confirms_twice_gets_the_same_answer_and_one_job(caller: Caller) -> None:
    quote = caller.send("summarize?quote=true", {"document_text": TEXT}).json()
    first, second = confirm(caller, quote), confirm(caller, quote)
    assert first.json() == second.json()
    assert AIJob.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_confirms_at_once_gets_one_job(tenant: Tenant) -> None:
    caller = Caller(tenant)
    quote = caller.send("summarize?quote=true", {"document_text": TEXT}).json()

    def ask(_: int) -> Any:
        try:
            return confirm(Caller(tenant), quote).json()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(ask, range(8)))
    assert answers == [answers[0]] * 8
    assert AIJob.objects.count() == 1


def test_bad_rows_are_refused_as_they_would_be_or_told_with_the_price(caller: Caller) -> None:
    table = f"text,branch\n{TEXT},north\n,south\n"
    refused = of_table(caller, table)
    assert refused.status_code == 400
    assert refused.json()["rejected_count"] == 1
    quote = of_table(caller, table, on_error="skip").json()
    assert (quote["jobs"], quote["rejected_count"]) == (1, 1)
    assert quote["rejected"][0]["row"] == 3
    assert of_table(caller, "text\n\n", on_error="skip").status_code == 400
    assert not Quote.objects.exclude(pk=quote["quote_id"]).exists()


def test_after_an_hour_a_quote_and_its_documents_are_gone(caller: Caller) -> None:
    quote = of_table(caller).json()
    Quote.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert confirm(caller, quote).status_code == 409
    assert stored.prune(timezone.now()) == 1
    assert not QuotePiece.objects.exists()
    assert Quote.objects.get().fields is None
    assert confirm(caller, quote).status_code == 409
    assert not AIJob.objects.exists()


def test_a_quote_of_another_tenant_is_not_there(caller: Caller) -> None:
    quote = of_table(caller).json()
    other = Caller(make_tenant())
    assert confirm(other, quote).status_code == 404
    assert other.read(f"quotes/{quote['quote_id']}").status_code == 404


def test_a_viewer_may_not_confirm(caller: Caller, tenant: Tenant) -> None:
    quote = of_table(caller).json()
    assert confirm(Caller(tenant, role="viewer"), quote).status_code == 403


def test_what_it_was_charged_stands_beside_the_quote_once_all_is_over(caller: Caller) -> None:
    quote = caller.send("summarize?quote=true", {"document_text": TEXT}).json()
    confirm(caller, quote)
    job = AIJob.objects.get()
    assert stored.compare(timezone.now()) == 0
    make_charge(job, quote["batch"]["likely_usd"])
    AIJob.objects.update(status="completed", finished_at=timezone.now())
    assert stored.compare(timezone.now()) == 1
    told = caller.read(f"quotes/{quote['quote_id']}").json()
    assert told["charged_usd"] == quote["batch"]["likely_usd"]
    later = caller.send("summarize?quote=true", {"document_text": TEXT}).json()
    assert later["accuracy"] == {"quotes": 1, "within_range": 1, "typical_error": 0.0}


def test_a_prompt_beyond_the_step_of_a_price_is_named(caller: Caller) -> None:
    quote = caller.send("summarize?quote=true", {"document_text": "hail " * 110_000}).json()
    assert "asks more for each" in quote["warnings"][0]


def test_rows_that_ask_the_same_are_told_and_paid_once(caller: Caller, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(repeat_days=30)
    quote = of_table(caller).json()
    assert (quote["jobs"], quote["repeated"]) == (40, 39)
    assert confirm(caller, quote).json()["repeated"] == 39
    again = of_table(caller).json()
    assert (again["repeated"], float(again["batch"]["high_usd"])) == (40, 0)
    assert of_table(caller, fresh="true").json()["repeated"] == 0


def test_what_the_cache_should_save_is_told_and_not_relied_upon(
    caller: Caller, settings: Any
) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    asked = {
        "name": "May",
        "job_type": "analyze",
        "defaults": {"questions": [f"Clause {n}? " + "And of fire? " * 30 for n in range(8)]},
        "items": [{"document_text": f"Policy {n}."} for n in range(20)],
    }
    quote = caller.send("collections?quote=true", asked).json()
    settings.AIJOBS_CACHE = False
    without = caller.send("collections?quote=true", asked).json()
    assert float(quote["cache_saving_usd"]) > 0 == float(without["cache_saving_usd"])
    assert float(quote["batch"]["likely_usd"]) < float(without["batch"]["likely_usd"])
    assert quote["batch"]["high_usd"] == without["batch"]["high_usd"]
