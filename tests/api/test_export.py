"""GET export: all that a workspace has, of one moment, and nothing of anybody else's."""

import io
import json
import tarfile
import time
import zipfile
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from aijobs.api import everything
from aijobs.models import AIJob, JobDocument
from aijobs.reading.everything import PARTS, Snapshot
from tests.api.conftest import Caller
from tests.factories import (
    NOW,
    make_document,
    make_entry,
    make_job,
    make_output,
    make_tenant,
    make_user,
)
from tests.tenants.belongings import Batches, Belongings

# An export reads by a connection of its own, which sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def opened(response: Any) -> zipfile.ZipFile:
    assert response.status_code == 200, response.content
    found = zipfile.ZipFile(io.BytesIO(b"".join(response)))
    assert found.testzip() is None
    return found


def rows(found: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found.read(f"{name}.ndjson").splitlines()]


def test_everything_of_mine_is_in_it_and_nothing_of_theirs() -> None:
    batches, mine, theirs = Batches(), Belongings("acme"), Belongings("other", timedelta(seconds=1))
    mine.store(batches)
    theirs.store(batches)
    found = opened(mine.machine().get("/api/ai/export"))

    jobs = rows(found, "jobs")
    assert {one["job_id"] for one in jobs} == {str(job) for job in mine.jobs}
    assert {one["job_type"] for one in jobs} == {"summarize", "classify", "analyze", "raw"}
    done = next(one for one in jobs if one["status"] == "completed")
    assert done["result"] == {"summary": "A fox."}
    assert done["documents"][0]["text"].startswith("Letter")
    assert done["metadata"] == {"of": "acme"}
    failed = next(one for one in jobs if one["status"] == "failed")
    assert failed["failed_attempts"][0]["type"] == "refusal"
    collections = {one["collection_id"] for one in rows(found, "collections")}
    assert collections == {str(mine.collection), str(mine.messages), str(mine.ended_messages)}
    assert [one["webhook_id"] for one in rows(found, "webhooks")] == [str(mine.webhook)]
    assert [one["quote_id"] for one in rows(found, "quotes")] == [str(mine.quote)]
    people = {one["username"] for one in rows(found, "members")}
    assert people == {"owner-of-acme", "viewer-of-acme"}
    assert [one["email"] for one in rows(found, "invitations")] == ["guest-of-acme@example.com"]
    assert rows(found, "audit")[0]["who"] == "owner-of-acme"
    assert rows(found, "audit")[-1]["action"] == "workspace.exported"
    charges = rows(found, "charges")
    assert charges
    assert {one["job_id"] for one in charges} <= {str(job) for job in mine.jobs}
    assert json.loads(found.read("workspace.json"))["slug"] == "acme"
    said = json.loads(found.read("export.json"))
    assert len(said["moments"]) == 1
    assert said["rows"]["jobs"] == len(jobs)
    whole = b"".join(found.read(name) for name in found.namelist())
    assert b"other" not in whole
    for secret in ("hashed_key", "password", mine.key):
        assert secret.encode() not in whole


def test_members_get_nothing_that_their_pages_do_not_show() -> None:
    """The address of a webhook may hold a secret, and what others keep is their own."""
    tenant = make_tenant("acme")
    make_entry(tenant)
    hidden = [f"{name}.ndjson" for name in ("audit", "invitations", "webhooks", "saved_views")]
    for role, is_in in (("member", False), ("admin", True)):
        client = Client()
        client.force_login(make_user(role, tenant, role))
        names = opened(client.get("/api/ai/export")).namelist()
        assert [name in names for name in hidden] == [is_in] * 4
        assert "members.ndjson" in names


def test_files_are_in_it_under_harmless_names() -> None:
    caller = Caller(make_tenant("acme"))
    job = make_job(caller.tenant)
    make_document(job, "Read.", original=b"%PDF", name="../a\\b: ü.pdf")
    make_job(make_tenant(), text="Theirs")
    found = opened(caller.get("/api/ai/export"))
    with tarfile.open(fileobj=io.BytesIO(found.read("files.tar"))) as packed:
        [member] = packed.getmembers()
        file = packed.extractfile(member)
        assert file
        assert (member.name, file.read()) == (f"{job.pk}/2-_a_b_ ü.pdf", b"%PDF")


def test_texts_come_out_as_they_came_in() -> None:
    caller = Caller(make_tenant("acme"))
    text = 'A "quote",\na lone \ud800 surrogate, a \0 and \u2028.'
    make_job(caller.tenant, text=text)
    [job] = rows(opened(caller.get("/api/ai/export")), "jobs")
    assert job["documents"][0]["text"] == text


def test_what_is_erased_is_not_in_it() -> None:
    caller = Caller(make_tenant("acme"))
    job = make_job(caller.tenant)
    AIJob.objects.filter(pk=job.pk).update(erasing_since=NOW)
    found = opened(caller.get("/api/ai/export"))
    assert rows(found, "jobs") == []


