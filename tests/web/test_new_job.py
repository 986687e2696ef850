"""Queueing one document from the page."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from aijobs import jobtypes
from aijobs.models import AIJob, Collection, JobDocument
from aijobs.web.forms import Options
from citizenapp.tenants.models import Tenant
from tests.documents.case import CASES
from tests.documents.mails import claim
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def send(writer: Client, **fields: Any) -> Any:
    return writer.post(
        "/jobs/new", {"job_type": "summarize", "text": "A policy.", "urgency": "later"} | fields
    )


def test_a_pasted_text_becomes_a_job(writer: Client, tenant: Tenant) -> None:
    text = "  First line\r\nsecond <b>line</b> 🚗 ملف \u2028end "
    response = send(writer, text=text, **{"summarize-max_length": "120"})
    job = AIJob.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}"
    assert (job.tenant, job.job_type, job.route, job.status) == (
        tenant,
        "summarize",
        "batch",
        "queued",
    )
    assert job.documents.get().text == text
    assert job.input.options == {"max_length": 120}
    assert job.input.created_by == "max"


def test_lists_are_written_one_entry_a_line(writer: Client) -> None:
    send(writer, job_type="classify", **{"classify-categories": "motor, car\n\n home \r\ntravel"})
    assert AIJob.objects.get().input.options == {"categories": ["motor, car", "home", "travel"]}


def test_an_uploaded_file_becomes_a_job_under_its_name(writer: Client) -> None:
    file = SimpleUploadedFile("Policy 7.md", "# Überschrift".encode(), "text/markdown")
    send(writer, text="", document=file)
    job = AIJob.objects.get()
    assert job.documents.get().text == "# Überschrift"
    assert job.input.source_name == "Policy 7.md"


def test_a_mail_becomes_one_job_with_its_attachments_and_each_of_several_mails_its_own(
    writer: Client,
) -> None:
    send(writer, text="", document=SimpleUploadedFile("a.eml", claim()))
    assert AIJob.objects.get().documents.count() == 4
    files = [SimpleUploadedFile("b.eml", claim()), SimpleUploadedFile("c.txt", b"Fire.")]
    send(writer, text="", document=files)
    jobs = AIJob.objects.select_related("input").order_by("pk")[1:]
    assert [(job.input.reference, job.documents.count()) for job in jobs] == [
        ("b.eml", 4),
        ("c.txt", 1),
    ]


def test_what_is_needed_now_goes_at_full_price(writer: Client) -> None:
    send(writer, urgency="now")
    assert AIJob.objects.get().route == "sync"


def test_a_form_sent_by_script_is_told_where_to_go(writer: Client) -> None:
    response = writer.post(
        "/jobs/new",
        {"job_type": "summarize", "text": "A policy.", "urgency": "later"},
        headers={"X-Form": "1"},
    )
    assert response.status_code == 201
    assert response["Location"] == f"/jobs/{AIJob.objects.get().pk}"
    assert "Queued." in writer.get(response["Location"]).content.decode()


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({"text": ""}, "text", "Must not be empty."),
        ({"text": " \n\t "}, "text", "Must not be empty."),
        ({"text": "a\0b"}, "text", "Null characters are not allowed."),
        ({"text": "x" * 600_001}, "text", "Must be at most 600,000 characters long"),
        ({"job_type": "translate"}, "job_type", "not one of the available choices"),
        ({"urgency": "yesterday"}, "urgency", "not one of the available choices"),
        ({"summarize-max_length": "a few"}, "max_length", "Must be a whole number."),
        ({"summarize-max_length": "9"}, "max_length", "Must be at least 10."),
        ({"job_type": "classify"}, "categories", "This field is required."),
        (
            {"job_type": "classify", "classify-categories": "one"},
            "categories",
            "Needs at least 2 entries.",
        ),
        (
            {"job_type": "classify", "classify-categories": "one\nOne "},
            "categories",
            "Categories must differ",
        ),
        (
            {"job_type": "classify", "classify-categories": "one\n" + "x" * 101},
            "categories",
            "Line 2: Must be at most 100 characters long",
        ),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_is_lost_or_stored(
    writer: Client, fields: dict[str, str], field: str, error: str
) -> None:
    response = send(writer, **{"text": "The text I typed."} | fields)
    assert response.status_code == 422
    form = response.context["form"]
    errors: dict[str, list[str]] = {}
    for part in (form, *form.options):
        errors |= part.errors
    assert list(errors) == [field]
    assert error in errors[field][0]
    assert error.replace("'", "&#x27;") in response.content.decode()
    assert response.content.decode().count('<ul class="errors"') == 1
    if "text" not in fields:
        assert "The text I typed." in response.content.decode()
    assert not AIJob.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n", "The image is damaged."),
        ("empty.txt", b"", "The submitted file is empty."),
        ("blank.txt", b" \n ", "The document has no text."),
        ("nul.txt", b"a\0b", "The file is not plain text"),
        ("broken.pdf", b"not a pdf", "or it is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    writer: Client, name: str, content: bytes, error: str
) -> None:
    response = send(writer, text="", document=SimpleUploadedFile(name, content, "image/png"))
    assert response.status_code == 422
    assert error in response.context["form"].errors["document"][0]
    assert not AIJob.objects.exists()


def test_a_file_that_is_too_large_is_refused_with_the_limit(
    writer: Client, settings: Settings
) -> None:
    settings.AIJOBS_UPLOAD_BYTES = 2_000_000
    response = send(writer, text="", document=SimpleUploadedFile("a.txt", b"x" * 2_000_001))
    assert "at most 2 MB" in response.context["form"].errors["document"][0]


def test_a_text_and_a_file_at_once_are_refused(writer: Client) -> None:
    response = send(writer, document=SimpleUploadedFile("a.txt", b"Another text."))
    assert "not both" in response.context["form"].errors["document"][0]
    assert not AIJob.objects.exists()


def price(writer: Client, **fields: Any) -> Any:
    form = {"job_type": "summarize", "text": "", "urgency": "later"}
    return writer.post("/jobs/price", form | fields)


def highest(shown: str) -> float:
    return float(shown.split("–")[1].removeprefix("$"))


def test_the_price_of_a_text_is_told_for_both_ways(writer: Client) -> None:
    offer = price(writer, text="x" * 30_000, **{"summarize-max_length": "100"}).json()
    assert offer.pop("usual").startswith("Most likely done within ")
    assert offer == {
        "problems": [],
        "notes": [],
        "later": "$0.0003–$0.0006",
        "now": "$0.0007–$0.0012",
        "basis": "for this text",
        "paying": f"{Tenant.objects.get().name} pays. It has set no monthly limit.",
        "is_warning": False,
    }
    longer = price(writer, text="x" * 30_000, **{"summarize-max_length": "4000"}).json()
    assert highest(longer["now"]) > highest(offer["now"])


def test_a_scan_is_priced_by_its_pages(writer: Client) -> None:
    scan = (CASES / "pdf-scan-with-stamp.pdf").read_bytes()
    offer = price(writer, document=SimpleUploadedFile("scan.pdf", scan)).json()
    assert offer["basis"] == "for this file of 5 pages"
    # Five pages of 3,000 tokens at $0.05 a million, and some words.
    assert 0.00075 < highest(offer["later"]) < 0.003


def test_the_price_of_several_files_is_that_of_all(writer: Client) -> None:
    one = price(writer, document=files(("a.txt", b"x" * 90_000))).json()
    three = price(writer, document=files(*[(f"{n}.txt", b"x" * 90_000) for n in "abc"])).json()
    assert three["basis"] == "for these 3 files"
    assert 2 < highest(three["now"]) / highest(one["now"]) < 3.2


def test_what_keeps_a_file_from_being_queued_is_told_with_the_price(writer: Client) -> None:
    told = price(writer, document=files(("a.bin", b"\x00\x01"))).json()
    assert told["problems"]
    assert "now" not in told


def test_the_price_of_no_job_type_is_refused(writer: Client) -> None:
    assert price(writer, job_type="x").status_code == 400


def test_nothing_filled_in_has_no_price(writer: Client) -> None:
    assert price(writer).json() == {"problems": []}


def test_a_pdf_goes_as_it_is_where_that_is_asked(writer: Client) -> None:
    pdf = (CASES / "twocol.pdf").read_bytes()
    send(writer, text="", document=SimpleUploadedFile("two.pdf", pdf), read_as="original")
    assert JobDocument.objects.get().read_as == "original"


@pytest.mark.parametrize("kind", jobtypes.offered(), ids=lambda kind: kind.name)
def test_every_job_type_gets_fields_for_all_of_its_input(kind: jobtypes.JobType) -> None:
    assert {*Options(kind).fields, "document_text"} == set(kind.Input.model_fields)


def test_a_price_that_is_not_known_keeps_nobody_from_queueing(writer: Client) -> None:
    models = {kind.name: kind.model for kind in jobtypes.offered()}
    jobtypes.use_models(dict.fromkeys(models, "claude-unheard-1"))
    try:
        assert "$–" in writer.get("/jobs/new").content.decode()
        assert send(writer)["Location"] == f"/jobs/{AIJob.objects.get().pk}"
    finally:
        jobtypes.use_models(models)


def files(*named: tuple[str, bytes]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, content, "text/plain") for name, content in named]


def test_each_of_several_files_becomes_a_job_of_one_collection_called_by_its_name(
    writer: Client,
) -> None:
    response = send(writer, text="", document=files(("a.txt", b"Hail."), ("b.txt", b"Fire.")))
    collection = Collection.objects.get()
    assert response["Location"] == f"/collections/{collection.pk}"
    assert (collection.name, collection.total) == ("a.txt and 1 other", 2)
    jobs = AIJob.objects.select_related("input").order_by("pk")
    assert [(job.input.reference, job.documents.get().text) for job in jobs] == [
        ("a.txt", "Hail."),
        ("b.txt", "Fire."),
    ]


@pytest.mark.parametrize("bad", [b"%PDF-1.7 damaged", b"   "])
def test_a_bad_file_among_several_is_named_and_nothing_is_queued(
    writer: Client, bad: bytes
) -> None:
    sent = files(("a.txt", b"Hail."), ("bad.txt", bad), ("worse.txt", bad))
    response = send(writer, text="", document=sent)
    assert response.status_code == 422
    errors = response.context["form"].errors["document"]
    assert [error.partition(":")[0] for error in errors] == ["bad.txt", "worse.txt"]
    assert not AIJob.objects.exists()


def test_a_job_is_called_by_its_reference(writer: Client) -> None:
    job_page = writer.get(send(writer, reference="POL-7 <b>")["Location"]).content.decode()
    assert AIJob.objects.get().input.reference == "POL-7 <b>"
    assert "<title>POL-7 &lt;b&gt;" in job_page


def test_a_part_of_a_document_is_queued_once_that_was_chosen(writer: Client) -> None:
    half = ("terms.txt", "Grüße ".encode() * 20 + b"\xff\xfe. Hail is insured.")

    refused = send(writer, text="", document=files(half))
    assert "Not all of the document can be read" in refused.content.decode()
    assert 'name="accept_partial"' in refused.content.decode()
    assert not AIJob.objects.exists()

    assert send(writer, text="", document=files(half), accept_partial="true").status_code == 302
    assert "\ufffd" in AIJob.objects.get().documents.get().text


def test_the_price_of_what_was_asked_before_is_nothing(writer: Client) -> None:
    Tenant.objects.update(repeat_days=30)
    form = {"job_type": "summarize", "text": "Hail.", "urgency": "later"}
    send(writer, **form)
    told = writer.post("/jobs/price", form).json()
    assert told["notes"] == ["This was asked before: $0."]
    assert told["later"] == "$0"
