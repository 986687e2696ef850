"""Documents as files: what is queued of them, and how they come back."""

from email.message import EmailMessage
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aijobs.documents.documents import MEDIA_TYPES
from aijobs.models import AIJob, JobDocument
from tests.api.conftest import Caller
from tests.documents.mails import PHOTO, SCAN, WORD, claim
from tests.documents.test_archives import packed
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
    assert job["documents"] == [job["document"]]


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


def test_a_mail_and_what_is_attached_are_documents_of_one_job(caller: Caller) -> None:
    made = send(caller, "claim.eml", claim()).json()["job_id"]

    job = caller.read(f"jobs/{made}").json()

    assert job["document"] == job["documents"][0]
    assert [(one["name"], one["media_type"], one["read_as"]) for one in job["documents"]] == [
        ("claim.eml", "message/rfc822", "text"),
        ("Policy <7>.pdf", "application/pdf", "original"),
        ("terms.docx", MEDIA_TYPES["docx"], "text"),
        ("damage.png", "image/png", "original"),
    ]
    assert job["source_name"] == "claim.eml"
    assert "pages 2–4" in job["documents"][1]["warnings"][0]
    assert [one["bytes"] for one in job["documents"][1:]] == [len(SCAN), len(WORD), len(PHOTO)]


def test_each_document_comes_back_by_its_number(caller: Caller) -> None:
    made = send(caller, "claim.eml", claim()).json()["job_id"]

    assert "Hail on the bonnet" in caller.read(f"jobs/{made}/document").content.decode()
    word = caller.read(f"jobs/{made}/document", number=3)
    assert word.content.decode() == "The insurer pays for hail damage within 30 days."
    files = [
        caller.read(f"jobs/{made}/document", number=number, original="true") for number in (2, 4)
    ]
    assert [file.content for file in files] == [SCAN, PHOTO]
    assert 'filename="damage.png"' in files[1]["Content-Disposition"]
    assert caller.read(f"jobs/{made}/document", number=5).status_code == 404
    assert caller.read(f"jobs/{made}/document", number=0).status_code == 400


def test_what_is_attached_and_cannot_be_read_is_refused_or_left_out_by_name(
    caller: Caller,
) -> None:
    message = EmailMessage()
    message["Subject"] = "Claim"
    message.set_content("See below.")
    message.add_attachment(b"PK", maintype="application", subtype="zip", filename="all.zip")
    message.add_attachment(PHOTO, maintype="image", subtype="png", filename="damage.png")

    refused = send(caller, "claim.eml", message.as_bytes())
    made = send(caller, "claim.eml", message.as_bytes(), accept_partial="true").json()["job_id"]

    why = "attachment 1 (a .zip file): This kind of file cannot be read"
    (said,) = refused.json()["errors"]["document"]
    assert why in said
    assert said.endswith("Send accept_partial to queue what can be read.")
    documents = caller.read(f"jobs/{made}").json()["documents"]
    assert [one["name"] for one in documents] == ["claim.eml", "damage.png"]
    assert documents[0]["warnings"] == [why]


def test_a_field_that_is_repeated_makes_one_job_of_several_files(caller: Caller) -> None:
    files = [SimpleUploadedFile("a.txt", b"Hail is covered."), SimpleUploadedFile("b.png", png())]

    first = caller.upload("summarize", document=files)

    documents = caller.read(f"jobs/{first.json()['job_id']}").json()["documents"]
    assert [(one["name"], one["read_as"]) for one in documents] == [
        ("a.txt", "text"),
        ("b.png", "original"),
    ]


def test_mails_in_a_zip_become_jobs_with_their_attachments(caller: Caller) -> None:
    files = packed({"claims/1.eml": claim(), "2.txt": b"Fire."})
    zipped = SimpleUploadedFile("claims.zip", files.getvalue())

    response = caller.upload("collections", name="Claims", job_type="summarize", file=zipped)

    assert response.json()["accepted"] == 2
    counts = [job.documents.count() for job in AIJob.objects.order_by("pk")]
    assert counts == [4, 1]
