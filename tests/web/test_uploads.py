"""Files wait at the form: sent and read one by one, used when the form is queued, then gone."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from aijobs import uploads
from aijobs.models import AIJob, Collection, JobDocument, Quote, Upload, UploadPiece
from aijobs.pipeline import _erasing
from aijobs.web import forms
from citizenapp.tenants.models import Tenant
from tests.beside import beside
from tests.documents.case import CASES
from tests.documents.mails import claim
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db

HALF = "Grüße ".encode() * 20 + b"\xff\xfe. Hail is insured."


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def upload(client: Client, name: str, content: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile(name, content, "application/octet-stream")
    return client.post("/uploads", {"field": "document", "file": file} | fields)


def send(writer: Client, *ids: str, **fields: Any) -> Any:
    form = {"job_type": "summarize", "text": "", "urgency": "later", "upload": list(ids)}
    return writer.post("/jobs/new", form | fields)


def test_a_file_is_read_as_soon_as_it_is_sent(writer: Client) -> None:
    answer = upload(writer, "scan.pdf", (CASES / "pdf-scan-with-stamp.pdf").read_bytes())
    told = answer.json()
    assert answer.status_code == 201
    assert (told["name"], told["pages"], told["refused"]) == ("scan.pdf", 5, "")
    assert not AIJob.objects.exists()


def test_a_file_that_cannot_be_read_says_why_and_is_not_kept(writer: Client) -> None:
    told = upload(writer, "a.bin", b"\x00\x01").json()
    assert "This kind of file cannot be read" in told["refused"]
    assert not UploadPiece.objects.exists()


def test_of_three_files_the_refused_one_is_removed_and_the_others_are_queued(
    writer: Client,
) -> None:
    files = {"a.txt": b"Hail.", "b.bin": b"\0", "c.eml": claim()}
    sent = [upload(writer, name, content).json()["id"] for name, content in files.items()]
    refused = send(writer, *sent)
    assert refused.status_code == 422
    [error] = refused.context["form"].errors["document"]
    assert error.startswith("b.bin: ")
    page = refused.content.decode()
    assert all(f'name="upload" value="{one}"' in page for one in sent)

    assert writer.post(f"/uploads/{sent[1]}/drop").status_code == 204
    response = send(writer, sent[0], sent[2], name="October")
    collection = Collection.objects.get()
    assert response["Location"] == f"/collections/{collection.pk}"
    assert (collection.name, collection.total) == ("October", 2)
    jobs = AIJob.objects.select_related("input").order_by("pk")
    found = [(one.input.reference, one.input.row_number, one.documents.count()) for one in jobs]
    assert found == [("a.txt", 1, 1), ("c.eml", 2, 4)]
    assert not Upload.objects.exists()


def test_rows_have_the_order_in_which_files_were_chosen_also_after_the_price(
    writer: Client,
) -> None:
    """Sent side by side, the second may be there before the first."""
    late, early = (
        upload(writer, name, f"Hail, says {name}.".encode()).json()["id"]
        for name in ("b.txt", "a.txt")
    )
    priced = send(writer, early, late, name="October", price="1")
    shown = writer.get(priced["Location"]).content.decode()
    assert shown.index("a.txt") < shown.index("b.txt")
    writer.post(f"{priced['Location']}/queue")
    jobs = AIJob.objects.select_related("input").order_by("pk")
    assert [one.input.reference for one in jobs] == ["a.txt", "b.txt"]


def test_what_is_queued_is_the_file_as_it_came(writer: Client) -> None:
    data = (CASES / "twocol.pdf").read_bytes()
    send(
        writer, upload(writer, "two.pdf", data, read_as="original").json()["id"], read_as="original"
    )
    document = JobDocument.objects.get()
    assert bytes(document.original or b"") == data
    assert (document.name, document.read_as) == ("two.pdf", "original")


def test_a_file_is_read_again_only_where_it_is_to_be_read_in_another_way(writer: Client) -> None:
    told = upload(writer, "terms.txt", HALF).json()
    assert told["is_partial"]
    assert "Not all of the document can be read" in told["refused"]
    again = writer.post(f"/uploads/{told['id']}/read", {"accept_partial": "on"}).json()
    assert again["refused"] == ""
    send(writer, told["id"], accept_partial="on")
    assert "\ufffd" in JobDocument.objects.get().text


def test_without_scripts_files_are_still_there_after_an_error(writer: Client) -> None:
    file = SimpleUploadedFile("a.txt", b"Hail.")
    form = {"job_type": "classify", "text": "", "urgency": "later", "document": file}
    refused = writer.post("/jobs/new", form)
    assert refused.status_code == 422
    waiting = str(Upload.objects.get().pk)
    assert f'name="upload" value="{waiting}"' in refused.content.decode()
    send(writer, waiting, job_type="classify", **{"classify-categories": "hail\nfire"})
    assert AIJob.objects.get().documents.get().name == "a.txt"


def test_without_scripts_a_file_is_removed_by_its_button(writer: Client) -> None:
    sent = [upload(writer, f"{n}.txt", b"Hail.").json()["id"] for n in range(2)]
    page = send(writer, *sent, remove=sent[0]).content.decode()
    assert f'name="upload" value="{sent[0]}"' not in page
    assert f'name="upload" value="{sent[1]}"' in page
    assert "Must not be empty" not in page
    assert [str(one.pk) for one in Upload.objects.all()] == [sent[1]]
    assert not AIJob.objects.exists()


def test_what_is_gone_is_said_at_the_files_and_nothing_is_queued(writer: Client) -> None:
    sent = upload(writer, "a.txt", b"Hail.").json()["id"]
    form = send(writer, sent, str(uuid4())).context["form"]
    assert form.errors["document"] == ["A file is not here any more. Choose again what is missing."]
    assert list(form.errors) == ["document"]
    assert not AIJob.objects.exists()


def test_nobody_else_can_use_or_drop_a_file(writer: Client, tenant: Tenant) -> None:
    sent = upload(writer, "a.txt", b"Hail.").json()["id"]
    colleague, stranger = Client(), Client()
    colleague.force_login(make_user("eva", tenant))
    stranger.force_login(make_user("olga", make_tenant()))
    for other in (colleague, stranger):
        assert other.post(f"/uploads/{sent}/drop").status_code == 404
        assert other.post(f"/uploads/{sent}/read").status_code == 404
        assert send(other, sent).status_code == 422
    assert Upload.objects.count() == 1
    assert not AIJob.objects.exists()


def test_a_colleague_may_queue_and_change_what_has_a_price(writer: Client, tenant: Tenant) -> None:
    sent = [upload(writer, f"{n}.txt", b"Hail.").json()["id"] for n in range(7)]
    send(writer, *sent, price="1")
    quote = Quote.objects.get()
    colleague = Client()
    colleague.force_login(make_user("eva", tenant))
    assert "Try 5 first" in colleague.get(f"/quotes/{quote.pk}").content.decode()
    page = colleague.get(f"/jobs/new?quote={quote.pk}").content.decode()
    assert all(f'name="upload" value="{one}"' in page for one in sent)
    colleague.post(f"/quotes/{quote.pk}/queue", {"trial": "5"})
    assert AIJob.objects.filter(route="sync").count() == 5
    assert Collection.objects.get().total == 7
    # After a trial somebody may want to change something.
    assert Upload.objects.count() == 7
    _erasing.empty_requests(tenant, Collection.objects.get().pk)
    assert not Upload.objects.exists()


def test_the_price_reads_no_file_twice(writer: Client) -> None:
    sent = [upload(writer, f"{n}.txt", b"Hail. " * 99).json()["id"] for n in range(3)]
    form = {"job_type": "summarize", "text": "", "urgency": "later", "upload": sent}
    Upload.objects.update(refused="")
    UploadPiece.objects.all().delete()  # What was read is enough.
    assert writer.post("/jobs/price", form).json()["basis"] == "for these 3 files"


def test_a_table_waits_as_well_and_is_looked_at_without_being_sent_again(writer: Client) -> None:
    table = b"document_text\r\nHail.\r\nFire.\r\n"
    sent = upload(writer, "a.csv", table, field="table").json()["id"]
    form = {"job_type": "summarize", "urgency": "later", "on_error": "reject", "upload": sent}
    for _ in range(2):
        assert writer.post("/collections/preview", form).context["preview"].ready == 2
    writer.post("/collections/new", form | {"name": "October"})
    assert Collection.objects.get().total == 2
    assert not Upload.objects.exists()


def test_a_table_among_documents_says_where_it_belongs(writer: Client) -> None:
    sent = upload(writer, "a.csv", b"document_text\r\nHail.\r\n", field="table").json()["id"]
    refused = send(writer, sent)
    assert "This is a table" in refused.context["form"].errors["document"][0]
    page = writer.get(f"/collections/new?upload={sent}").content.decode()
    assert f'name="upload" value="{sent}"' in page
    assert 'value="a"' in page  # Its name is that of the file.


def test_a_file_that_is_too_large_is_refused_with_the_limit(
    writer: Client, settings: Settings
) -> None:
    settings.AIJOBS_UPLOAD_BYTES = 1_000_000
    assert "at most 1 MB" in upload(writer, "a.txt", b"x" * 1_000_001).json()["refused"]
    assert not UploadPiece.objects.exists()


def test_there_is_an_end_to_what_waits(writer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 1)
    assert upload(writer, "a.txt", b"Hail.").status_code == 201
    refused = upload(writer, "b.txt", b"Hail.")
    assert refused.status_code == 429
    assert "files wait in forms" in refused.json()["error"]


@pytest.mark.parametrize("fields", [{"field": "photo"}, {"file": ""}, {"field": "", "file": ""}])
def test_what_is_no_file_of_a_form_is_refused(writer: Client, fields: dict[str, str]) -> None:
    assert upload(writer, "a.txt", b"Hail.", **fields).status_code == 400


def test_what_nobody_queues_is_deleted(writer: Client) -> None:
    upload(writer, "a.txt", b"Hail.")
    assert uploads.prune(timezone.now() + timedelta(hours=11)) == 0
    assert uploads.prune(timezone.now() + timedelta(hours=13)) == 1
    assert not UploadPiece.objects.exists()


def test_a_viewer_uploads_nothing(writer: Client, tenant: Tenant) -> None:
    viewer = Client()
    viewer.force_login(make_user("vera", tenant, role="viewer"))
    assert upload(viewer, "a.txt", b"Hail.").status_code == 403


def test_the_form_asks_the_same_of_the_database_for_many_files(
    writer: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ids = [upload(writer, f"{n}.txt", b"Hail.").json()["id"] for n in range(12)]
    send(writer, *ids, price="1")
    quote = Quote.objects.get()
    for page in ("/jobs/new", f"/jobs/new?quote={quote.pk}", f"/quotes/{quote.pk}"):
        with django_assert_max_num_queries(13):
            writer.get(page)


def test_a_form_without_scripts_takes_as_many_files_as_it_says(
    writer: Client, settings: Settings
) -> None:
    assert settings.DATA_UPLOAD_MAX_NUMBER_FILES == forms.MOST_FILES + 1
    files = [SimpleUploadedFile(f"{number}.txt", b"Hail.") for number in range(101)]
    assert send(writer, document=files).status_code == 302
    assert AIJob.objects.count() == 101


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 2])
def test_files_that_go_at_this_very_moment_are_missed_and_nothing_is_queued(
    writer: Client, count: int
) -> None:
    """They were queued by another window, or dropped, or are too old."""
    sent = [upload(writer, f"{n}.txt", b"Hail.").json()["id"] for n in range(count)]
    answers: list[Any] = []
    transaction.set_autocommit(False)
    try:
        uploads.drop(list(Upload.objects.all()))
        act = partial(send, writer, *sent, name="October")
        raised = beside(lambda: answers.append(act()), transaction.commit)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert raised == []
    assert answers[0].status_code == 422
    assert "not here any more" in answers[0].content.decode()
    assert not AIJob.objects.exists()
