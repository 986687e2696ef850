"""The price of what was filled in has a page: it is queued, changed or dropped from there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from aijobs import uploads
from aijobs.models import AIJob, Collection, JobDocument, Quote, Upload
from aijobs.quotes import stored
from citizenapp.tenants.models import Tenant
from tests.api.conftest import Caller
from tests.factories import make_charge, make_tenant, make_user

pytestmark = pytest.mark.django_db

TABLE = "policy_text,branch\r\n" + "".join(f"Hail {n}.,north\r\n" for n in range(12))
PRICE = re.compile(r"documents? for (\$[\d.]+–\$[\d.]+)</h1>")
FILE = re.compile(r'name="upload" value="([^"]+)"')


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def send_job(writer: Client, **fields: Any) -> Any:
    form = {"job_type": "summarize", "text": "A policy.", "urgency": "later", "price": "1"}
    return writer.post("/jobs/new", form | fields)


def send_table(writer: Client, **fields: Any) -> Any:
    form = {
        "name": "October",
        "job_type": "summarize",
        "on_error": "reject",
        "urgency": "later",
        "columns.document_text": "policy_text",
        "summarize-max_length": "120",
        "table": SimpleUploadedFile("claims.csv", TABLE.encode()),
        "price": "1",
    }
    return writer.post("/collections/new", form | fields)


def page(writer: Client, response: Any) -> str:
    assert response.status_code == 302, response.content.decode()
    return str(writer.get(response["Location"]).content.decode())


def post(writer: Client, action: str) -> Any:
    return writer.post(f"/quotes/{Quote.objects.get().pk}/{action}", follow=True)


def test_the_price_of_a_text_is_shown_and_queues_nothing(writer: Client) -> None:
    shown = page(writer, send_job(writer))
    assert PRICE.search(shown)
    assert "Expires" in shown
    assert not AIJob.objects.exists()


def test_the_form_and_the_quote_say_the_same_time(writer: Client) -> None:
    form = {"job_type": "summarize", "text": "A policy.", "urgency": "later"}
    usual = writer.post("/jobs/price", form).json()["usual"]
    assert usual.removeprefix("Most likely ").removesuffix(".") in page(writer, send_job(writer))


def test_a_text_is_queued_by_its_quote_once(writer: Client) -> None:
    send_job(writer, **{"summarize-max_length": "120"})
    for _ in range(2):
        response = post(writer, "queue")
        assert response.redirect_chain[-1][0] == f"/jobs/{AIJob.objects.get().pk}"
    job = AIJob.objects.get()
    assert job.documents.get().text == "A policy."
    assert (job.input.options, job.input.created_by) == ({"max_length": 120}, "max")
    assert Quote.objects.get().fields is None


def test_what_is_needed_now_is_priced_at_the_full_price(writer: Client) -> None:
    by_batch = PRICE.findall(page(writer, send_job(writer)))
    now = page(writer, send_job(writer, urgency="now"))
    [shown] = PRICE.findall(now)
    assert [shown] != by_batch
    assert f"<dt>At once</dt><dd>{shown} " in now
    first, second = Quote.objects.order_by("pk")
    assert second.likely_usd == 2 * first.likely_usd


def test_several_files_become_jobs_that_are_compared_together(writer: Client) -> None:
    files = [SimpleUploadedFile(f"{n}.txt", f"Hail {n}.".encode()) for n in range(3)]
    shown = page(writer, send_job(writer, text="", document=files))
    assert all(f"<bdi>{n}.txt</bdi>" in shown for n in range(3))
    post(writer, "queue")
    assert JobDocument.objects.count() == 3
    for job in AIJob.objects.all():
        make_charge(job, "0.01")
    AIJob.objects.update(status="completed", finished_at=timezone.now())
    assert stored.compare(timezone.now()) == 1
    assert float(Quote.objects.get().charged_usd or 0) == 0.03


def test_a_table_is_queued_by_its_quote_without_being_sent_again(writer: Client) -> None:
    assert "claims.csv" in page(writer, send_table(writer))
    assert not Collection.objects.exists()
    response = post(writer, "queue")
    collection = Collection.objects.get()
    assert response.redirect_chain[-1][0] == f"/collections/{collection.pk}"
    assert (collection.name, collection.total, collection.columns) == ("October", 12, ["branch"])
    assert not Upload.objects.exists()


def test_what_has_an_error_is_told_in_the_form_and_has_no_quote(writer: Client) -> None:
    assert send_job(writer, text="").status_code == 422
    assert send_job(writer, **{"summarize-max_length": "many"}).status_code == 422
    bad = SimpleUploadedFile("claims.csv", b"policy_text,branch\r\n,north\r\n")
    assert "The cell is empty" in send_table(writer, table=bad).content.decode()
    assert not Quote.objects.exists()


def test_a_quote_is_changed_without_sending_its_file_again(writer: Client) -> None:
    send_table(writer)
    first = Quote.objects.get()
    form = writer.get(f"/collections/new?quote={first.pk}").content.decode()
    assert 'value="October"' in form
    assert "claims.csv" in form
    assert "is still here" in form
    [file] = FILE.findall(form)
    assert f'name="quote" value="{first.pk}"' in form
    assert "12 rows" in form
    shown = page(writer, send_table(writer, name="November", table="", upload=file))
    assert "November" in shown
    assert "claims.csv" in shown
    queued = Quote.objects.exclude(pk=first.pk).get()
    writer.post(f"/quotes/{queued.pk}/queue")
    assert Collection.objects.get().total == 12


def test_another_file_takes_the_place_of_the_one_that_was_kept(writer: Client) -> None:
    send_table(writer)
    other = SimpleUploadedFile("may.csv", b"policy_text\r\nFire.\r\n")
    quote = str(Quote.objects.get().pk)
    send_table(writer, table=other, quote=quote, upload=str(Upload.objects.get().pk))
    assert [one.jobs for one in Quote.objects.all()] == [1]  # The one that was changed is gone.
    assert [one.name for one in Upload.objects.all()] == ["may.csv"]


def test_a_file_of_one_job_is_kept_while_its_options_change(writer: Client) -> None:
    send_job(writer, text="", document=SimpleUploadedFile("policy.txt", b"Hail is insured."))
    quote = str(Quote.objects.get().pk)
    shown = writer.get(f"/jobs/new?quote={quote}").content.decode()
    assert "policy.txt" in shown
    assert "is still here" in shown
    file = FILE.findall(shown)
    form = {"job_type": "analyze", "text": "", "urgency": "later", "quote": quote, "upload": file}
    assert writer.post("/jobs/price", form).json()["basis"] == "for this file"
    writer.post("/jobs/new", form)
    assert AIJob.objects.get().documents.get().name == "policy.txt"
    assert not Upload.objects.exists()
    writer.post("/jobs/new", form | {"upload": "", "text": "Another text."})
    assert "Another text." in [one.text for one in JobDocument.objects.all()]


def test_a_trial_keeps_its_table_for_a_change(writer: Client) -> None:
    response = send_table(writer, price="", trial="5")
    collection = Collection.objects.get()
    assert response["Location"] == f"/collections/{collection.pk}"
    assert AIJob.objects.filter(route="sync").count() == 5
    quote = Quote.objects.get()
    shown = writer.get(f"/collections/{collection.pk}").content.decode()
    assert f"/collections/new?quote={quote.pk}" in shown
    change = writer.get(f"/collections/new?quote={quote.pk}").content.decode()
    assert f'name="changes" value="{collection.pk}"' in change
    waiting = AIJob.objects.filter(collection=collection, status="queued", route="batch")
    assert waiting.exists()
    send_table(
        writer,
        table="",
        quote=str(quote.pk),
        upload=FILE.findall(change),
        changes=str(collection.pk),
        **{"summarize-max_length": "50"},
    )
    assert Quote.objects.count() == 2
    assert waiting.exists()
    changed = Quote.objects.latest("created_at")
    told = writer.post(f"/quotes/{changed.pk}/queue", follow=True).content.decode()
    assert "of the trial before the change were dropped" in told
    assert not waiting.exists()
    assert Collection.objects.count() == 2
    assert stored.prune(timezone.now() + timedelta(hours=2)) == 1
    uploads.prune(timezone.now() + timedelta(hours=2))
    assert not Upload.objects.exists()
    assert "Change something" not in writer.get(f"/collections/{collection.pk}").content.decode()


def test_a_dropped_quote_leaves_nothing(writer: Client) -> None:
    send_table(writer)
    assert "Dropped" in post(writer, "drop").content.decode()
    assert not Quote.objects.exists()
    assert not Upload.objects.exists()


def test_what_is_queued_is_not_dropped(writer: Client) -> None:
    send_table(writer)
    post(writer, "queue")
    assert "queued already" in post(writer, "drop").content.decode()
    assert Collection.objects.exists()


def test_after_an_hour_it_says_so(writer: Client) -> None:
    send_table(writer)
    quote = Quote.objects.get()
    Quote.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "has expired" in writer.get(f"/quotes/{quote.pk}").content.decode()
    assert "has expired" in post(writer, "queue").content.decode()
    assert "has expired" in writer.get(f"/collections/new?quote={quote.pk}").content.decode()
    assert not Collection.objects.exists()


def test_what_is_over_the_limit_when_it_is_queued_is_refused_with_the_reason(
    writer: Client, tenant: Tenant
) -> None:
    send_table(writer)
    Tenant.objects.filter(pk=tenant.pk).update(limit_usd=0)
    assert "monthly limit" in post(writer, "queue").content.decode()
    assert not Collection.objects.exists()
    assert Quote.objects.get().queued is None


def test_a_viewer_and_another_workspace_queue_nothing(writer: Client, tenant: Tenant) -> None:
    send_table(writer)
    quote = Quote.objects.get()
    viewer, other = Client(), Client()
    viewer.force_login(make_user("vera", tenant, role="viewer"))
    other.force_login(make_user("olga", make_tenant()))
    assert viewer.get(f"/quotes/{quote.pk}").status_code == 200
    assert viewer.post(f"/quotes/{quote.pk}/queue").status_code == 403
    assert other.get(f"/quotes/{quote.pk}").status_code == 404
    assert other.post(f"/quotes/{quote.pk}/queue").status_code == 404
    theirs = str(Upload.objects.get().pk)
    answer = send_table(other, table="", quote=str(quote.pk), upload=theirs)
    assert answer.status_code == 422
    assert "A file is not here any more" in answer.content.decode()
    assert "still here" not in other.get(f"/collections/new?quote={quote.pk}").content.decode()
    assert not Collection.objects.exists()


def test_each_is_confirmed_where_it_was_asked_for(writer: Client, tenant: Tenant) -> None:
    caller = Caller(tenant)
    send_job(writer)
    quote = Quote.objects.get()
    assert caller.read(f"quotes/{quote.pk}").json()["jobs"] == 1
    assert caller.send(f"quotes/{quote.pk}/confirm").status_code == 409
    of_api = caller.send("summarize?quote=true", {"document_text": "Hail."}).json()["quote_id"]
    assert "A program asked for it" in writer.get(f"/quotes/{of_api}").content.decode()
    assert "It is the one" in writer.post(f"/quotes/{of_api}/queue", follow=True).content.decode()
    assert not AIJob.objects.exists()


def test_a_form_that_was_sent_by_script_is_told_where_its_price_is(writer: Client) -> None:
    form = {"job_type": "summarize", "text": "Hail.", "urgency": "later", "price": "1"}
    response = writer.post("/jobs/new", form, headers={"x-form": "1"})
    assert response.status_code == 201
    assert response["Location"] == f"/quotes/{Quote.objects.get().pk}"
