"""Collections from a table, and their pages."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from aijobs import jobtypes
from aijobs.models import AIJob, CircuitBreaker, Collection, JobAttempt, new_id
from citizenapp.tenants.models import Tenant
from tests.factories import (
    NOW,
    make_batch,
    make_charge,
    make_job,
    make_output,
    make_tenant,
    make_user,
)
from tests.reading.test_comparing import classified, run

pytestmark = pytest.mark.django_db

GOOD = "text\r\nFirst letter\r\nSecond letter\r\n"
MIXED = "text,categories\r\nFirst letter,\r\n\r\n ,red;blue\r\nSecond letter,\r\n"


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def send(writer: Client, table: str | bytes, file_name: str = "letters.csv", **fields: Any) -> Any:
    content = table if isinstance(table, bytes) else table.encode()
    return writer.post(
        "/collections/new",
        {
            "name": "October",
            "job_type": "classify",
            "classify-categories": "motor\nhome",
            "on_error": "reject",
            "urgency": "later",
            "table": SimpleUploadedFile(file_name, content),
        }
        | fields,
    )


def make_collection(tenant: Tenant, **statuses: int) -> Collection:
    collection = Collection.objects.create(
        id=new_id(NOW),
        tenant=tenant,
        name="October",
        job_type="summarize",
        total=sum(statuses.values()),
        created_by="max",
        created_at=NOW,
    )
    for status, count in statuses.items():
        for _ in range(count):
            finished_at = NOW if status in AIJob.FINAL else None
            make_job(tenant, status=status, collection=collection, finished_at=finished_at)
    return collection


def test_every_row_becomes_a_job(writer: Client, tenant: Tenant) -> None:
    response = send(writer, GOOD)
    collection = Collection.objects.get()
    assert response["Location"] == f"/collections/{collection.pk}"
    assert (collection.name, collection.tenant, collection.total) == ("October", tenant, 2)
    jobs = list(AIJob.objects.select_related("input").order_by("pk"))
    assert [job.documents.get().text for job in jobs] == ["First letter", "Second letter"]
    assert jobs[0].input.options == {"categories": ["motor", "home"]}


def test_an_empty_cell_among_the_texts_is_an_error_and_not_left_out(writer: Client) -> None:
    page = send(writer, "text\r\nFirst letter\r\n\r\nSecond letter\r\n\r\n").content.decode()
    assert "(row 3)" in page
    assert not AIJob.objects.exists()


def test_a_row_may_say_what_the_form_says_for_all(writer: Client) -> None:
    send(writer, "text,categories\r\nA letter,red;blue\r\nAnother,\r\n")
    options = [job.input.options for job in AIJob.objects.select_related("input").order_by("pk")]
    assert options == [{"categories": ["red", "blue"]}, {"categories": ["motor", "home"]}]


def test_one_bad_row_stops_all_and_is_named_by_its_number_in_the_file(writer: Client) -> None:
    response = send(writer, MIXED)
    assert response.status_code == 422
    assert list(map(str, response.context["preview"].groups)) == [
        "1 row: text: Must not be empty. (row 4)"
    ]
    page = response.content.decode()
    assert "3 rows</strong>, 1 with an error" in page
    assert "motor\nhome" in page
    assert not Collection.objects.exists()


def test_bad_rows_are_skipped_on_request(writer: Client) -> None:
    response = send(writer, MIXED, on_error="skip")
    page = writer.get(response["Location"]).content.decode()
    assert "Queued 2 documents." in page
    assert "Left out 1 row. 1 row: Document text: Must not be empty. (row 4)" in page
    assert AIJob.objects.count() == 2


@pytest.mark.parametrize(
    ("table", "name", "error"),
    [
        ("", "a.csv", "The submitted file is empty."),
        ("text\r\n", "a.csv", "The table has no rows."),
        ("text,text\r\na,b\r\n", "a.csv", "Columns 1 (A) and 2 (B) have one name."),
        (b"%PDF-1.7", "a.pdf", "This kind of file cannot be read."),
        ('{"text": 1', "a.ndjson", "Line 1 is not a JSON object."),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(
    writer: Client, table: str | bytes, name: str, error: str
) -> None:
    response = send(writer, table, name)
    assert response.status_code == 422
    assert error in response.context["form"].errors["table"][0]
    assert not Collection.objects.exists()


def test_a_column_that_is_no_field_travels_with_its_row(writer: Client) -> None:
    assert send(writer, "text,colour,categories\r\nA letter,red,a;b\r\n").status_code == 302
    assert AIJob.objects.get().input.metadata == {"colour": "red"}


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_a_collection_needs_a_name(writer: Client, name: str) -> None:
    response = send(writer, GOOD, name=name)
    assert response.status_code == 422
    assert response.context["form"].errors["name"]


@pytest.mark.parametrize("kind", jobtypes.offered(), ids=lambda kind: kind.name)
def test_the_empty_table_has_the_columns_that_are_read(
    writer: Client, kind: jobtypes.JobType
) -> None:
    response = writer.get(f"/collections/template/{kind.name}.csv")
    header = next(csv.reader(io.StringIO(response.content.decode())))
    assert header == list(kind.Input.model_fields)


def test_there_is_no_empty_table_of_an_unknown_kind(writer: Client) -> None:
    assert writer.get("/collections/template/translate.csv").status_code == 404


def test_the_page_of_a_collection_counts_its_jobs(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, completed=2, failed=1, queued=3)
    page = writer.get(f"/collections/{collection.pk}").content.decode()
    assert "3 <span>of 6 ended</span>" in page
    assert "<strong>Cancel</strong><span>3 waiting</span>" in page
    assert "Try 1 failed again" in page
    failed = writer.get(f"/collections/{collection.pk}", {"status": "failed"})
    assert len(failed.context["page"].rows) == 1


def test_what_still_waits_is_canceled(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, completed=1, queued=2)
    response = writer.post(f"/collections/{collection.pk}/cancel", follow=True)
    assert "Canceled 2 waiting rows, free of charge." in response.content.decode()
    assert collection.counts()["canceled"] == 2
    again = writer.post(f"/collections/{collection.pk}/cancel", follow=True)
    assert "Nothing was waiting or with Claude any more." in again.content.decode()


def test_canceling_asks_first_and_names_the_number(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, completed=1, queued=2)
    page = writer.get(f"/collections/{collection.pk}/cancel").content.decode()
    assert "Cancel 2 waiting rows?" in page
    assert collection.counts()["queued"] == 2


def test_what_was_canceled_is_queued_again(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, canceled=3, failed=1)
    assert "Queue 3 canceled again" in writer.get(f"/collections/{collection.pk}").content.decode()
    path = f"/collections/{collection.pk}/retry"
    page = writer.post(path, {"status": "canceled"}, follow=True).content.decode()
    assert "Queued 3 canceled jobs again." in page
    assert (collection.counts()["queued"], collection.counts()["failed"]) == (3, 1)


def test_all_is_done_only_where_all_has_a_result(writer: Client, tenant: Tenant) -> None:
    done = make_collection(tenant, completed=2)
    assert "All done." in writer.get(f"/collections/{done.pk}").content.decode()
    ended = make_collection(tenant, completed=2, failed=3, canceled=1)
    page = writer.get(f"/collections/{ended.pk}").content.decode()
    assert "All done." not in page
    assert "3 failed, 1 canceled." in page


def test_rows_that_were_left_out_are_told(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, completed=1)
    Collection.objects.filter(pk=collection.pk).update(rejected=4)
    page = writer.get(f"/collections/{collection.pk}").content.decode()
    assert "4 rows were left out" in page


def test_nothing_is_expected_while_sending_is_paused(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, queued=1)
    now = timezone.now()
    CircuitBreaker.objects.create(reason="on_hold", message="", opened_at=now, probe_at=now)
    page = writer.get(f"/collections/{collection.pk}").content.decode()
    assert "Sending is paused. Anthropic has put the account on hold." in page
    assert "at the latest" not in page


def test_a_collection_names_its_deadline(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, queued=2)
    assert "Needed by" not in writer.get(f"/collections/{collection.pk}").content.decode()
    AIJob.objects.update(needed_by=timezone.now() + timedelta(seconds=30))
    Tenant.objects.filter(pk=tenant.pk).update(full_price=False)
    page = writer.get(f"/collections/{collection.pk}").content.decode()
    assert re.search("Needed by <time [^>]*>[^<]*</time>: it may be late", page)


def test_the_page_of_a_job_leads_to_its_row(writer: Client) -> None:
    send(writer, "reference,text,branch\r\nP-1,Hail,<i>north</i>\r\n")
    job = AIJob.objects.get()
    page = writer.get(f"/jobs/{job.pk}").content.decode()
    assert f"/collections/{job.collection_id}?row=2" in page
    assert "&lt;i&gt;north&lt;/i&gt;" in page
    assert "<title>P-1" in page


def test_the_samples_are_downloaded_and_can_be_queued(writer: Client) -> None:
    table = b"".join(writer.get("/samples/claims.csv"))
    response = send(
        writer, table, **{"columns.document_text": "letter", "columns.reference": "claim"}
    )
    assert response.status_code == 302
    assert Collection.objects.get().total == 10
    policy = b"".join(writer.get("/samples/policy.txt"))
    assert policy.startswith(b"HOUSEHOLD INSURANCE")
    assert writer.get("/samples/settings.py").status_code == 404


def test_what_failed_is_queued_again(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, completed=1, failed=2)
    response = writer.post(f"/collections/{collection.pk}/retry", follow=True)
    assert "Queued 2 failed jobs again." in response.content.decode()
    assert collection.counts()["queued"] == 2


def test_collections_are_listed_with_their_progress(writer: Client, tenant: Tenant) -> None:
    make_collection(tenant, completed=1, queued=3)
    rows = writer.get("/collections/").context["page"].rows
    assert [(row.progress.ended, row.progress.total) for row in rows] == [(1, 4)]


def test_rows_that_failed_for_one_reason_are_queued_again(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, completed=1, failed=3)
    jobs = list(AIJob.objects.filter(status="failed").order_by("pk"))
    AIJob.objects.filter(status="failed").update(attempts=1)
    for job, reason in zip(jobs, ["refusal", "expired", "refusal"], strict=True):
        JobAttempt.objects.create(job=job, number=1, route="batch", error_type=reason, ended_at=NOW)
    page = writer.get(f"/collections/{collection.pk}").content.decode()
    assert f"/collections/{collection.pk}/retry?reason=refusal" in page
    asks = writer.get(f"/collections/{collection.pk}/retry?reason=refusal").content.decode()
    assert "Try 2 failed rows again?" in asks
    assert '<input type="hidden" name="reason" value="refusal">' in asks

    writer.post(f"/collections/{collection.pk}/retry", {"reason": "refusal"})

    again = AIJob.objects.filter(status="queued").order_by("pk")
    assert [job.pk for job in again] == [jobs[0].pk, jobs[2].pk]


def test_a_few_rows_are_tried_and_the_page_asks_about_the_others(
    writer: Client, tenant: Tenant
) -> None:
    table = SimpleUploadedFile("a.csv", b"document_text\r\n" + b"Hail is covered.\r\n" * 20)
    form = {
        "name": "October",
        "job_type": "summarize",
        "on_error": "reject",
        "urgency": "later",
        "table": table,
        "trial": "5",
    }
    page = writer.post("/collections/new", form, follow=True).content.decode()
    assert "Trying 5 of 20" in page
    collection = Collection.objects.get()
    for job in AIJob.objects.filter(route="sync"):
        make_charge(job, "0.02", full="0.02", route="sync")
        make_output(job)
    AIJob.objects.filter(route="sync").update(status="completed", finished_at=NOW)
    page = writer.get(f"/collections/{collection.pk}").content.decode()
    assert "5 of 20 were tried" in page
    assert "about $0.150 by batch" in page
    address, button = f"/collections/{collection.pk}/continue", {"trial": "end"}
    assert 'name="trial" value="end"' in page
    page = writer.post(address, button, follow=True).content.decode()
    assert "15 jobs will be sent." in page
    assert "Nothing was waiting" in writer.post(address, button, follow=True).content.decode()
    assert "Queue the other" not in page


def test_a_collection_that_has_ended_takes_ten_queries(
    writer: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    names = {f"P-{number}": ["hail", "fire", None][number % 3] for number in range(60)}
    classified(tenant, 0, names)
    after = classified(tenant, 1, names)
    with django_assert_max_num_queries(10):
        page = writer.get(f"/collections/{after.pk}").content.decode()
    assert "/compare" in page
    assert "Why rows failed" not in page  # No attempt of theirs says why.
    assert ">hail</bdi>" in page


def test_highest_risks_are_counted_and_filter(writer: Client, tenant: Tenant) -> None:
    def risks(*severities: str) -> dict[str, Any]:
        return {"risks": [{"title": "t", "severity": one, "detail": ""} for one in severities]}

    results = {"A": risks("low", "high"), "B": risks(), "C": risks("medium"), "D": risks("high")}
    made = run(tenant, 0, "analyze", results)
    page = writer.get(f"/collections/{made.pk}")
    bars = page.context["chart"]["bars"]
    assert [(bar.name, bar.rows) for bar in bars] == [("high", 2), ("medium", 1), ("none", 1)]
    for risk, labels in {"high": ["A", "D"], "medium": ["C"], "low": [], "none": ["B"]}.items():
        found = writer.get(f"/collections/{made.pk}", {"risk": risk})
        assert [row.label for row in found.context["page"].rows] == labels
        assert f"results?as=csv&amp;risk={risk}" in found.content.decode() or not labels


def test_own_columns_are_shown_on_request(writer: Client) -> None:
    send(writer, "text,branch,team,categories\r\nA letter,<i>north</i>,blue,a;b\r\n")
    path = f"/collections/{Collection.objects.get().pk}"
    assert "&lt;i&gt;north" not in writer.get(path).content.decode()
    page = writer.get(path, {"columns": ["0", "1"]}).content.decode()
    assert "&lt;i&gt;north&lt;/i&gt;" in page
    assert '<th scope="col" class="own"><bdi>team</bdi></th>' in page
    assert writer.get(path, {"columns": "x"}).status_code == 400
    assert writer.get(path, {"columns": "0,1,2,3,4,5,6"}).status_code == 400


def test_what_is_underway_is_one_stage(writer: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, queued=1)
    for status in ("assembled", "submitted"):
        make_job(tenant, collection=collection, status="submitted", batch=make_batch(status))
    page = writer.get(f"/collections/{collection.pk}", {"status": "underway"})
    assert len(page.context["page"].rows) == 2
    stages = page.context["progress"].stages
    assert stages[:2] == [("queued", "queued", 1), ("processing", "underway", 2)]
    assert 'aria-label="2 in progress, 1 waiting"' in page.content.decode()


def test_the_price_of_what_failed_is_named_before_it_is_queued(
    writer: Client, tenant: Tenant
) -> None:
    send(writer, GOOD)
    AIJob.objects.update(status="failed", finished_at=NOW)
    path = f"/collections/{Collection.objects.get().pk}/retry"
    page = writer.get(path).content.decode()
    assert "Try 2 failed rows again?" in page
    assert re.search(r"Most likely <strong>\$[\d.]+–\$[\d.]+</strong>", page)
    assert AIJob.objects.filter(status="failed").count() == 2
    assert "Nothing to queue again" in writer.get(f"{path}?status=canceled").content.decode()
