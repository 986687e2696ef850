"""Many jobs of the list at once: those that were ticked, and all that match."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.test import Client

from aijobs.models import AIJob, Batch, Correction, JobTag, Operation, Tag
from aijobs.pipeline import apply, erase
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
from tests.web.test_job_list import make_collection

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=365)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def member(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def select(client: Client, **fields: Any) -> Any:
    return client.post("/jobs/selection", fields)


def done(response: Any) -> Operation:
    """The operation that was asked for, carried out."""
    assert response.status_code == 302
    operation = Operation.objects.get(pk=response["Location"].split("/")[-1].partition("?")[0])
    apply.run(LATER)
    operation.refresh_from_db()
    assert operation.status == "completed"
    return operation


def words_of(client: Client, operation: Operation) -> str:
    return client.get(f"/operations/{operation.pk}").content.decode()


def test_what_had_left_is_counted_when_the_rest_is_canceled(member: Client, tenant: Tenant) -> None:
    jobs = [make_job(tenant) for _ in range(3)]
    jobs += [make_job(tenant, status="submitted", batch=make_batch("submitted"))]
    jobs += [make_job(tenant, status="submitted", batch=make_batch("assembled"))]
    operation = done(select(member, do="cancel", job=[str(job.pk) for job in jobs]))
    shown = words_of(member, operation)
    assert "Canceled 3. 2 had already left with a batch; they go on." in shown
    assert AIJob.objects.filter(status="canceled").count() == 3


def test_one_that_had_left_is_told_of_in_the_singular(member: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="submitted", batch=make_batch("submitted"))
    shown = words_of(member, done(select(member, do="cancel", job=[str(job.pk)])))
    assert "Canceled 0. 1 had already left with a batch; it goes on." in shown


def test_all_that_match_are_asked_about_and_then_meant(member: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, 30)
    kept = make_job(tenant, "classify")
    fields = {"do": "cancel", "all": "1", "list": "job_type=summarize"}
    question = select(member, **fields)
    assert "Cancel 30 jobs?" in question.content.decode()
    assert AIJob.objects.filter(status="canceled").count() == 0
    operation = done(select(member, **fields, sure="1"))
    assert (operation.total, operation.changed) == (30, 30)
    assert set(AIJob.objects.filter(status="queued")) == {kept}
    assert collection.counts()["canceled"] == 30
    assert "list=job_type%3Dsummarize" in select(member, **fields, sure="1")["Location"]


def test_a_row_of_a_collection_means_all_of_its_jobs(member: Client, tenant: Tenant) -> None:
    collection = make_collection(tenant, 3)
    single = make_job(tenant)
    make_job(tenant)
    operation = done(
        select(member, do="cancel", job=[str(single.pk)], collection=[str(collection.pk)])
    )
    assert operation.changed == 4


def test_failed_ones_are_tried_again(member: Client, tenant: Tenant) -> None:
    failed = make_job(tenant, status="failed", finished_at=NOW)
    complete = make_job(tenant, status="completed", finished_at=NOW)
    operation = done(select(member, do="retry", job=[str(failed.pk), str(complete.pk)]))
    assert "Queued 1 again. 1 has an answer already." in words_of(member, operation)


def test_what_is_erased_is_gone_when_somebody_said_so(member: Client, tenant: Tenant) -> None:
    gone = make_job(tenant, status="completed", finished_at=NOW)
    away = make_job(tenant, status="submitted", batch=make_batch("submitted"))
    kept = make_job(tenant)
    ids = [str(gone.pk), str(away.pk)]
    question = select(member, do="erase", job=ids).content.decode()
    assert "Erase 2 jobs?" in question
    assert all(f'name="job" value="{one}"' in question for one in ids)
    assert AIJob.objects.of(tenant).count() == 3
    operation = done(select(member, do="erase", job=ids, sure="1"))
    assert "Erased 2." in words_of(member, operation)
    assert set(AIJob.objects.of(tenant)) == {kept}
    assert not AIJob.objects.filter(pk=gone.pk).exists()
    # What is with Claude is looked for until it has ended.
    AIJob.objects.filter(pk=away.pk).update(status="failed", finished_at=NOW)
    Batch.objects.filter(aijob=away).update(status="settled")
    assert erase.run(LATER + timedelta(minutes=1)) == 1


def test_tags_are_put_on_and_taken_off(member: Client, tenant: Tenant) -> None:
    first, second = make_job(tenant), make_job(tenant)
    done(select(member, do="tag", tag=" Urgent  case ", job=[str(first.pk)]))
    both = [str(first.pk), str(second.pk)]
    operation = done(select(member, do="tag", tag="URGENT CASE", job=both))
    assert "Tagged 1. 1 had the tag already." in words_of(member, operation)
    assert [tag.name for tag in Tag.objects.all()] == ["Urgent case"]
    assert len(member.get("/?tag=urgent case").context["page"].rows) == 2
    operation = done(select(member, do="untag", tag="urgent case", job=both))
    assert operation.changed == 2
    assert not Tag.objects.exists()


def test_a_job_has_so_many_tags_and_no_more(member: Client, tenant: Tenant) -> None:
    job = make_job(tenant)
    for number in range(Tag.MOST_OF_A_JOB):
        tag = Tag.objects.create(tenant=tenant, name=f"tag {number}")
        JobTag.objects.create(tag=tag, job=job)
    operation = done(select(member, do="tag", tag="one more", job=[str(job.pk)]))
    assert "Tagged 0. 1 has 20 tags already." in words_of(member, operation)
    response = member.post(f"/jobs/{job.pk}/tags", {"add": "another", "next": "/"}, follow=True)
    assert "It has 20 tags already." in response.content.decode()


def test_a_tag_of_one_job(member: Client, tenant: Tenant) -> None:
    job = make_job(tenant)
    response = member.post(f"/jobs/{job.pk}/tags", {"add": "Urgent", "next": "/?tag=urgent"})
    assert response["Location"] == "/?tag=urgent"
    assert len(member.get("/?tag=URGENT").context["page"].rows) == 1
    response = member.post(f"/jobs/{job.pk}/tags", {"remove": "urgent", "next": "//evil.example"})
    assert response["Location"] == f"/jobs/{job.pk}"
    assert not Tag.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 51, "a\0b", "a\u200bb\u202e"])
def test_what_is_no_tag_is_refused_in_words(member: Client, tenant: Tenant, name: str) -> None:
    job = make_job(tenant)
    response = member.post(f"/jobs/{job.pk}/tags", {"add": name, "next": "/"}, follow=True)
    assert "tag" in response.content.decode().partition("notice error")[2][:300]
    assert select(member, do="tag", tag=name, job=[str(job.pk)])["Location"] == "/?"
    assert not Tag.objects.exists()


def make_all_kinds(tenant: Tenant) -> None:
    results: dict[str, dict[str, Any] | None] = {
        "summarize": {"summary": "=A fox."},
        "classify": {"category": "motor"},
        "analyze": {"findings": [], "obligations": [], "risks": []},
        "raw": None,
    }
    for kind, result in results.items():
        job = make_job(tenant, kind, status="completed", finished_at=NOW, reference=f"R-{kind}")
        make_output(job, result)
        make_charge(job, "0.25")
    tag = Tag.objects.create(tenant=tenant, name="urgent")
    JobTag.objects.create(tag=tag, job=job)


def test_the_list_is_taken_away_as_csv(member: Client, tenant: Tenant) -> None:
    make_all_kinds(tenant)
    make_job(make_tenant())
    response = select(member, do="csv", all="1", list="status=completed")
    assert response["Content-Disposition"] == 'attachment; filename="jobs.csv"'
    text = b"".join(response).decode("utf-8-sig")
    rows = {row["job_type"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == 4
    assert rows["summarize"]["summary"] == "'=A fox."
    assert rows["classify"]["category"] == "motor"
    assert rows["raw"]["tags"] == "urgent"
    assert rows["raw"]["reference"] == "R-raw"
    assert float(rows["raw"]["cost_usd"]) == 0.25


def test_the_list_is_taken_away_as_ndjson_and_as_a_workbook(
    member: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aijobs.reading.job_table.CHUNK", 3)
    make_all_kinds(tenant)
    lines = b"".join(select(member, do="ndjson", all="1")).splitlines()
    found = [json.loads(line) for line in lines]
    results = {one["job_type"]: one["result"] for one in found}
    assert results.keys() == {"raw", "analyze", "classify", "summarize"}
    assert results["classify"] == {"category": "motor"}
    book = b"".join(select(member, do="xlsx", all="1"))
    sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[header.index("job_type")] for row in rows] == [one["job_type"] for one in found]
    assert rows[0][header.index("cost_usd")] == 0.25


def test_what_a_person_has_corrected_is_taken_away_beside_the_original(
    member: Client, tenant: Tenant
) -> None:
    make_all_kinds(tenant)
    head = b"".join(select(member, do="csv", all="1")).splitlines()[0]
    assert b"corrected" not in head
    job = AIJob.objects.get(job_type="classify")
    Correction.objects.add(job, {"category": "=home"}, after=0, by="max", now=NOW)
    text = b"".join(select(member, do="csv", all="1")).decode("utf-8-sig")
    rows = {row["job_type"]: row for row in csv.DictReader(io.StringIO(text))}
    found = rows["classify"]
    assert (found["category"], found["corrected_category"]) == ("motor", "'=home")
    assert (found["corrected_by"], found["corrected_at"]) == ("max", NOW.isoformat())
    assert rows["raw"]["corrected_by"] == rows["summarize"]["corrected_summary"] == ""
    lines = map(json.loads, b"".join(select(member, do="ndjson", all="1")).splitlines())
    told = {one["job_type"]: one["correction"] for one in lines}
    assert told["classify"]["result"] == {"category": "=home"}
    assert told["raw"] is None
    book = b"".join(select(member, do="xlsx", all="1"))
    sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
    header, *cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert "=home" in [row[header.index("corrected_category")] for row in cells]


def test_a_viewer_downloads_and_changes_nothing(client: Client, tenant: Tenant) -> None:
    client.force_login(make_user("vera", tenant, role="viewer"))
    job = make_job(tenant)
    assert str(job.pk).encode() in b"".join(select(client, do="csv", job=[str(job.pk)]))
    assert select(client, do="cancel", job=[str(job.pk)]).status_code == 403
    assert not Operation.objects.exists()


def test_jobs_of_others_are_not_meant(member: Client, tenant: Tenant) -> None:
    theirs = make_job(make_tenant())
    collection = make_collection(make_tenant(), 2)
    ids = {"job": [str(theirs.pk)], "collection": [str(collection.pk)]}
    for what in ("cancel", "tag"):
        operation = done(select(member, do=what, tag="mine", **ids))
        assert "No job was meant by it." in words_of(member, operation)
    assert AIJob.objects.filter(status="queued").count() == 3
    assert b"".join(select(member, do="ndjson", **ids)) == b""


def test_nothing_ticked_is_told_of(member: Client, tenant: Tenant) -> None:
    response = member.post(
        "/jobs/selection", {"do": "cancel", "list": "status=failed"}, follow=True
    )
    assert response.redirect_chain[0][0] == "/?status=failed"
    assert "Tick the jobs first" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"do": "everything"}, "do"),
        ({"do": "cancel", "job": "1"}, "job"),
        ({"do": "cancel", "all": "1", "list": "status=nonsense"}, "status"),
        ({"do": "cancel", "job": ["x"] * 201}, "job"),
    ],
)
def test_nonsense_is_a_page_that_says_so(
    member: Client, fields: dict[str, Any], named: str
) -> None:
    response = select(member, **fields)
    assert response.status_code == 400
    assert f"<code>{named}</code>" in response.content.decode()
    assert not Operation.objects.exists()


def test_operations_are_listed(member: Client, tenant: Tenant) -> None:
    job = make_job(tenant)
    done(select(member, do="cancel", job=[str(job.pk)]))
    shown = member.get("/operations/").content.decode()
    assert "Canceled 1." in shown
