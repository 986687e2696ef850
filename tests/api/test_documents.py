"""Documents as files: what is queued of them, and how they come back."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aijobs.models import AIJob, JobDocument
from tests.api.conftest import Caller
from tests.documents.test_images import png
from tests.documents.test_pdf_pages import case
from tests.factories import make_tenant


def send(caller: Caller, name: str, data: bytes, job_type: str = "summarize", **fields: str) -> Any:
    return caller.upload(job_type, document=SimpleUploadedFile(name, data), **fields)


def test_a_text_comes_back_as_it_was_sent(caller: Caller) -> None:
    made = caller.send("summarize", {"document_text": "Grüße\r\n<b>"}).json()["job_id"]

    response = caller.read(f"jobs/{made}/document")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode() == "Grüße\r\n<b>"
    assert caller.read(f"jobs/{made}/document", original="true").status_code == 404


def test_a_file_comes_back_as_it_was_read_and_as_it_was_sent(caller: Caller) -> None:
    data = case("twocol.pdf")
    made = send(caller, "Müller <x>.pdf", data, reference="POL-1").json()["job_id"]

    text = caller.read(f"jobs/{made}/document").content.decode()
    file = caller.read(f"jobs/{made}/document", original="true")

    assert text.startswith("[page 1]\n")
    assert file.content == data
    assert file["Content-Type"] == "application/octet-stream"
    assert file["Content-Disposition"].startswith("attachment; filename*=utf-8''M%C3%BCller")
    job = caller.read(f"jobs/{made}").json()
    assert job["reference"] == "POL-1"
    assert job["document"] == {
        "name": "Müller <x>.pdf",
        "media_type": "application/pdf",
        "bytes": len(data),
        "pages": 1,
        "characters": len(text),
        "read_as": "text",
        "warnings": [],
    }


def test_scans_are_queued_as_they_are(caller: Caller) -> None:
    made = send(caller, "mixed.pdf", case("mixed.pdf")).json()["job_id"]

    document = caller.read(f"jobs/{made}").json()["document"]

    assert (document["read_as"], document["pages"]) == ("original", 4)
    assert "pages 2–4" in document["warnings"][0]
    # Its line in a batch holds the file in base64.
    assert AIJob.objects.get().request_bytes > 4 * document["bytes"] / 3


def test_an_image_is_queued_as_it_is(caller: Caller) -> None:
    assert send(caller, "a.png", png(), "classify", categories="a;b").status_code == 202
    stored = JobDocument.objects.get()
    assert (stored.read_as, stored.text, bytes(stored.original or b"")) == ("original", "", png())


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"read_as": "text"}, "document", "pages 2–4"),
        ({"read_as": "picture"}, "read_as", "one of"),
        ({"accept_partial": "maybe"}, "accept_partial", "true or false"),
        ({"text": "And this?"}, "document", "either"),
    ],
)
def test_what_cannot_be_done_as_asked_is_named(
    caller: Caller, fields: dict[str, str], field: str, says: str
) -> None:
    response = send(caller, "mixed.pdf", case("mixed.pdf"), **fields)

    assert response.status_code == 400
    assert says in response.json()["errors"][field][0]
    assert not AIJob.objects.exists()


def test_a_part_is_queued_on_request_with_a_warning(caller: Caller) -> None:
    response = send(caller, "mixed.pdf", case("mixed.pdf"), read_as="text", accept_partial="true")

    document = caller.read(f"jobs/{response.json()['job_id']}").json()["document"]
    assert document["read_as"] == "text"
    assert "pages 2–4" in document["warnings"][0]


def test_nobody_reads_the_document_of_another_tenant(caller: Caller) -> None:
    made = caller.send("summarize", {"document_text": "Mine."}).json()["job_id"]
    AIJob.objects.update(tenant=make_tenant())

    assert caller.read(f"jobs/{made}/document").status_code == 404