def test_it_is_of_one_moment_whatever_happens_meanwhile() -> None:
    caller = Caller(make_tenant("acme"))
    first = make_job(caller.tenant)
    chunks = everything.archive(caller.tenant, timezone.now())
    begun = next(chunks)
    make_output(first)
    AIJob.objects.update(status="completed", finished_at=NOW)
    make_job(caller.tenant)
    found = zipfile.ZipFile(io.BytesIO(begun + b"".join(chunks)))
    [job] = rows(found, "jobs")
    assert (job["status"], job["result"]) == ("queued", None)


def test_a_slow_reader_keeps_no_moment_for_ever(settings: Any) -> None:
    """PostgreSQL ends the snapshot itself; what is left is read of a later one, and it says so."""
    settings.AIJOBS_EXPORT_SECONDS = 0.2
    caller = Caller(make_tenant("acme"))
    job = make_job(caller.tenant)
    chunks = everything.archive(caller.tenant, timezone.now())
    begun = next(chunks)
    AIJob.objects.update(status="completed", finished_at=NOW)
    time.sleep(0.5)
    found = zipfile.ZipFile(io.BytesIO(begun + b"".join(chunks)))
    assert [one["status"] for one in rows(found, "jobs")] == ["completed"]
    assert len(json.loads(found.read("export.json"))["moments"]) > 1
    assert JobDocument.objects.filter(job=job).exists()


def test_a_snapshot_that_postgresql_ended_is_followed_by_another() -> None:
    with Snapshot(0.1, lambda: 0.0) as snapshot:
        assert snapshot.rows("SELECT %(x)s::int", {"x": 1}) == [(1,)]
        time.sleep(0.4)
        assert snapshot.rows("SELECT %(x)s::int", {"x": 2}) == [(2,)]
        assert len(snapshot.moments) == 2


def test_all_pieces_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aijobs.reading.everything.ROWS", 2)
    monkeypatch.setattr("aijobs.reading.everything.MOST_BYTES", 1_500)
    caller = Caller(make_tenant("acme"))
    jobs = [make_job(caller.tenant) for _ in range(5)]
    found = opened(caller.get("/api/ai/export"))
    assert {one["job_id"] for one in rows(found, "jobs")} == {str(job.pk) for job in jobs}


def test_a_workspace_has_one_export_at_a_time() -> None:
    """Each keeps a connection to PostgreSQL for as long as its reader likes."""
    caller, other = Caller(make_tenant("acme")), Caller(make_tenant("other"))
    make_job(caller.tenant)
    first = caller.get("/api/ai/export")
    chunks = iter(first.streaming_content)  # type: ignore[attr-defined]
    next(chunks)
    second = caller.get("/api/ai/export")
    assert (second.status_code, second["Retry-After"]) == (429, "10")
    assert second.json()["type"] == "/problems/rate-limited"
    # One that was let through at the same moment ends at once.
    with pytest.raises(psycopg.errors.LockNotAvailable):
        next(everything.archive(caller.tenant, timezone.now()))
    opened(other.get("/api/ai/export"))
    assert b"".join(chunks)
    first.close()
    opened(caller.get("/api/ai/export"))


def test_a_viewer_may_not_take_everything() -> None:
    viewer = Caller(make_tenant("acme"), "viewer")
    assert viewer.get("/api/ai/export").status_code == 403


def test_head_sends_no_body() -> None:
    caller = Caller(make_tenant("acme"))
    response = caller.head("/api/ai/export")
    assert (response.status_code, b"".join(response)) == (200, b"")


def test_every_table_of_a_tenant_is_in_it_or_left_out_for_a_reason() -> None:
    left_out = {
        "idempotencykey",  # Answers that were given already.
        "question", "jobinput", "readmark", "rerun", "tag",  # With their jobs.
        "statuscounter", "usagerollup", "reservation", "additiontold", "turn",  # Sums of the rest.
        "tenanttokenratio",  # Learned from charges.
        "upload",  # Waits for a form to be sent, some hours at most.
        "webhookevent",  # What was told of the rest.
        "categoryset", "jobdefaults",  # What forms begin with.
        "mailchoice", "failuretotell",  # What a person wants to hear, and notes for e-mails.
        "rescue",  # What a deadline made of a batch that tenants share.
    }  # fmt: skip
    names = {part.name.replace("_", "").rstrip("s") for part in PARTS} | {"job"}
    same = {"membership": "member", "apikey": "key", "aijob": "job", "ledgerentry": "charge"}
    same["auditentry"] = "audit"
    for label in ("aijobs", "tenants"):
        for model in apps.get_app_config(label).get_models():
            fields = {field.name for field in model._meta.get_fields()}
            name = same.get(model._meta.model_name or "", model._meta.model_name or "")
            if "tenant" in fields:
                assert name in names | left_out, name
